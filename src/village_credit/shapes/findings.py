"""What a finding of a shape is, and how arrays become findings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from village_credit.maps import Fault

FINDINGS = pa.schema(
    [
        ("map", pa.int64()),  # its place among the maps of the delivery
        ("line_number", pa.int32()),  # null: of the map as a whole
        ("reason_code", pa.string()),
        ("value", pa.float64()),
        ("expected", pa.float64()),
        ("unit", pa.string()),
        ("other_map", pa.int64()),
        ("other_line", pa.int32()),
    ]
)

OUTLINES = pa.schema(
    [
        ("village_code", pa.string()),
        ("path", pa.string()),  # of its outer rings, as SVG writes them, in whole units from the upper left corner
        ("width", pa.int64()),  # of the whole drawing, in these units
        ("height", pa.int64()),
    ]
)


def of_lines(place: int, lines: Any, reason_code: str, **columns: Any) -> pa.Table:
    """Return a finding of each line of a map; `columns`: value, expected, unit."""
    count = len(lines)
    given = {"map": np.full(count, place), "line_number": lines, "reason_code": [reason_code] * count, **columns}
    return pa.table(
        [
            pa.array(given[field.name], field.type) if field.name in given else pa.nulls(count, field.type)
            for field in FINDINGS
        ],
        schema=FINDINGS,
    )


def of_map(place: int, fault: Fault) -> pa.Table:
    """Return the finding of a map as a whole."""
    return of_lines(
        place, [None], fault.reason_code, value=[fault.value], expected=[fault.expected], unit=[fault.unit or None]
    )
