# village-credit: `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COUNTY ?= 659900
AS_OF ?= 2026-11-01
INBOX ?= build/inbox
STORE ?= warehouse
FILES ?= 2700
TIMES ?= 300
PAIRS ?= 90
COUNTIES ?= 200
SEED ?= 1
# whether a candidate is what is shipped, but for the signatures
SAME := import json, pathlib; one, two = (json.loads(next(pathlib.Path(f).glob('*.scorecard.json')).read_text())['content_sha256'] for f in ('build/candidate', 'models')); print('its content is', 'that' if one == two else 'another than that', 'of the scorecard in models/')
# services do not know the command line, so its grammar is handed to them here
DOCS := from pathlib import Path; from village_credit import cli; from village_credit.services import reference; reference.write(Path('docs/reference'), cli.parser(), Path('models'))

.DEFAULT_GOAL := help
# behind links: that of an activated .venv is the one that made it
WHICH_PYTHON = $(PYTHON) -c "import os, sys; print(os.path.realpath(sys.executable), sys.version)"

.PHONY: FORCE help run test lint secrets sbom audit bench bench-against bench-model versions fuzz kills disks contracts contracts-lint serve notebook score rescore train docs lock clean

$(VENV)/.made-by: FORCE
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('$(PYTHON) is Python ' + sys.version.split()[0] + ', and this needs 3.11 or later: make PYTHON=python3.11 TARGET')"
	@mkdir -p $(VENV)
	@test -f $@ || touch $@  # cmp ends at once where there is nothing to compare, and breaks the pipe
	@$(WHICH_PYTHON) | cmp -s - $@ || $(WHICH_PYTHON) > $@

FORCE:

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-15s %s\n", $$1, $$2}'

# an environment of another interpreter is made anew; one that is too old is told so before anything is
$(STAMP): requirements.lock pyproject.toml $(VENV)/.made-by
	$(PYTHON) -m venv --clear $(VENV)
	@$(WHICH_PYTHON) > $(VENV)/.made-by
	# the lock is complete, so nothing is resolved here: --no-deps, and `pip check` says whether it fits together
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	@touch $@

run: $(STAMP) ## an empty folder to a published synthetic county, with a summary
	$(BIN)/python -m village_credit.demo

test: $(STAMP) ## the whole test suite; names what this machine leaves out
	$(BIN)/python -m tests.suite

lint: $(STAMP) ## style, types and the walls between stages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# tools of an environment of their own: nothing of them stands beside the keys
.venv-supply/.installed: supply/tools.lock
	$(PYTHON) -m venv .venv-supply
	.venv-supply/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r supply/tools.lock
	@touch $@

secrets: .venv-supply/.installed ## keys, tokens and ID numbers in tracked files that nobody explained; no network
	.venv-supply/bin/python -m supply.secrets

sbom: $(STAMP) .venv-supply/.installed ## the list of what is in the lock, with licences and hashes (CycloneDX), into build/sbom.cdx.json; no network
	.venv-supply/bin/python -m supply.sbom requirements.lock $(wildcard $(VENV)/lib/python3.*/site-packages) build/sbom.cdx.json

audit: .venv-supply/.installed ## what is known against the lock's packages: vulnerabilities, versions taken back; needs the network
	.venv-supply/bin/python -m supply.audit requirements.lock
	.venv-supply/bin/python -m supply.audit supply/tools.lock

bench: $(STAMP) .venv-bench/.installed .venv-splink/.installed .venv-optbinning/.installed ## the whole path, budgets, intake, an office's check, a simulation and the region's page, as ratios to a floor measured in the same run; what a change costs; linkage against truth; scorecards beside others; parcels' shapes; a ledger; a million decisions published; two years of statistics; a vault's new key
	$(BIN)/python -m bench.path
	$(BIN)/python -m bench.again
	$(BIN)/python -m bench.province
	$(BIN)/python -m bench.budgets
	$(BIN)/python -m bench.intake
	$(BIN)/python -m bench.check
	$(BIN)/python -m bench.linkage
	$(BIN)/python -m bench.model
	$(BIN)/python -m bench.simulate
	$(BIN)/python -m bench.region
	$(BIN)/python -m bench.shapes
	$(BIN)/python -m bench.ledger
	$(BIN)/python -m bench.publish
	$(BIN)/python -m bench.months
	$(BIN)/python -m bench.rewrap

