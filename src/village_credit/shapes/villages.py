"""Parcels that lie outside the village that their code names, by the outlines delivered with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]


def joined(codes: list[str], shapes: Shapes) -> dict[str, Any]:
    """Return each village's outline, prepared to be asked often; one that is drawn in parts is joined."""
    names, places = np.unique(np.array(codes, np.object_), return_inverse=True)
    found = {name: shapely.union_all(shapes[places == at]) for at, name in enumerate(names)}
    for outline in found.values():
        shapely.prepare(outline)
    return found


def shares_inside(shapes: Shapes, villages: list[str | None], outlines: dict[str, Any]) -> NDArray[np.float64]:
    """Return the share of each shape that lies in its village; not a number where no outline of it was delivered."""
    own = np.array([outlines.get(village or "") for village in villages], np.object_)
    share = np.full(len(shapes), np.nan)
    known = np.flatnonzero(~np.asarray(shapely.is_missing(own)))
    share[known] = 1.0
    over = known[~np.asarray(shapely.covers(own[known], shapes[known]))]  # few: the prepared outline answers for most
    share[over] = shapely.area(shapely.intersection(shapes[over], own[over])) / shapely.area(shapes[over])
    return share
