"""How long an act takes: CPU seconds of this process, the median of several laps."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median


def cpu_seconds(act: Callable[[], object], times: int) -> float:
    """Return the median CPU seconds of an act done several times."""
    laps = []
    for _ in range(times):
        begun = time.process_time()
        act()
        laps.append(time.process_time() - begun)
    return median(laps)
