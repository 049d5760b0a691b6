"""Whether this machine can look at shapes, and with which versions of what: asked without failing where it cannot."""

from __future__ import annotations

import importlib
from functools import cache


@cache
def looking_library() -> dict[str, str] | None:
    """Return the versions that a finding may hang on; None where the extra `shapes` is not installed."""
    try:
        shapely = importlib.import_module("shapely")
    except ImportError:
        return None
    return {"shapely": str(shapely.__version__), "geos": str(shapely.geos_version_string)}
