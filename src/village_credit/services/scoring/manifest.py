"""What a run was made of and what came out, as its manifest says it."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from village_credit import __version__
from village_credit.code_version import FORMATS
from village_credit.ingest.county import outcome_counts
from village_credit.intake import Intake, Source
from village_credit.link import RULES_VERSION
from village_credit.policy.quorum import quorum, quorum_kept
from village_credit.services.rules import Request, Rules
from village_credit.services.scoring.snapshot import parts_kept

LIBRARIES = ("duckdb", "pyarrow")  # what computes the rows and writes them


def manifest_of(
    intake: Intake,
    tables: dict[str, pa.Table],
    request: Request,
    rules: Rules,
    parts: dict[str, Any],
    maps: list[tuple[str, str, str]],
    names: dict[str, str],
) -> dict[str, Any]:
    """Say what the run was made of and what came out: a function of the inputs, without a clock or a name.

    `maps`: file, sheet and kind of each map that shapes came in; `names`: how files are told whose names name somebody.
    """
    decisions = tables["decisions"]
    granted = decisions.filter(pc.equal(decisions.column("decision"), "granted"))
    households = dict(sorted(Counter(decisions.column("decision").to_pylist()).items()))
    return {
        "format": FORMATS["run"],
        "county_code": request.county_code,
        "as_of": request.as_of.isoformat(),
        "product": request.product,
        "inputs": [{"file_name": names.get(name, name), "sha256": sha256} for name, sha256 in parts["inputs"]],
        "versions": _versions(rules, parts["code"]),
        "libraries": {name: version(name) for name in LIBRARIES},
        "pseudonym_key": parts["pseudonym_key"],
        "quorum": quorum_kept(quorum(rules.policy.in_force(request.as_of, request.county_code))),
        **parts_kept(parts),
        "counts": {
            "lines": outcome_counts(intake),
            "households": households,
            "registered": intake.facts["households"].num_rows,
        },
        "sum_limit_yuan": pc.sum(granted.column("limit_yuan")).as_py() or 0,
        "gates": dict(sorted(Counter(tables["gates"].column("verdict").to_pylist()).items())),
        "hidden_names": len(names),
        "sources": [_source(source) for source in intake.sources],
        "shapes": parts["shapes"] and {**parts["shapes"], "maps": [_map(*named) for named in maps]},
    }


def _map(file_name: str, sheet: str, kind: str) -> dict[str, str]:
    return {"file_name": file_name, "sheet": sheet, "kind": kind}


def _versions(rules: Rules, code_sha256: str) -> dict[str, str]:
    return {
        "policy": rules.policy_name,
        "policy_sha256": rules.policy_sha256,
        "scorecard": rules.scorecard.model_id,
        "scorecard_sha256": rules.scorecard_sha256,
        "county_terms_sha256": rules.terms_sha256,
        "linkage": RULES_VERSION,
        "code": __version__,
        "code_sha256": code_sha256,
    }


def _source(source: Source) -> dict[str, Any]:
    """Say what became of one delivered table."""
    return {
        "file_name": source.file_name,
        "sheet": source.sheet,
        "contract": source.contract,
        "office": source.office,
        "lines": source.total_lines,
        "is_copy": source.is_copy,
        "rejected": list(source.rejected) if source.rejected else None,
        "notes": [list(note) for note in source.notes],
        "dropped_columns": _dropped(source.dropped_columns),
        "units": source.units,
        "changed_cells": source.changes,
    }


def _dropped(columns: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Name dropped columns by why; undeclared ones by count only, for their headers may hold anything."""
    found: dict[str, list[str]] = {}
    for header, why in columns:
        found.setdefault(why, []).append(header if why != "undeclared" else "*")
    return dict(sorted(found.items()))
