"""The line ledger: numbered lines become rows, and only the first line of a broken record is condemned."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
from pyarrow import csv as pa_csv

from village_credit.extract.grid import Grid
from village_credit.extract.lines import MAX_LINE_BYTES, Lines, Places, bare_lines, read_lines
from village_credit.extract.text_rows import TextRows
from village_credit.texts import combined

TITLE_CELLS = 2  # 某某表, 单位：元
MAX_RECORD_LINES = 50  # an open quote may not swallow the file
BLOCK_BYTES = 4 * MAX_LINE_BYTES  # a line must fit into a block of the reader of columns
DELIMITERS = (",", "\t", ";", "|")

csv.field_size_limit(1 << 24)

Record = tuple[int, int, list[str]]  # first line, last line and cells
MANY_RECORDS = 64  # of so many lines one record or more: rows are then made one by one


class _RecordTooLong(Exception):
    """A quoted cell runs over more lines than any office writes."""


class _Feed(Iterator[str]):
    """Hand readable lines to the CSV reader one by one, and know which line was handed last."""

    def __init__(self, lines: Lines, position: int) -> None:
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
    lines = read_lines(content)
    table = _Table(lines, choose_delimiter(lines))
    table.parse()
    grid = Grid(sheet=sheet, total_lines=len(lines), encoding=lines.encoding)
    starts, ends, grid.cells = table.rows()
    grid.starts, grid.ends = starts.tolist(), ends.tolist()
    grid.condemned = sorted([*table.condemned, *((index + 1, fault) for index, fault in lines.condemned.items())])
    if grid.condemned:
        grid.bare = bare_lines(content, [line for line, _ in grid.condemned], lines.encoding)
    return grid


def choose_delimiter(lines: Lines) -> str:
    """Choose among comma, tab, semicolon and bar by the commonest count over the first lines."""
    sample = [line for line in lines[:200] if line]
    return max(
        DELIMITERS, key=lambda mark: (sum(mark in line for line in sample), sum(line.count(mark) for line in sample))
    )


class _Table:
    """The rows of a text file: runs of plain lines, which a column reader splits, and records that a parser read."""

    def __init__(self, lines: Lines, delimiter: str) -> None:
        self.lines, self.delimiter = lines, delimiter
        self.plain: list[tuple[int, int]] = []  # runs of lines without a quote, some of them condemned
        self.records: list[Record] = []
        self.condemned: list[tuple[int, str]] = []

    def parse(self) -> None:
        """Part plain lines from records; a broken record condemns its first line only."""
        position = 0
        for special in np.union1d(self.lines.holding(b'"'), self._with_return()).tolist():
            if special >= position:
                self.plain.append((position, special))
                position = self._parse_from(special)
        self.plain.append((position, len(self.lines)))

    def _with_return(self) -> Places:
        """Return the lines that hold a carriage return, beside the one that may end them."""
        return np.flatnonzero(self.lines.counts(b"\r"))

    def rows(self) -> tuple[Places, Places, TextRows]:
        """Return the first and last line of each row, and the rows."""
        plain = self._plain_lines()
        widths = self.lines.counts(self.delimiter.encode())[plain] + 1
        widths[self.lines.ends[plain] == self.lines.starts[plain]] = 0
        if len(self.records) * MANY_RECORDS > len(plain):
            return self._rows_as_lists(plain)
        usual = int(np.bincount(widths).argmax()) if len(plain) else 0
        is_usual = (widths == usual) & (widths > 0)
        odd = sorted([*self._lines_as_records(plain[~is_usual]), *self.records])
        starts = np.concatenate([plain[is_usual] + 1, np.array([first for first, _, _ in odd], np.int64)])
        ends = np.concatenate([plain[is_usual] + 1, np.array([last for _, last, _ in odd], np.int64)])
        order = np.argsort(starts)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        count = int(is_usual.sum())
        columns = _columns(self.lines, plain[is_usual], self.delimiter, usual)
        rows = TextRows(columns, place[:count], {int(at): row[2] for at, row in zip(place[count:], odd, strict=True)})
        return starts[order], ends[order], rows

    def _rows_as_lists(self, plain: Places) -> tuple[Places, Places, TextRows]:
        """Return the rows of a file of which a parser read many."""
        rows = sorted([*self._lines_as_records(plain), *self.records])
        starts, ends = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
        return starts, ends, TextRows.of_lists([cells for _, _, cells in rows])

    def _lines_as_records(self, places: Places) -> list[Record]:
        return [(index + 1, index + 1, self._split(index)) for index in places.tolist()]

    def _plain_lines(self) -> Places:
        runs = [np.arange(begin, end) for begin, end in self.plain]
        found = np.concatenate(runs) if runs else np.zeros(0, np.int64)
        return found[~np.isin(found, list(self.lines.condemned))] if self.lines.condemned else found

    def _split(self, index: int) -> list[str]:
        line = self.lines[index]
        return line.split(self.delimiter) if line else []

    def _parse_from(self, position: int) -> int:
        """Read on until a record breaks or a plain line follows; give the line index from which to go on."""
        feed = _Feed(self.lines, position)
        reader = csv.reader(feed, delimiter=self.delimiter, strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return len(self.lines)
            except (csv.Error, _RecordTooLong) as error:
                return self._condemn(feed.record_start, error)
            later = self.lines[feed.record_start + 1 : feed.position]
            if later and self._swallowed(cells, later):
                return self._condemn(feed.record_start, _RecordTooLong())
            self.records.append((feed.record_start + 1, feed.position, cells))
            feed.record_start = feed.position
            if _is_plain(self.lines, feed.position):
                return feed.position

    def _condemn(self, index: int, error: Exception) -> int:
        """Condemn one readable line; what follows it is read again as lines of their own."""
        while index in self.lines.condemned:
            index += 1
        is_open = isinstance(error, _RecordTooLong) or "end of data" in str(error)
        has_return = "\r" in (self.lines[index] or "") and '"' not in (self.lines[index] or "")
        code = "STRAY_RETURN" if has_return else "UNCLOSED_QUOTE" if is_open else "BROKEN_QUOTE"
        self.condemned.append((index + 1, code))
        return index + 1

    def _swallowed(self, cells: list[str], later: list[str | None]) -> bool:
        """Tell a record over several lines that an open quote made: of another width, or with a whole row inside.

        A title, of which one or two cells are filled, says nothing of the table's width.
        """
        widths = Counter(len(row) for row in self._last_rows(20) if sum(map(bool, row)) > TITLE_CELLS)
        usual = widths.most_common(1)[0][0] if widths else len(cells)
        return len(cells) != usual or any(line is not None and self._is_whole_row(line, usual) for line in later)

    def _last_rows(self, count: int) -> list[list[str]]:
        """Return the last rows before the record that is being read, in their order."""
        before = (index for begin, end in reversed(self.plain) for index in range(end - 1, begin - 1, -1))
        plain = islice((index for index in before if index not in self.lines.condemned), count)
        found = [(first, cells) for first, _, cells in self.records[-count:]]
        found += [(index + 1, self._split(index)) for index in plain]
        return [cells for _, cells in sorted(found)[-count:]]

    def _is_whole_row(self, line: str, width: int) -> bool:
        """A line whose quotes are paired and that has all cells is nobody's continuation."""
        if line.count('"') % 2 or width < 2:
            return False
        try:
            return len(next(csv.reader([line], delimiter=self.delimiter, strict=True), [])) >= width
        except csv.Error:
            return False


