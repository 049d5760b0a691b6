"""Run the whole suite, say what this machine leaves out, and how long it took."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

NEEDS = {  # marker: the program, and what is not shown without it
    "browser": ("chromium", "Chromium is not installed: the report is not looked at"),
    "office": ("soffice", "LibreOffice is not installed: no workbook of its making is read"),
    "age": ("age", "age is not installed: what is sealed is opened by the library that sealed it alone"),
    "mdbtools": ("mdb-export", "mdbtools is not installed: no Access database is read"),
}


def main() -> int:
    begun = time.perf_counter()
    left_out = {mark: why for mark, (program, why) in NEEDS.items() if not shutil.which(program)}
    if os.geteuid():
        left_out["root"] = "only root makes users of the machine: roles are not tried with real ones"
    for mark, why in left_out.items():
        print(f"left out on this machine: {mark} ({why})")
    if left_out and os.environ.get("VILLAGE_CREDIT_REQUIRE_ALL"):
        print("VILLAGE_CREDIT_REQUIRE_ALL is set: a part that users would have is absent")
        return 1
    for name in ("OMP_NUM_THREADS", "VILLAGE_CREDIT_THREADS"):
        os.environ.setdefault(name, "1")  # two processes on two cores: threads of their own would only wait
    marks = " and ".join(["not system", *(f"not {mark}" for mark in left_out)])
    codes = [
        subprocess.call([sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", marks]),
        subprocess.call([sys.executable, "-m", "pytest", "-q", "-m", "system"]),
    ]
    print(f"the suite took {time.perf_counter() - begun:.0f} s")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
