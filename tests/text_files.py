"""Delimited files as offices send them, drawn line by line, with what each line must come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from data_contracts.fields import check_character

HEADER = "身份证号,姓名,关系,更新日期"
NAMES = ("王五", "吐尔逊·阿合买提", "李\U00020bb7", "㛃丽", "欧阳某")
RELATIONS = ("董事", "信贷人员近亲属", "NULL", "二,组", '所谓"大"户', "两\n行", "\n下行")
DATES = ("2026-03-05", "2026.3.5", "2026年3月5日", "20260305")
ENCODINGS = {
    "gb18030": b"",
    "utf-8": b"",
    "utf-8-sig": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
}
LAYOUTS = ("", ",,,", HEADER, "合计,,,", "总 计", "制表人：某某,,,2026.9.30", "注：以上含补发,,,")
FAULTS = ("short", "long", "open quote", "broken quote", "zero byte", "broken byte", "other encoding", "value")
WRONG_BYTES = {"utf-16-le": b"\x00\xd8,\x00", "utf-16-be": b"\xd8\x00\x00,"}


@dataclass(frozen=True)
class Line:
    """One row as written: over how many physical lines, and what it must come to (accepted, layout, quarantined)."""

    content: bytes
    physical: int
    outcome: str
    said: tuple[str, str] = ("", "")  # name and relation of an accepted row


@dataclass(frozen=True)
class TextFile:
    """A file of lines in one encoding, its header first."""

    encoding: str
    lines: tuple[Line, ...]

    @property
    def content(self) -> bytes:
        return ENCODINGS[self.encoding] + b"".join(line.content for line in self.lines)

    def numbered(self) -> Iterable[tuple[int, Line]]:
        """Return each line with the number of its first physical line."""
        number = 1
        for line in self.lines:
            yield number, line
            number += line.physical

    @property
    def total_lines(self) -> int:
        return sum(line.physical for line in self.lines)


def id_number(order: int) -> str:
    """An ID number that belongs to nobody."""
    first_17 = f"6599001980010{1000 + order:04d}"
    return first_17 + check_character(first_17)


def quoted(cell: str, *, always: bool = False) -> str:
    return '"' + cell.replace('"', '""') + '"' if always or set(cell) & set('",\n') else cell


def good_line(cells: tuple[str, str, str, str], encoding: str, end: str, *, is_quoted: bool) -> Line:
    text = ",".join(quoted(cell, always=is_quoted) for cell in cells).replace("\n", end)
    return Line(_encoded(text + end, encoding), 1 + text.count("\n"), "accepted", (cells[1], cells[2].strip()))


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding.removesuffix("-sig"))


def damaged_line(cells: tuple[str, str, str, str], fault: str, encoding: str, end: str) -> Line:
    """Damage a plain row in one way; it stays on one physical line."""
    number, name, _, day = cells
    texts = {
        "short": f"{number},{name}",
        "long": f"{number},{name},董事,{day},多",
        "open quote": f'{number},"{name},董事,{day}',
        "broken quote": f'{number},{name},"董"事,{day}',
        "zero byte": f"{number},{name},董\0事,{day}",
        "value": f"{number},{name},董事,#N/A",
    }
    text = texts.get(fault, f"{number},{name},董事,{day}")
    if fault == "other encoding" and not encoding.startswith("utf-16"):
        return Line(_encoded(text + end, "utf-8" if encoding == "gb18030" else "gb18030"), 1, "quarantined")
    broken = WRONG_BYTES.get(encoding, b"\xff") if fault in ("broken byte", "other encoding") else b""
    head, tail = text[:20], text[20:] + end
    return Line(_encoded(head, encoding) + broken + _encoded(tail, encoding), 1, "quarantined")


@st.composite
def text_files(
    draw: st.DrawFn,
    faults: tuple[str, ...] = FAULTS,
    layouts: tuple[str, ...] = LAYOUTS,
    encodings: tuple[str, ...] = tuple(ENCODINGS),
    relations: tuple[str, ...] = RELATIONS,
) -> TextFile:
    """A header and some lines: good ones, layout and damaged ones, each with a line end of its own."""
    encoding = draw(st.sampled_from(encodings))
    kinds = [*["good"] * 3, *[f"fault {fault}" for fault in faults], *[f"layout {text}" for text in layouts]]
    lines = [Line(_encoded(HEADER + "\r\n", encoding), 1, "layout")]
    foreign = 0
    for order, kind in enumerate(draw(st.lists(st.sampled_from(kinds), max_size=14))):
        end = draw(st.sampled_from(["\r\n", "\n"]))
        cells = (
            id_number(order),
            draw(st.sampled_from(NAMES)),
            draw(st.sampled_from(relations)),
            draw(st.sampled_from(DATES)),
        )
        what, _, which = kind.partition(" ")
        if what == "layout":
            lines.append(Line(_encoded(which + end, encoding), 1, "layout"))
        elif what == "fault" and (which != "other encoding" or 2 * (foreign + 1) < len(lines)):
            foreign += which in ("other encoding", "broken byte")
            lines.append(damaged_line(cells, which, encoding, end))
        else:
            lines.append(good_line(cells, encoding, end, is_quoted=draw(st.booleans())))
    return TextFile(encoding, tuple(lines))
