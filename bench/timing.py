"""How long an act takes: seconds and CPU seconds of this process, the median of several laps."""

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


def median_seconds(act: Callable[[], object], times: int) -> tuple[float, float]:
    """Return the median seconds and CPU seconds of an act, after one that is not counted."""
    act()
    taken = []
    for _ in range(times):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        act()
        taken.append((time.perf_counter() - begun, time.process_time() - begun_cpu))
    return median(wall for wall, _ in taken), median(cpu for _, cpu in taken)
