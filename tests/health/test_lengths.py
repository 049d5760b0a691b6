"""Functions stay short: median and 90th percentile of a room's bodies in lines of code."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

MEDIAN, NINTH_DECILE = 8, 25
SOURCE = ROOT / "src" / "village_credit"


def code_lines(function: ast.FunctionDef, lines: list[str]) -> int:
    """Lines of a function's body that hold code."""
    has_docstring = ast.get_docstring(function) is not None
    body = function.body[1:] if has_docstring else function.body
    inside = range(body[0].lineno, (function.end_lineno or 0) + 1) if body else ()
    return sum(1 for number in inside if (text := lines[number - 1].strip()) and not text.startswith("#"))


def functions_of(path: Path) -> Iterator[int]:
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            yield code_lines(node, text.split("\n"))


def lengths() -> dict[str, list[int]]:
    """Code lines of every function by room: a folder of the package, each service apart, or the ground."""
    rooms: dict[str, list[int]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        folders = path.relative_to(SOURCE).parts[:-1]
        rooms.setdefault("/".join(folders) or "ground", []).extend(functions_of(path))
    return {room: sorted(found) for room, found in rooms.items() if found}


def ninth_decile(found: list[int]) -> int:
    return found[min(len(found) - 1, int(0.9 * len(found)))]


def test_no_room_has_functions_that_are_long_to_read():
    long = {
        room: (statistics.median(found), ninth_decile(found))
        for room, found in lengths().items()
        if statistics.median(found) > MEDIAN or ninth_decile(found) > NINTH_DECILE
    }
    assert long == {}


if __name__ == "__main__":
    for name, counted in lengths().items():
        middle, most = statistics.median(counted), ninth_decile(counted)
        print(f"{name:<24} {len(counted):>4} functions  median {middle:>4}  p90 {most:>3}")
