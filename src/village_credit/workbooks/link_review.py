"""Doubtful links as a workbook that a person decides in, and the decisions read back from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from village_credit.errors import UsageError
from village_credit.workbooks.decision_workbook import VERDICT_HEADER, Book, columns_of, read_book, write_book

SHEET, SAMPLE_SHEET = "关联复核", "关联抽查"
KEY_HEADER, HOUSEHOLD_HEADER = "记录编号", "候选农户"
NEEDED_HEADERS = (VERDICT_HEADER, KEY_HEADER, HOUSEHOLD_HEADER)
HEADERS = (
    VERDICT_HEADER,
    "部门",
    "表",
    "文件",
    "行号",
    "姓名（来表）",
    "证件号码（来表）",
    "村组（来表）",
    "户内成员（登记簿）",
    "村组（登记簿）",
    "依据",
    "姓名一致程度",
    "得分(bit)",
    "与次优之差(bit)",
    KEY_HEADER,
    HOUSEHOLD_HEADER,
)
VERDICTS_ZH = {"同一户": "same", "不是同一户": "other"}
UNDECIDED = "待查"
PASSES_ZH = {
    "id_and_name": "证件号码相同，姓名相符",
    "id_and_member": "证件号码相同，姓名为户内他人",
    "id_only": "证件号码相同（该表无姓名）",
    "repaired_id": "证件号码经修复（表格软件损坏）",
    "masked_id": "证件号码经修复（部分隐去）",
    "mistyped_id": "证件号码经修复（录入错误）",
    "id_without_name": "证件号码相同，姓名不符",
    "id_name_next_door": "证件号码相同，姓名更像同村另一户的人",
    "id_of_two_households": "证件号码登记在两户（每户一行，至多一户为同一户）",
    "name_and_village": "村内姓名相同且唯一",
    "scored": "村内多项相符",
    "taken": "该户（人）在本表已有按证件关联的记录",
    "tie": "另有相近的户或记录，未能区分",
}
AGREEMENTS_ZH = {
    "equal": "相同",
    "sound": "同音",
    "skeleton": "音近（异译）",
    "father": "一方缺父名",
    "reordered": "次序不同",
    "cut": "被截断",
    "similar": "相近",
    "different": "不符",
    "member": "与户内他人相符",
    "no_name": "无姓名",
}
_RUN = re.compile(f"(?:{SHEET}|{SAMPLE_SHEET})：运行 ([a-z0-9-]+)，(?:每项至多 ([0-9]+) 条，)?")


@dataclass(frozen=True)
class Doubt:
    """One doubtful link as a person sees it, in the order of HEADERS after the verdict."""

    cells: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What a person wrote: `verdict` is same or other; `row` is where."""

    record_key: str
    household_key: str
    verdict: str
    row: int


def review_workbook(run_id: str, as_of: str, doubts: list[Doubt], sample_size: int = 0) -> bytes:
    """Write the workbook, of doubtful links or (`sample_size`) of drawn ones; the same links give the same bytes."""
    title = SAMPLE_SHEET if sample_size else SHEET
    size = f"每项至多 {sample_size} 条，" if sample_size else ""
    book = Book(
        title,
        f"{title}：运行 {run_id}，{size}截至 {as_of}",
        f"请在“{VERDICT_HEADER}”列选择：{'、'.join(VERDICTS_ZH)}、{UNDECIDED}；空白视为{UNDECIDED}。请勿改动其他列。含个人信息，用后销毁。",
        as_of,
        HEADERS,
        (12, 10, 12, 28, 7, 18, 22, 18, 40, 18, 22, 14, 9, 12, 30, 30),
        (*VERDICTS_ZH, UNDECIDED),
    )
    return write_book(book, [doubt.cells for doubt in doubts])


def read_decisions(path: Path) -> tuple[str, int, list[Decision]]:
    """Read of which run it is, how large a sample (0: doubtful links), and what was decided.

    Raises UsageError, with the row, where a word is none of those offered.
    """
    rows = read_book(path, (SHEET, SAMPLE_SHEET))
    run = _RUN.search(rows[0][0]) if rows and rows[0] else None
    if run is None:
        raise UsageError(
            f"{path.name}: no sheet {SHEET} that names its run; give the workbook that `links review` wrote"
        )
    return run.group(1), int(run.group(2) or 0), list(_decisions(path, rows))


def _decisions(path: Path, rows: list[list[str]]) -> Iterator[Decision]:
    start, at = columns_of(path, rows, NEEDED_HEADERS, "links review")
    for number, row in enumerate(rows[start + 1 :], start=start + 2):
        said = row[at[VERDICT_HEADER]].strip()
        if said in {"", UNDECIDED}:
            continue
        if said not in VERDICTS_ZH:
            raise UsageError(
                f"{path.name}, row {number}: the verdict is none of {', '.join((*VERDICTS_ZH, UNDECIDED))}; "
                f"nothing was applied"
            )
        yield Decision(row[at[KEY_HEADER]].strip(), row[at[HOUSEHOLD_HEADER]].strip(), VERDICTS_ZH[said], number)
