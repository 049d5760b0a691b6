"""The line ledger: numbered lines become rows, and only the first line of a broken record is condemned."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator

from village_credit.extract.grid import Grid
from village_credit.extract.lines import bare_lines, decode_lines

TITLE_CELLS = 2  # 某某表, 单位：元
MAX_RECORD_LINES = 50  # an open quote may not swallow the file
DELIMITERS = (",", "\t", ";", "|")

csv.field_size_limit(1 << 24)


class _RecordTooLong(Exception):
    """A quoted cell runs over more lines than any office writes."""


class _Feed(Iterator[str]):
    """Hand readable lines to the CSV reader one by one, and know which line was handed last."""

    def __init__(self, lines: list[str | None], position: int) -> None:
        self.lines, self.position, self.record_start = lines, position, position

    def __next__(self) -> str:
        while self.position < len(self.lines):
            line = self.lines[self.position]
            self.position += 1
            if line is None:
                if self.position - 1 > self.record_start:
                    raise _RecordTooLong  # a condemned line inside a quoted cell ends the record
                self.record_start = self.position
                continue
            if self.position - self.record_start > MAX_RECORD_LINES:
                raise _RecordTooLong
            return line + "\n"
        raise StopIteration


def read_text(content: bytes, sheet: str = "") -> Grid:
    """Read a delimited text file; the delimiter is the one that splits most lines most evenly."""
    lines, condemned, encoding = decode_lines(content)
    grid = Grid(sheet=sheet, total_lines=len(lines), encoding=encoding)
    parse_lines(lines, choose_delimiter(lines), grid)
    grid.condemned = sorted(grid.condemned + condemned)
    if grid.condemned:
        grid.bare = bare_lines(content, [line for line, _ in grid.condemned], encoding)
    return grid


def choose_delimiter(lines: list[str | None]) -> str:
    """Choose among comma, tab, semicolon and bar by the commonest count over the first lines."""
    sample = [line for line in lines[:200] if line]
    return max(
        DELIMITERS, key=lambda mark: (sum(mark in line for line in sample), sum(line.count(mark) for line in sample))
    )


def parse_lines(lines: list[str | None], delimiter: str, grid: Grid) -> None:
    """Split lines into rows, adding each to the grid; a broken record condemns its first line only."""
    position = 0
    while position < len(lines):
        position = _split_plain(lines, position, delimiter, grid)
        if position < len(lines):
            position = _parse_from(lines, position, delimiter, grid)


def _split_plain(lines: list[str | None], position: int, delimiter: str, grid: Grid) -> int:
    """Split lines without a quote, which need no parser, and pass over condemned ones; give the first other line."""
    starts, ends, cells = grid.starts.append, grid.ends.append, grid.cells.append
    for index in range(position, len(lines)):
        line = lines[index]
        if line is None:
            continue
        if '"' in line or "\r" in line:
            return index
        starts(index + 1)
        ends(index + 1)
        cells(line.split(delimiter) if line else [])
    return len(lines)


def _parse_from(lines: list[str | None], position: int, delimiter: str, grid: Grid) -> int:
    """Read on until a record breaks; give the line index from which to go on."""
    feed = _Feed(lines, position)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return len(lines)
        except (csv.Error, _RecordTooLong) as error:
            return _condemn(lines, feed.record_start, error, grid)
        later = lines[feed.record_start + 1 : feed.position]
        if later and _swallowed(cells, later, delimiter, grid):
            return _condemn(lines, feed.record_start, _RecordTooLong(), grid)
        grid.add(feed.record_start + 1, feed.position, cells)
        feed.record_start = feed.position
        if _is_plain(lines, feed.position):
            return feed.position


def _is_plain(lines: list[str | None], position: int) -> bool:
    line = lines[position] if position < len(lines) else None
    return line is not None and '"' not in line


def _condemn(lines: list[str | None], index: int, error: Exception, grid: Grid) -> int:
    """Condemn one readable line; what follows it is read again as lines of their own."""
    while lines[index] is None:
        index += 1
    is_open = isinstance(error, _RecordTooLong) or "end of data" in str(error)
    grid.condemned.append((index + 1, "UNCLOSED_QUOTE" if is_open else "BROKEN_QUOTE"))
    return index + 1


def _swallowed(cells: list[str], later: list[str | None], delimiter: str, grid: Grid) -> bool:
    """Tell a record over several lines that an open quote made: of another width, or with a whole row inside.

    A title, of which one or two cells are filled, says nothing of the table's width.
    """
    widths = Counter(len(row) for row in grid.cells[-20:] if sum(map(bool, row)) > TITLE_CELLS)
    usual = widths.most_common(1)[0][0] if widths else len(cells)
    return len(cells) != usual or any(line is not None and _is_whole_row(line, delimiter, usual) for line in later)


def _is_whole_row(line: str, delimiter: str, width: int) -> bool:
    """A line whose quotes are paired and that has all cells is nobody's continuation."""
    if line.count('"') % 2 or width < 2:
        return False
    try:
        return len(next(csv.reader([line], delimiter=delimiter, strict=True), [])) >= width
    except csv.Error:
        return False
