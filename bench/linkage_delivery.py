"""Linkage of the county delivery that other hands wrote (the tests' own), against what is true of it."""

from __future__ import annotations

import csv
import json
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from village_credit.extract.inbox import pull
from village_credit.ingest.county import take_in
from village_credit.intake import Intake

DELIVERY, COUNTY, AS_OF = Path("tests/delivery"), "653199", date(2026, 11, 1)
REGISTER = ("land_contractor", "land_member", "land_parcel", "land_transfer")
Line = tuple[str, str, int]


def delivery_lines() -> list[tuple[str, str, int, int, int, int, float]]:
    """Return method, list, links, correct, wrong, rows and seconds (of reading it too), for stages 1-2 and for all."""
    begun = time.perf_counter()
    intake = take_in(pull(DELIVERY / "inbox", COUNTY), AS_OF, COUNTY)
    seconds = time.perf_counter() - begun
    homes, true = _homes(), _true_persons()
    counts: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line, link in _links(intake):
        home = homes.get(true.get(line, ""))
        if home is None:
            continue
        for stage in (2, 3):
            for name in (link["contract"], "all lists"):
                found = counts[stage, name]
                found[3] += 1
                if link["unit_code"] and link["stage"] <= stage:
                    found[0] += 1
                    found[1 if link["unit_code"] == home else 2] += 1
    return [
        ("ours, stages 1-2" if stage == 2 else "ours, with stage 3", name, *found, seconds)
        for (stage, name), found in sorted(
            counts.items(), key=lambda item: (item[0][0], item[0][1] == "all lists", item[0][1])
        )
    ]


def _homes() -> dict[str, str]:
    """Return each registered member's household; a person of two registers is left out."""
    truth = json.loads((DELIVERY / "truth.json").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = defaultdict(set)
    for household in truth["households"]:
        if household["registered"]:
            for member in household["members"]:
                found[member["person"]].add(household["cbfbm"])
    return {person: next(iter(codes)) for person, codes in found.items() if len(codes) == 1}


def _true_persons() -> dict[Line, str]:
    with (DELIVERY / "truth_lines.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["file"], row["sheet"], int(row["line_number"])): row["person"].split("/")[-1]
            for row in csv.DictReader(file)
        }


def _links(intake: Intake) -> list[tuple[Line, dict[str, Any]]]:
    """Return each list's links with the line that they stand on."""
    lines: dict[int, Line] = {}
    for row in intake.reconciliation.to_pylist():
        source = intake.sources[row["source_id"]]
        if row["row_id"] is not None:
            lines.setdefault(row["row_id"], (source.file_name, source.sheet, row["line_number"]))
    return [(lines[row["row_id"]], row) for row in intake.links.to_pylist() if row["contract"] not in REGISTER]
