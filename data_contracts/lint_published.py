"""Lint every standard file in one process, and compare a contract's versions; runs in the tool's own environment.

`python -m data_contracts.lint_published FOLDER`: exit 1 where the tool rejects a file, each finding on a line.
Needs no network: the tool brings the schemas of its versions along.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(folder: Path) -> int:
    """Lint each `*.odcs.yaml` below a folder."""
    from datacontract.data_contract import DataContract  # noqa: PLC0415  # only the tool's environment has it

    files = sorted(folder.glob("*/*/*.odcs.yaml"))
    faults = 0
    for path in files:
        run = DataContract(data_contract_file=str(path)).lint()
        for check in run.checks:
            if str(check.result) != "passed" and getattr(check.result, "value", "") != "passed":
                faults += 1
                print(f"{path}: {check.name}: {check.reason}")
    print(f"{len(files)} standard files, {faults} findings")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
