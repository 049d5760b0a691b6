"""frictionless on the same files, in its own environment: `python bench/intake_peers.py csv|xlsx FOLDER`."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from frictionless import Detector, Dialect, Resource, Schema, system
from frictionless.formats import ExcelControl

NUMBER = {"type": "number", "constraints": {"minimum": 0}}
FIELDS = [
    {"name": "年度", "type": "integer", "constraints": {"required": True, "minimum": 1900, "maximum": 2099}},
    {"name": "姓名", "type": "string", "constraints": {"required": True, "maxLength": 50}},
    {"name": "身份证号", "type": "string", "constraints": {"required": True, "pattern": "[0-9]{17}[0-9X]"}},
    {"name": "所在村", "type": "string", "constraints": {"required": True}},
    {"name": "所在组", "type": "string"},
    {"name": "承包地面积(亩)", **NUMBER},
    {"name": "流转出面积(亩)", **NUMBER},
    {"name": "代耕代种面积(亩)", **NUMBER},
    {"name": "实际补贴面积(亩)", **NUMBER},
    {"name": "实发金额(元)", **NUMBER},
]


def main(kind: str, folder: Path) -> None:
    """Validate a file by types, patterns and ranges; the check digit and the units are beyond it."""
    schema = Schema.from_descriptor({"fields": FIELDS})
    options = (
        {"encoding": "gb18030"} if kind == "csv" else {"dialect": Dialect(controls=[ExcelControl(stringified=True)])}
    )
    with system.use_context(trusted=True):
        resource_ = Resource(path=str(folder / f"table.{kind}"), schema=schema, detector=Detector(), **options)
        begun = time.process_time()
        report = resource_.validate(limit_errors=1_000_000)
        seconds = time.process_time() - begun
    task = report.tasks[0]
    print(
        json.dumps(
            {
                "validate": seconds,
                "errors": len(task.errors),
                "rows": task.stats["rows"],
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
