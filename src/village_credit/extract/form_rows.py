"""Rows of a form that are no data: blanks, sums, signatures, column numbers, a header that stands again."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.registry import FieldSpec, field_specs
from village_credit.extract.headers import Match, plain
from village_credit.extract.rivals import PERSONAL
from village_credit.extract.text_rows import Indices, TextRows
from village_credit.texts import scattered_flags, texts_of

FOOTERS = (
    "合计",
    "总计",
    "小计",
    "共计",
    "累计",
    "本页",
    "承前页",
    "过次页",
    "转下页",
    "接上页",
    "制表",
    "填表",
    "填报",
    "审核",
    "制单",
    "复核",
    "负责人",
    "单位负责人",
    "经办人",
    "联系人",
    "盖章",
    "单位(盖章",
    "报送",
    "以上",
)
SHORT = 2  # letters of a column's number; a year, a code and most numbers are longer
_SUM_MARK = "计"
_SUM = re.compile(r".*(?:小|合|总|累|共|页)计(?:[(（].*[)）])?")  # 石榴村小计, 本页合计(元)
_SUM_OF_PLACE = re.compile(r".*[村组队乡镇场县区页户](?:小|合|总|累|共)计")  # in a name's column: nobody is called so
_NOTE = re.compile(r"\s*(?:注|备注|说明)\s*[0-9]*\s*[:：]")  # a remark needs its colon: 注 may begin a name
_COLUMN_NUMBER = re.compile(
    r"[(\[]?(?:[甲乙丙丁戊己庚辛壬癸]|[A-Z]|[0-9]{1,3})[)\]]?(?:=[-+*/×÷xX().0-9A-Z]+)?"  # 甲, 1, (2), 3=1+2
)
_COLUMN_WORDS = ("栏次", "栏号", "栏目", "列次", "列号", "行次", "序号", "-", "—", "——")
LEAST_NUMBERS = 3
# A first cell that begins no layout, unless it is a word of the header or begins as a footer: a name, a code, a year
_NO_LAYOUT = "^(?:[0-9A-Za-z]{3,}|[\u4e00-\u9fa5]{2,})$"
_FOOTER = f"^(?:{'|'.join(map(re.escape, FOOTERS))})"


def may_be_layout(rows: TextRows, words: set[str]) -> Indices:
    """Return the indices of all rows that `is_layout` may tell, as their first cell or the mark of a sum says."""
    if not rows.columns:
        return np.arange(len(rows))
    first = texts_of(rows.columns[0])
    asked = pc.invert(pc.match_substring_regex(first.values, _NO_LAYOUT))
    asked = pc.or_(asked, pc.is_in(first.values, pa.array([*words, *_COLUMN_WORDS], pa.string())))
    asked = pc.or_(asked, pc.match_substring_regex(first.values, _FOOTER))
    flags = [_may_begin_layout(text, words) for text in first.values.filter(asked).to_pylist()]
    found = first.of_rows(scattered_flags(asked, flags)).to_numpy(zero_copy_only=False)
    return np.concatenate([rows.places[found], rows.holding(_SUM_MARK), np.array(list(rows.odd), np.int64)])


def _may_begin_layout(cell: str, words: set[str]) -> bool:
    word = plain(cell)
    is_mark = word in _COLUMN_WORDS or _COLUMN_NUMBER.fullmatch(word) or _NOTE.match(cell)
    return not word or word in words or word.startswith(FOOTERS) or bool(is_mark)


def is_layout(cells: list[str], heads: list[list[str]], words: set[str], match: Match) -> bool:
    """Tell a row that holds no data; `heads`: the rows of the header, `words`: what they say."""
    first = cells[0] if cells else ""
    is_sum = _SUM_MARK in "".join(cells)
    if first.isascii() and first.isalnum() and len(first) > SHORT and not is_sum and first not in words:
        return False  # a year, code or number begins most rows, and no footer
    first = next((cell for cell in cells if cell and plain(cell)), "")
    if not first:
        return True
    begin = plain(first)
    if (begin.startswith(FOOTERS) or _NOTE.match(first)) and _is_footer(cells, match):
        return True
    if (is_sum and _is_sum_row(cells, match)) or _are_column_numbers(cells):
        return True
    return begin in words and [plain(cell) for cell in cells] in heads


def _is_footer(cells: list[str], match: Match) -> bool:
    """A row that begins like a footer and fills fewer than half of the required columns."""
    required = [spec for spec in field_specs(match.contract) if spec.is_required]
    return len(_filled(cells, match, required)) * 2 <= len(required)


def _filled(cells: list[str], match: Match, specs: list[FieldSpec]) -> list[int]:
    """Return the columns of some fields in which the row has something."""
    names = {spec.name for spec in specs}
    return [
        index for index, name in match.columns.items() if name in names and index < len(cells) and plain(cells[index])
    ]


def _is_sum_row(cells: list[str], match: Match) -> bool:
    """A row one of whose cells ends in 小计 or its like, and that names nobody beside it."""
    labels = {index for index, cell in enumerate(cells) if _SUM_MARK in cell and _SUM.fullmatch(plain(cell))}
    if not labels:
        return False
    specs = list(field_specs(match.contract))
    people = set(_filled(cells, match, [spec for spec in specs if spec.kind in PERSONAL]))
    if people - labels:
        return False
    required = [spec for spec in specs if spec.is_required]
    others = set(_filled(cells, match, required)) - labels
    is_place = any(_SUM_OF_PLACE.match(plain(cells[index])) for index in labels)
    return not people or is_place or len(others) * 2 <= len(required)


def _are_column_numbers(cells: list[str]) -> bool:
    """A row of nothing but the columns' numbers (甲 乙 1 2 3), each one more than the last."""
    numbers: list[int] = []
    count = 0
    for cell in cells:
        if not cell or not (word := plain(cell)):
            continue
        if word not in _COLUMN_WORDS and not _COLUMN_NUMBER.fullmatch(word):
            return False
        count += 1
        digits = word.partition("=")[0].strip("()[]")
        numbers += [int(digits)] if digits.isdecimal() else []
    is_counted = all(after == before + 1 for before, after in itertools.pairwise(numbers))
    return count >= LEAST_NUMBERS and is_counted and len(numbers) != 1
