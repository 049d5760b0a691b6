"""What a run leaves on Prefect's page: counts, gates with what they say, and what to do next; nothing personal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pipelines.words import COUNTIES

VERDICTS = ("fail", "warn", "pass")
NO_KEY = re.compile(r"[^a-z0-9]+")


def leave_run(run: dict[str, Any]) -> None:
    """Leave a staged run's page: `run` as `score --json` says it."""
    create_markdown_artifact(run_text(run), key=f"county-{run['county']}", description=f"run {run['run_id']}")


def leave_night(rows: Sequence[dict[str, str]]) -> None:
    """Leave a night's table: one row a county."""
    create_table_artifact(list(rows), key="night", description="each county of the inbox, those that failed first")


def leave_difference(county_code: str, changes: Sequence[dict[str, Any]], against: str) -> None:
    """Leave what a dry run would change, by kind of change."""
    rows = [{name: line[name] for name in ("change", "households", "before_yuan", "after_yuan")} for line in changes]
    create_table_artifact(rows, key=f"dry-run-{county_code}", description=f"against {against}")


def run_text(run: dict[str, Any]) -> str:
    """Write a staged run: counts, gates with failed ones first, and the command that comes next."""
    counts, gates = run["counts"], sorted(run["gates"], key=lambda gate: VERDICTS.index(gate["verdict"]))
    failed = [gate["gate"] for gate in gates if gate["verdict"] == "fail"]
    households = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts["households"].items())
    lines = ", ".join(f"{name} {count:,}" for name, count in counts["lines"].items())
    return "\n".join(
        [
            f"# County {COUNTIES.get(run['county'], run['county'])} as of {run['as_of']}",
            (
                f"Run `{run['run_id']}` {'was there already' if run['noop'] else 'is staged'}: {households} of "
                f"{counts['registered']:,} registered households, {run['sum_limit_yuan']:,} yuan."
            ),
            f"Lines: {lines}. Tables that were rejected or that nobody knows: {len(run['rejected']):,}.",
            "",
            "| verdict | gate | value | threshold |",
            "|---|---|---|---|",
            *(f"| {g['verdict']} | {g['gate']} | {_value(g['value'])} | {_cell(g['threshold'])} |" for g in gates),
            "",
            (
                f"Next: `village-credit report {run['run_id']}`, then `village-credit approve {run['run_id']} "
                f"--by NAME --reason TEXT{''.join(f' --override {gate}=WHY' for gate in failed)}`."
            ),
        ]
    )


def _value(value: float | None) -> str:
    return "missing" if value is None else format(value, ",.4g")


def _cell(text: str) -> str:
    return text.replace("|", "/")
