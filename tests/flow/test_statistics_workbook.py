"""A workbook of statistics: what makes one readable to a screen reader, and what LibreOffice makes of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import village_credit
from tests.conftest import AS_OF, COUNTY_OF_TESTS, Scored
from village_credit import cli
from village_credit.errors import MissingInput
from village_credit.services.queries import saved
from village_credit.services.queries.statistics_workbook import write_statistics
from village_credit.workbooks import statistics_book
from village_credit.workbooks.statistics_book import NO_FIGURE, Sheet, heading, write_statistics_book

FIRST = ("Cover", "Contents", "Notes")


@pytest.fixture(scope="module")
def path(lived: Scored, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("statistics") / "statistics.xlsx"
    assert cli.main(["statistics", "--store", str(lived.store.root), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def book(path: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


@pytest.fixture
def sheets(book: openpyxl.Workbook) -> Iterator[Any]:
    return iter(book.worksheets)


def table_of(sheet: Any) -> Any:
    (table,) = sheet.tables.values()
    return table


def cells_of(sheet: Any) -> list[list[Any]]:
    """What stands in the marked table, its header first."""
    return [[cell.value for cell in row] for row in sheet[table_of(sheet).ref]]


def test_the_cover_comes_first_then_contents_and_notes_then_a_sheet_a_question(book: openpyxl.Workbook):
    assert book.sheetnames == [*FIRST, *(query.name for query in saved.saved_queries())]
    assert book.active.title == "Cover"
    assert book.properties.title == "Statistics of whole-village credit"
    said = [row[0].value for row in book["Cover"].iter_rows()]
    assert all(said)
    assert "2026-11-12" in said[1]
    assert book["Cover"].max_column == 1


def test_every_sheet_begins_in_its_first_cell_and_nothing_is_merged_hidden_frozen_or_filtered(sheets: Any):
    for sheet in sheets:
        assert sheet["A1"].value
        assert list(sheet.merged_cells.ranges) == []
        assert sheet.sheet_state == "visible"
        assert [
            at for at, line in (*sheet.row_dimensions.items(), *sheet.column_dimensions.items()) if line.hidden
        ] == []
        assert sheet.freeze_panes is None
        assert sheet.auto_filter.ref is None
        assert sheet.sheet_view.topLeftCell in (None, "A1")


def test_every_sheet_but_the_cover_has_one_marked_table_with_one_header_and_no_blank_row_or_cell(sheets: Any):
    names = set()
    for sheet in list(sheets)[1:]:
        table = table_of(sheet)
        names.add(table.displayName)
        begins, ends = table.ref.split(":")
        assert begins == "A3"
        assert ends == f"{openpyxl.utils.get_column_letter(sheet.max_column)}{sheet.max_row}"
        assert table.headerRowCount == 1
        assert table.autoFilter is None
        header, *rows = cells_of(sheet)
        assert [column.name for column in table.tableColumns] == header
        assert len(set(header)) == len(header)
        assert rows
        assert [row for row in ([sheet["A2"].value], header, *rows) if any(cell in (None, "") for cell in row)] == []
    assert len(names) == len(saved.saved_queries()) + 2


def test_text_wraps_or_fits_its_column_and_is_large_enough(sheets: Any):
    for sheet in list(sheets)[1:]:
        for row in sheet[table_of(sheet).ref]:
            for cell in row:
                shown = len(str(cell.value)) if isinstance(cell.value, str) else len(f"{cell.value:,.2f}"
                        if not isinstance(cell.value, datetime) else "2026-11-01")  # fmt: skip
                width = sheet.column_dimensions[cell.column_letter].width
                assert cell.alignment.wrap_text or shown < width, (sheet.title, cell.coordinate)
                assert cell.font.sz >= 12
                if isinstance(cell.value, str) and len(cell.value) > width:  # else the next row hides it
                    assert sheet.row_dimensions[cell.row].height >= 16 * len(cell.value) / width


def test_units_stand_in_the_headings_and_every_column_has_its_note(book: openpyxl.Workbook, lived: Scored):
    noted = {(sheet, column) for sheet, column, meaning in cells_of(book["Notes"])[1:] if len(meaning) > 5}
    with village_credit.open_warehouse(lived.store.root) as asked:
        saved.ask_once(asked)
        for query in saved.saved_queries():
            names = saved.answer(asked, query.name).column_names
            header = cells_of(book[query.name])[0]
            assert header == [heading(name) for name in names]
            assert {(query.name, column) for column in header} <= noted
            assert [head for name, head in zip(names, header, strict=True)
                    if name.endswith("_yuan") and "(yuan)" not in head] == []  # fmt: skip
    assert heading("drawn_share") == "Drawn (share of 1)"
    assert heading("coverage") == "Coverage (share of 1)"
    assert heading("newly_credited_households") == "Newly credited households"


def test_contents_lead_to_every_sheet(book: openpyxl.Workbook):
    page = book["Contents"]
    named = [row[0] for row in cells_of(page)[1:]]
    assert named == book.sheetnames[2:]
    linked = {link.ref: link.location for row in page.iter_rows() for cell in row if (link := cell.hyperlink)}
    assert list(linked.values()) == [f"'{name}'!A1" for name in named]


def test_its_figures_are_those_of_the_queries_and_a_mark_stands_where_there_is_none(
    book: openpyxl.Workbook, lived: Scored
):
    with village_credit.open_warehouse(lived.store.root) as asked:
        for name in ("growth", "branches_behind", "traders_in_time"):
            table = saved.answer(asked, name)
            header, *told = cells_of(book[name])
            assert len(header) == table.num_columns
            rows = [[NO_FIGURE if value is None else value for value in row.values()] for row in saved.rows_of(table)]
            for written, row in zip(told, rows, strict=True):
                plain = [cell.date() if isinstance(cell, datetime) else cell for cell in written]
                assert plain == [pytest.approx(value) if isinstance(value, float) else value for value in row]
    assert NO_FIGURE in {cell for row in cells_of(book["traders_in_time"]) for cell in row}
    assert NO_FIGURE in book["Cover"]["A4"].value


def test_the_same_figures_are_the_same_bytes_and_a_workbook_is_written_over_by_force_alone(
    path: Path, lived: Scored, capsys: pytest.CaptureFixture[str]
):
    before = path.read_bytes()
    words = ["statistics", "--store", str(lived.store.root), "--out", str(path)]
    assert cli.main(words) == 2
    assert "statistics.xlsx is there already" in capsys.readouterr().err
    assert cli.main([*words, "--force"]) == 0
    other = path.with_suffix(".csv")
    assert cli.main([*words[:-1], str(other)]) == 2
    assert not other.exists()
    assert path.read_bytes() == before


def test_a_question_without_a_row_is_left_out_and_said_so(lived: Scored, tmp_path: Path, monkeypatch: Any):
    asked = saved.answer

    def answered(warehouse: Any, name: str, counties: Any = ()) -> Any:
        table = asked(warehouse, name, counties)
        return table[:0] if name == "season_draws" else table

    monkeypatch.setattr("village_credit.services.queries.statistics_workbook.answer", answered)
    out = tmp_path / "x.xlsx"
    done = write_statistics(village_credit.open_warehouse(lived.store.root), out, [COUNTY_OF_TESTS])
    assert done.left_out == ["season_draws"]
    book = openpyxl.load_workbook(out)
    assert "season_draws" not in book.sheetnames
    assert book["Cover"].cell(book["Cover"].max_row, 1).value == "Left out, for they have no row: season_draws."


def test_what_looks_like_a_formula_is_text_and_a_table_that_fits_no_sheet_is_refused(tmp_path: Path, monkeypatch: Any):
    cover = statistics_book.Cover("t", ("s",), AS_OF)
    sheet = Sheet("one", "One", "A row.", {"branch_name": "x", "limit_yuan": "y"}, [("=1+1", 5), ("http://x", None)])
    (tmp_path / "x.xlsx").write_bytes(write_statistics_book(cover, [sheet]))
    cells = openpyxl.load_workbook(tmp_path / "x.xlsx")["one"]
    assert (cells["A4"].value, cells["A4"].data_type, cells["A5"].value) == ("=1+1", "s", "http://x")
    monkeypatch.setattr(statistics_book, "ROWS_MOST", 1)
    with pytest.raises(MissingInput, match="Contents: 2 rows fit no sheet: give --county"):
        write_statistics_book(cover, [sheet])


@pytest.mark.office
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_reads_every_sheet_as_it_was_written(path: Path, book: openpyxl.Workbook, tmp_path: Path):
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    command = [str(shutil.which("soffice")), profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(path)], check=True, capture_output=True)
    read = openpyxl.load_workbook(tmp_path / path.name)
    assert read.sheetnames == book.sheetnames
    for name in book.sheetnames[3:]:
        assert table_of(read[name]).ref == table_of(book[name]).ref
        for ours, theirs in zip(cells_of(book[name]), cells_of(read[name]), strict=True):
            assert theirs == [pytest.approx(cell) if isinstance(cell, float) else cell for cell in ours]
