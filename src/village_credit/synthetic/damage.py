"""Clean tables become what offices really send: damaged cells and lines, each written down with what it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from village_credit.synthetic.chance import stream
from village_credit.synthetic.tables import Damaged, File, Table

# Shares of rows, by what happens to the ID number: the rates of the linkage bench (believed)
ID_SHARES = {
    "land_member": {"one_digit": 0.004, "fifteen": 0.004},
    "land_contractor": {"one_digit": 0.004},
    "household_economy": {"masked": 0.02, "one_digit": 0.008, "transposed": 0.003},
    "land_subsidy": {"one_digit": 0.008, "full_width": 0.02, "tab": 0.05},
    "crop_declaration": {"one_digit": 0.004, "empty": 0.004},
}
VALUE_SHARE = 0.004  # of rows of a list that get one unreadable or impossible value
HOSTILE_FACTOR = 40
MAX_SHARE = 0.45
REPEATED = 8  # rows that are sent twice, corrected, or of mixed units
LISTS = ("land_parcel", "land_subsidy", "crop_declaration", "household_economy", "machinery_subsidy", "bank_exposure")
MONEY_OR_AREA = ("面积", "金额", "收入", "余额", "额(元)", "HTMJM")


@dataclass(frozen=True)
class Extra:
    """A file beside the offices' tables: bytes of its own, or another file's, whole or cut short."""

    source: str = ""
    content: bytes = b""
    keep_share: float = 1.0


def damage_files(
    files: list[File], seed: int, level: Literal["none", "typical", "hostile"]
) -> tuple[list[Damaged], dict[str, Extra]]:
    """Damage tables in place; gives every damaged line, and files to be added as bytes or as copies of others."""
    if level == "none":
        return [], {}
    factor = 1 if level == "typical" else HOSTILE_FACTOR
    found: list[Damaged] = []
    for file in files:
        for table in file.tables:
            rng = stream(seed, "damage", level, file.path, table.sheet)
            found += _damage_ids(rng, file, table, factor)
            found += _damage_values(rng, file, table, factor)
            if (
                file.kind in ("csv_gb18030", "csv_utf8_bom")
                and table.contract in LISTS
                and table.rows >= 20
                and not file.archive
            ):
                found += _damage_lines(rng, file, table)
    found += _excel_numbers(files)
    found += _repeated_and_blank(files)
    found += _corrected(files, seed, level)
    if level == "hostile":
        _hostile_columns(files)
    return _merged(found), _extra_files(files)


def _merged(found: list[Damaged]) -> list[Damaged]:
    """Say each damaged line once: with everything that was done to it, and `any` where that leaves a choice."""
    lines: dict[tuple[str, str, int], Damaged] = {}
    for one in found:
        key = (one.file, one.sheet, one.line_number)
        other = lines.get(key)
        if other is not None:
            expected = one.expected if one.expected == other.expected else "any"
            one = Damaged(*key, one.contract, f"{other.what}; {one.what}", expected)  # noqa: PLW2901  # the merged line takes its place
        lines[key] = one
    return [lines[key] for key in sorted(lines)]


def _line(file: File, table: Table, row: int, what: str, expected: str) -> Damaged:
    sheet = " / ".join(
        part
        for part in (file.path if file.archive else "", table.sheet if file.kind in ("xlsx", "xls") else "")
        if part
    )
    return Damaged(file.archive or file.path, sheet, row + table.first_line(file.kind), table.contract, what, expected)


def _rows(rng: np.random.Generator, table: Table, share: float) -> list[int]:
    """Choose rows, none of them twice."""
    count = int(rng.binomial(table.rows, min(share, MAX_SHARE)))
    return sorted(rng.permutation(table.rows)[:count].tolist())


def _id_header(table: Table) -> str | None:
    return next((h for h in table.header if h.startswith(("身份证", "CYZJHM", "CBFZJHM"))), None)


def _mask(number: str, _digit: int) -> str:
    return f"{number[:6]}********{number[-4:]}"


def _one_digit(number: str, digit: int) -> str:
    place = 8 + digit % 9
    return number[:place] + str((int(number[place]) + 1 + digit % 8) % 10) + number[place + 1 :]


def _transpose(number: str, digit: int) -> str:
    place = next((i for i in range(8 + digit % 5, 16) if number[i] != number[i + 1]), 15)
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


ID_DAMAGE: dict[str, tuple[Callable[[str, int], str], str]] = {
    "masked": (_mask, "any"),  # accepted where a unique match repairs it
    "one_digit": (_one_digit, "any"),
    "transposed": (_transpose, "any"),
    "fifteen": (lambda number, _: number[:6] + number[8:17] if number[6:8] == "19" else number, "accepted"),
    "full_width": (lambda number, _: "".join(chr(ord(c) + 0xFEE0) for c in number), "accepted"),
    "tab": (lambda number, _: number + "\t", "accepted"),
    "empty": (lambda _number, _: "", "quarantined"),
}


def _is_whole(number: str) -> bool:
    return len(number) == 18 and number.isascii() and number[:17].isdigit()


def _damage_ids(rng: np.random.Generator, file: File, table: Table, factor: int) -> list[Damaged]:
    header = _id_header(table)
    if header is None or table.contract not in ID_SHARES:
        return []
    column = table.column(header)
    found = []
    for what, share in ID_SHARES[table.contract].items():
        change, expected = ID_DAMAGE[what]
        for row in _rows(rng, table, share * factor):
            number = str(column[row])
            if row in table.deleted or not _is_whole(number):
                continue
            column[row] = change(number, int(rng.integers(0, 1000)))
            if column[row] != number:
                found.append(_line(file, table, row, f"id {what}", expected))
    return found


def _damage_values(rng: np.random.Generator, file: File, table: Table, factor: int) -> list[Damaged]:
    """Put words, negative numbers and error cells where amounts belong."""
    headers = [h for h in table.header if any(word in h for word in MONEY_OR_AREA)]
    if table.contract not in LISTS or not headers:
        return []
    bad = ["三万多", "-5", "#N/A"] if file.kind == "xlsx" else ["三万多", "-5.00", "1O.5"]
    found = []
    for row in _rows(rng, table, VALUE_SHARE * factor):
        header = headers[int(rng.integers(0, len(headers)))]
        table.column(header)[row] = bad[int(rng.integers(0, 3))]
        found.append(_line(file, table, row, f"value {header}", "quarantined"))
    return found


def _damage_lines(rng: np.random.Generator, file: File, table: Table) -> list[Damaged]:
    """One line without its quote's end, one in another encoding, one with a zero byte."""
    rows = rng.permutation(table.rows)[:3].tolist()
    encoding, other = ("gb18030", "utf-8") if file.kind == "csv_gb18030" else ("utf-8", "gb18030")
    cells = [",".join(str(column[row]).replace(",", "") for column in table.columns) for row in rows]
    whole = cells[0].encode(encoding)
    table.raw_lines[rows[0]] = whole.replace(b",", b',"', 1) + b"\r"
    table.raw_lines[rows[1]] = (cells[1] + ("" if any(c > "\u0800" for c in cells[1]) else "村")).encode(other) + b"\r"
    table.raw_lines[rows[2]] = cells[2].encode(encoding)[:-1] + b"\0\r"
    kinds = ("open quote", "other encoding", "zero byte")
    return [_line(file, table, row, kind, "quarantined") for row, kind in zip(rows, kinds, strict=True)]


