"""Households that may have changed their code as a workbook that a person decides in, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from village_credit.workbooks.decision_workbook import VERDICT_HEADER, Book, read_of_run, write_book

SHEET = "承继核实"
GONE_HEADER, OWN_HEADER = "原户编号", "现户编号"
SHOWN_HEADERS = (
    "原户代表",
    "原承包方编码",
    "原授信额度(元)",
    "已用信(元)",
    "现户代表",
    "现承包方编码",
    "相同证件(人)",
    "含原借款人",
    GONE_HEADER,
    OWN_HEADER,
)
HEADERS = (VERDICT_HEADER, *SHOWN_HEADERS)
SAME, OTHER = "same", "other"
VERDICTS_ZH = {"承继": SAME, "无关": OTHER}
WIDTHS = (12, 22, 22, 14, 14, 22, 22, 12, 12, 34, 34)


@dataclass(frozen=True)
class Case:
    """A household that is gone and one that may be its successor, as whoever decides sees them; whole yuan."""

    from_key: str
    own_key: str
    gone_name: str
    gone_code: str
    limit_yuan: int
    drawn_yuan: int
    new_name: str
    new_code: str
    shared: int
    holds_borrower: bool

    def cells(self) -> tuple[str | int, ...]:
        """Return the cells under SHOWN_HEADERS."""
        gone = self.gone_name, self.gone_code, self.limit_yuan, self.drawn_yuan
        new = self.new_name, self.new_code, self.shared, "是" if self.holds_borrower else "否"
        return *gone, *new, self.from_key, self.own_key


@dataclass(frozen=True)
class Row:
    """A row read back: the verdict as written, and the pair that it is of; `number` is where."""

    number: int
    verdict: str
    from_key: str
    own_key: str


def successors_workbook(run_id: str, as_of: str, cases: list[Case]) -> bytes:
    """Write the workbook; the same cases give the same bytes."""
    note = (
        f"“{VERDICT_HEADER}”列选择：{'、'.join(VERDICTS_ZH)}；空白视为待查。承继：现户接续原户的额度、期限、暂停与欠款；"
        f"拆分时由原借款人所在户接续。请勿改动其他列。含个人信息，用后销毁。"
    )
    heading = f"{SHEET}：运行 {run_id}，截至 {as_of}，单位：元"
    book = Book(SHEET, heading, note, as_of, HEADERS, WIDTHS, tuple(VERDICTS_ZH))
    return write_book(book, [case.cells() for case in cases])


def read_successors(path: Path) -> tuple[str, list[Row]]:
    """Read of which run the workbook is, and its rows.

    Raises UsageError where it is not what `successors review` wrote.
    """
    run_id, rows = read_of_run(path, SHEET, HEADERS, "successors review")
    return run_id, [Row(n, cells[VERDICT_HEADER], cells[GONE_HEADER], cells[OWN_HEADER]) for n, cells in rows]