bench-against: $(STAMP) ## the whole path beside that of another commit, in turns (COMMIT=…, HOUSEHOLDS=20000)
	$(BIN)/python -m bench.against $(COMMIT) $(if $(HOUSEHOLDS),--households $(HOUSEHOLDS))

bench-model: $(STAMP) .venv-optbinning/.installed ## scorecards on every CSV of DATA (target column `bad`), beside optbinning, explainable boosting and gradient boosting (SLOW=1: pairs and splines too)
	-@$(MAKE) --no-print-directory .venv-additive/.installed
	$(BIN)/python -m bench.model $(if $(DATA),--data $(DATA)) $(if $(SLOW),--slow)

# peers to compare with, each in an environment of its own
.venv-bench/.installed: bench/frictionless.lock
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/frictionless.lock
	@touch $@

.venv-splink/.installed: bench/splink.lock
	$(PYTHON) -m venv .venv-splink
	.venv-splink/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/splink.lock
	@touch $@

.venv-optbinning/.installed: bench/optbinning.lock
	$(PYTHON) -m venv .venv-optbinning
	.venv-optbinning/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/optbinning.lock
	@touch $@

.venv-additive/.installed: bench/additive.lock
	$(PYTHON) -m venv .venv-additive
	.venv-additive/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/additive.lock
	@touch $@

versions: $(STAMP) ## one county's tables under several versions of DuckDB and Arrow, compared by the hash of their rows, and a run verified
	$(BIN)/python -m tests.versions

kills: $(STAMP) ## every verb killed at steps on the file system, and given twice at once; what is left is looked at (TIMES=300, PAIRS=90)
	$(BIN)/python -m tests.kills --times $(TIMES) --pairs $(PAIRS) --seed $(SEED)

fuzz: $(STAMP) ## FILES hostile files of SEED: none may crash, hang, lose a line or pass without a reason; COUNTIES with a damaged list: none may grant more
	$(BIN)/python -m tests.fuzz --files $(FILES) --counties $(COUNTIES) --seed $(SEED)

disks: $(STAMP) ## every writing verb on disks with little room, then a read-only one and another user (as root)
	$(BIN)/python -m tests.disks

serve: $(STAMP) ## a local Prefect server with the deployments and a worker
	$(BIN)/python -m pipelines.serve

notebook: $(STAMP) ## a manager's questions as a notebook on STORE, on this machine alone
	VILLAGE_CREDIT_STORE=$(STORE) $(BIN)/marimo edit --host 127.0.0.1 --skip-update-check docs/notebooks/manager.py

score: $(STAMP) ## score INBOX for COUNTY as of AS_OF into STORE
	$(BIN)/village-credit score --store $(STORE) --inbox $(INBOX) --county $(COUNTY) --as-of $(AS_OF)

rescore: $(STAMP) ## score COUNTY again from its frozen inputs
	$(BIN)/village-credit rescore --store $(STORE) --county $(COUNTY)

train: $(STAMP) ## the synthetic history, and a candidate scorecard from it, in build/candidate
	$(BIN)/village-credit synthesize --out build/training/inbox --county 659900 --villages 40 --households 16000 --seed 11 --as-of 2026-11-01 --history
	$(BIN)/village-credit train --county 659900 --model-id synthetic-2026.1 --valid-from 2026-01-01 --out build/candidate $(foreach day,2023-11-01 2024-11-01 2025-11-01,--history build/training/history/$(day))
	@$(BIN)/python -c "$(SAME)"

contracts: $(STAMP) ## what offices are handed, into data_contracts/published
	$(BIN)/village-credit contracts

contracts-lint: $(STAMP) .venv-contracts/.installed ## the standard files judged by the standard's own tool
	.venv-contracts/bin/python -m data_contracts.lint_published data_contracts/published

# a tool of its own environment: its pin of DuckDB is not ours
.venv-contracts/.installed: data_contracts/datacontract.lock
	$(PYTHON) -m venv .venv-contracts
	.venv-contracts/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r data_contracts/datacontract.lock
	@touch $@

docs: $(STAMP) ## the reference pages, from the code, into docs/reference
	$(BIN)/python -c "$(DOCS)"

lock: $(STAMP) ## resolve requirements.lock and supply/tools.lock anew (names, versions, hashes; no addresses)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11 --all-extras --group dev pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11 supply/tools.in --output-file supply/tools.lock

clean: ## remove what was built, not the store
	rm -rf build $(VENV) .venv-contracts .venv-bench .venv-splink .venv-optbinning .venv-additive .venv-supply .mypy_cache .ruff_cache .import_linter_cache .hypothesis