def _excel_numbers(files: list[File]) -> list[Damaged]:
    """The last township's workbook keeps ID numbers as numbers: fifteen digits are left."""
    books = [file for file in files if file.tables[0].contract == "household_economy"]
    if len(books) < 2:
        return []
    file, table = books[-1], books[-1].tables[0]
    header = _id_header(table)
    if header is None:
        return []
    column = table.column(header)
    found = []
    for row, number in enumerate(column):
        if isinstance(number, str) and len(number) == 18 and number.isdigit():
            column[row] = float(int(number[:15] + "000"))
            found.append(_line(file, table, row, "id as number", "any"))
    return found


def _hostile_columns(files: list[File]) -> None:
    """Every list carries a column that nobody may keep, and some headers are spelled in ways of their own."""
    renamed = {"姓名": "姓 名 *", "所在村": "所 在 村", "身份证号": "身份证号码", "种植收入": "种 植\n收入"}
    for file in files:
        for table in file.tables:
            if file.kind == "dbf" or file.archive:
                continue
            table.header = [renamed.get(header, header) for header in table.header]
            table.header.append("民族")
            table.columns.append(["甲族" if cell != "" else "" for cell in table.columns[1]])
            if table.groups:
                table.groups = [*table.groups, ("其他二", 1)]


def _repeated_and_blank(files: list[File]) -> list[Damaged]:
    """Some declarations are sent twice, the subsidy list has blank lines, and some parcels mix their units."""
    found: list[Damaged] = []
    for file in files:
        for table in file.tables:
            if table.contract == "crop_declaration" and table.rows > REPEATED:
                first = table.rows
                for column in table.columns:
                    column.extend(column[:REPEATED])
                found += [_line(file, table, row, "sent twice", "any") for row in range(first, first + REPEATED)]
            elif table.contract == "land_subsidy":
                found += [_line(file, table, table.rows + extra, "blank", "layout") for extra in range(2)]
                for column in table.columns:
                    column.extend(["", ""])
            elif table.contract == "land_parcel" and table.rows > 3 * REPEATED:
                area = table.column("HTMJ")
                for row in range(REPEATED, 2 * REPEATED):
                    area[row] = f"{float(area[row]) * 10:.2f}"
                    found.append(_line(file, table, row, "units disagree", "quarantined"))
    return found


def _corrected(files: list[File], seed: int, level: str) -> list[Damaged]:
    """The first township sends some books again, with a later day and other figures: these supersede."""
    book = next((file for file in files if file.tables[0].contract == "household_economy"), None)
    if book is None or book.tables[0].rows < 4 * REPEATED:
        return []
    table = book.tables[0]
    rows = sorted(stream(seed, "corrected", level).permutation(table.rows)[:REPEATED].tolist())
    columns = [[column[row] for row in rows] for column in table.columns]
    again = Table(
        table.contract, list(table.header), columns, table.sheet, table.title, table.unit_row, list(table.groups)
    )
    collected, wages = again.header.index("采集日期"), again.header.index("务工收入")
    columns[collected] = [f"{int(str(day)[:4])}.6.20" for day in columns[collected]]
    columns[wages] = [float(value) + 1 if isinstance(value, int | float) else value for value in columns[wages]]
    files.append(File(book.path.replace("农户经济台账", "补报/农户经济台账（更正）"), "xlsx", [again]))
    return [_line(book, table, row, "corrected later", "superseded") for row in rows]


def _extra_files(files: list[File]) -> dict[str, Extra]:
    """A byte copy, a workbook cut short, and a list that no contract knows."""
    book = next(file.path for file in files if file.tables[0].contract == "household_economy")
    attendance = "会议地点,参会单位,签到情况\r\n一号会议室,某单位,签到\r\n".encode("gb18030")
    return {
        "农经站/备份/副本(1).xlsx": Extra(source=book),
        "农经站/传输中断.xlsx": Extra(source=book, keep_share=0.6),
        "农业农村局/培训签到.csv": Extra(content=attendance),
    }
