"""Households above the authority ladder as a workbook that somebody signs in, and what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from village_credit.policy.authority_ladder import AGREE, REFUSE
from village_credit.workbooks.decision_workbook import VERDICT_HEADER, Book, read_of_run, write_book

SHEET = "额度签批"
OPINION_HEADER, HOUSEHOLD_HEADER = "意见", "农户编号"
SHOWN_HEADERS = ("姓名", "村", "产品", "授信额度(元)", "超过(元)", "签批角色", HOUSEHOLD_HEADER)
HEADERS = (VERDICT_HEADER, OPINION_HEADER, *SHOWN_HEADERS)
VERDICTS_ZH = {"同意": AGREE, "不同意": REFUSE}
WIDTHS = (12, 30, 18, 24, 18, 14, 14, 22, 34)


@dataclass(frozen=True)
class Case:
    """A household above the ladder as whoever signs sees it; amounts in whole yuan."""

    household_key: str
    name: str
    village: str
    product: str
    limit_yuan: int
    above_yuan: int
    role: str

    def cells(self) -> tuple[str | int, ...]:
        """Return the cells under SHOWN_HEADERS."""
        return self.name, self.village, self.product, self.limit_yuan, self.above_yuan, self.role, self.household_key


@dataclass(frozen=True)
class Row:
    """A row read back: the verdict, and the cells that were not the person's to change; `number` is where."""

    number: int
    verdict: str
    household_key: str
    shown: tuple[str, ...]


def signatures_workbook(run_id: str, as_of: str, cases: list[Case]) -> bytes:
    """Write the workbook; the same cases give the same bytes."""
    note = (
        f"“{VERDICT_HEADER}”列选择：{'、'.join(VERDICTS_ZH)}；空白视为尚未签批。"
        f"不同意的农户下次评分不予授信。请勿改动其他列。含个人信息，用后销毁。"
    )
    book = Book(
        SHEET,
        f"{SHEET}：运行 {run_id}，截至 {as_of}，单位：元",
        note,
        as_of,
        HEADERS,
        WIDTHS,
        tuple(VERDICTS_ZH),
        to_fill=2,
    )
    return write_book(book, [case.cells() for case in cases])


def read_signings(path: Path) -> tuple[str, list[Row]]:
    """Read of which run the workbook is, and its rows.

    Raises UsageError where it is not what `authority export` wrote.
    """
    run_id, rows = read_of_run(path, SHEET, HEADERS, "authority export")
    return run_id, [
        Row(number, cells[VERDICT_HEADER], cells[HOUSEHOLD_HEADER], _shown(cells)) for number, cells in rows
    ]


def _shown(cells: dict[str, str]) -> tuple[str, ...]:
    return tuple(cells[header] for header in SHOWN_HEADERS)
