"""What a delivered map is, between who reads its bytes and who looks at its shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Kind = Literal["parcels", "villages", ""]  # empty: of neither, or nobody can tell

LINES = pa.schema(
    [
        ("line_number", pa.int32()),
        ("code", pa.string()),  # of the parcel (DKBM), or of the village
        ("area_m2", pa.string()),  # SCMJ as delivered
        ("area_mu", pa.string()),  # SCMJM as delivered
        ("land_class", pa.string()),  # DKLB as delivered
    ]
)


@dataclass(frozen=True)
class Rings:
    """The rings of a map as its .shp has them, in the order of its lines.

    `points`: x and y, a row each; `ring_of_point` and `line_of_ring` count rings from 0 and lines from 1. `empty` are
    lines without a shape, `broken` lines whose shape contradicts itself, `lost` lines whose shape was cut off.
    """

    points: NDArray[np.float64]
    ring_of_point: Whole
    line_of_ring: Whole
    empty: Whole
    broken: Whole
    lost: Whole


@dataclass(frozen=True)
class Fault:
    """What is the matter with a map as a whole: a code of SHAPE_REASONS, with two figures where there are any."""

    reason_code: str
    value: float | None = None
    expected: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class DeliveredMap:
    """A polygon map of parcels or villages as delivered; without `rings` where nobody can say whose shapes they are.

    `package`: the archive, or the folder, that it came in. `projection`: the text of its .prj, empty where it has none.
    `lines`: LINES, deleted ones left out.
    """

    package: str
    file_name: str
    sheet: str
    kind: Kind
    lines: pa.Table
    rings: Rings | None
    projection: str
    faults: tuple[Fault, ...]