def _is_plain(lines: Lines, position: int) -> bool:
    line = lines[position] if position < len(lines) else None
    return line is not None and '"' not in line


def _columns(lines: Lines, places: Places, delimiter: str, width: int) -> list[pa.StringArray]:
    """Split lines that hold no quote and have as many cells each into columns of text."""
    if not len(places):
        return [pa.array([], pa.string())] * width
    if width == 1:  # a reader of columns takes a blank line for none
        return [pa.array([lines[index] for index in places.tolist()], pa.string())]
    names = [str(position) for position in range(width)]
    table = pa_csv.read_csv(
        pa.py_buffer(_only(lines, places)),
        pa_csv.ReadOptions(column_names=names, block_size=BLOCK_BYTES, use_threads=False),
        pa_csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False
        ),
    )
    return [combined(column) for column in table.columns]


def _only(lines: Lines, places: Places) -> bytes:
    """Return some lines with their ends: runs of them are cut out whole."""
    if len(places) == len(lines):
        return lines.text
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    firsts, lasts = places[np.concatenate([[0], breaks])], places[np.concatenate([breaks - 1, [len(places) - 1]])]
    after = np.append(lines.starts, len(lines.text))
    begins, ends = lines.starts[firsts].tolist(), after[lasts + 1].tolist()
    return b"".join(lines.text[begin:end] for begin, end in zip(begins, ends, strict=True))
