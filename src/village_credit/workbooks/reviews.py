"""Households in manual review as a workbook that a person decides in, and what the person wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from village_credit.workbooks.decision_workbook import VERDICT_HEADER, Book, read_of_run, write_book

SHEET = "授信复核"
AMOUNT_HEADER, OPINION_HEADER, HOUSEHOLD_HEADER = "核定额度(元)", "意见", "农户编号"
INCOME_HEADER, KIND_HEADER, EVIDENCE_HEADER, DAY_HEADER = "核实年净收入(元)", "收入类别", "依据编号", "核实日期"
FACT_HEADERS = (INCOME_HEADER, KIND_HEADER, EVIDENCE_HEADER, DAY_HEADER)
KINDS_ZH = {"务工": "wages", "经营": "trade", "养殖": "livestock", "种植": "crops"}
TRIED_HEADER = "核实年经营收入3万/6万/12万元时可授信(元)"
TRIED_YUAN = (30_000, 60_000, 120_000)
SHOWN_HEADERS = ("姓名", "村", "产品", "复核原因", "模型额度(元)", "政策额度(元)", "建议额度(元)", HOUSEHOLD_HEADER)
NEEDED_HEADERS = (VERDICT_HEADER, AMOUNT_HEADER, OPINION_HEADER, *SHOWN_HEADERS)
HEADERS = (VERDICT_HEADER, AMOUNT_HEADER, OPINION_HEADER, *FACT_HEADERS, *SHOWN_HEADERS, TRIED_HEADER)
GRANT, DECLINE, KEEP, HOLDOUT = "grant", "decline", "keep", "holdout"
VERDICTS_ZH = {"授信": GRANT, "不授信": DECLINE, "维持复核": KEEP}
WIDTHS = (12, 14, 30, 16, 10, 20, 13, 18, 24, 18, 44, 14, 14, 14, 34, 26)
MOST_DIGITS = 18
_AMOUNT = re.compile(r"[0-9]{1,3}(?:[,，]?[0-9]{3})*|[0-9]+")


@dataclass(frozen=True)
class Case:
    """A household in review as a person sees it; amounts in whole yuan."""

    household_key: str
    name: str
    village: str
    product: str
    reasons: str
    model_limit_yuan: int
    review_limit_yuan: int
    tried: str = ""  # where an income is lacking: what would be granted were it so and so much

    def cells(self) -> tuple[str | int, ...]:
        """Return the cells under SHOWN_HEADERS and what was tried; suggested is the most that may be granted."""
        return (
            self.name,
            self.village,
            self.product,
            self.reasons,
            self.model_limit_yuan,
            self.review_limit_yuan,
            self.review_limit_yuan,
            self.household_key,
            self.tried,
        )


@dataclass(frozen=True)
class Row:
    """A row read back: what the person wrote, and the cells that were not the person's to change; `number` is where."""

    number: int
    verdict: str
    amount: str
    household_key: str
    shown: tuple[str, ...]
    fact: tuple[str, ...] = ()  # under FACT_HEADERS, as written; empty: the workbook has no such columns

    @property
    def amount_yuan(self) -> int | None:
        """Return the amount in whole yuan; None where the cell is no whole number."""
        return whole_yuan(self.amount)


def whole_yuan(text: str) -> int | None:
    """Read whole yuan as people write them, 120,000 too; None where it is no whole number or has too many digits."""
    return int(re.sub("[,，]", "", text)) if len(text) <= MOST_DIGITS and _AMOUNT.fullmatch(text) else None


def reviews_workbook(run_id: str, as_of: str, cases: list[Case]) -> bytes:
    """Write the workbook of a run's cases; the same cases give the same bytes."""
    note = (
        f"“{VERDICT_HEADER}”列选择：{'、'.join(VERDICTS_ZH)}；空白视为维持复核。授信须填“{AMOUNT_HEADER}”，"
        f"不超过政策额度。缺收入的，授信时填“{'、'.join(FACT_HEADERS)}”四列（收入类别：{'、'.join(KINDS_ZH)}），"
        f"下次评分据此计算额度，所填额度只能调低。请勿改动其他列。含个人信息，用后销毁。"
    )
    book = Book(
        SHEET,
        f"{SHEET}：运行 {run_id}，截至 {as_of}，单位：元",
        note,
        as_of,
        HEADERS,
        WIDTHS,
        tuple(VERDICTS_ZH),
        to_fill=3 + len(FACT_HEADERS),
    )
    return write_book(book, [case.cells() for case in cases])


def read_cases(path: Path) -> tuple[str, list[Row]]:
    """Read of which run the workbook is, and its rows.

    Raises UsageError where it is not what `reviews export` wrote.
    """
    run_id, rows = read_of_run(path, SHEET, NEEDED_HEADERS, "reviews export", FACT_HEADERS)
    return run_id, [_row(number, cells) for number, cells in rows]


def _row(number: int, cells: dict[str, str]) -> Row:
    fact = tuple(cells.get(header, "") for header in FACT_HEADERS)
    verdict, amount, household = (cells[header] for header in (VERDICT_HEADER, AMOUNT_HEADER, HOUSEHOLD_HEADER))
    return Row(number, verdict, amount, household, _shown(cells), fact)


def _shown(cells: dict[str, str]) -> tuple[str, ...]:
    return tuple(cells[header] for header in SHOWN_HEADERS)
