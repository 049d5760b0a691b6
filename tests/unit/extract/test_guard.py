"""A process that fails by itself is never taken for a damaged file: the run stops and says so."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
import xlwt

from village_credit.errors import ReaderFailed
from village_credit.extract import guard
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.guard import survives
from village_credit.extract.read import read_file


def xls() -> bytes:
    book = xlwt.Workbook()
    book.add_sheet("表").write(0, 0, "甲")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_sound_workbook_opens_and_a_damaged_one_does_not():
    assert survives(xls())
    assert not survives(xls()[:3000])


def test_the_child_finds_what_its_parent_found_by_another_path(monkeypatch, tmp_path):
    """The libraries may come by a path that the interpreter itself does not know."""
    bare = tmp_path / "python"
    bare.symlink_to(Path(sys.base_prefix, "bin", f"python3.{sys.version_info[1]}"))
    monkeypatch.setattr(sys, "executable", str(bare))
    assert survives(xls())


def test_a_child_without_its_libraries_stops_the_run_and_blames_no_file(monkeypatch):
    monkeypatch.setattr(sys, "path", [part for part in sys.path if "site-packages" not in part])
    monkeypatch.setattr(sys, "executable", str(Path(sys.base_prefix, "bin", f"python3.{sys.version_info[1]}")))
    with pytest.raises(ReaderFailed, match="did not begin"):
        list(read_file(DeliveredFile("a.xls", xls(), "")))


def test_an_interpreter_that_cannot_be_started_is_our_fault(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ReaderFailed, match="no process"):
        survives(xls())


def ended(monkeypatch, code: int, said: bytes, began: bytes = guard.BEGUN) -> None:
    done = subprocess.CompletedProcess([], code, began + b"\n", said)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)


@pytest.mark.parametrize(
    ("code", "said"), [(-9, b""), (1, b"MemoryError"), (-6, b"memory allocation of 4096 bytes failed")]
)
def test_want_of_memory_is_our_fault(monkeypatch, code, said):
    ended(monkeypatch, code, said)
    with pytest.raises(ReaderFailed, match="memory"):
        survives(xls())


ABSURD = b"memory allocation of 99999999999 bytes failed"


@pytest.mark.parametrize(("code", "said"), [(3, b""), (-6, ABSURD), (-11, b"")])
def test_a_file_that_asks_for_absurdly_much_is_at_fault_itself(monkeypatch, code, said):
    ended(monkeypatch, code, said)
    assert not survives(xls())


def test_want_of_time_is_our_fault(monkeypatch):
    def late(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("python", 120)

    monkeypatch.setattr(subprocess, "run", late)
    with pytest.raises(ReaderFailed, match="longer"):
        survives(xls())
