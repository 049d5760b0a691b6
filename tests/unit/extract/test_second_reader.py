"""Public files in the offices' formats are read cell for cell as another library reads them.

The tables are of no contract: what is compared is the grid, before anyone knows what its cells mean.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dbf as dbf_library
import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dbfread import DBF

from tests.conftest import ROOT
from village_credit.extract.dbf import read_dbf
from village_credit.extract.grid import DeliveredFile, Unrecognised
from village_credit.extract.parquet import read_parquet
from village_credit.extract.read import read_file
from village_credit.extract.text_table import read_text
from village_credit.extract.workbooks import read_workbook

PUBLIC = ROOT / "tests" / "public"
ENCODINGS = {
    "townships.csv": "gb18030",
    "villages.csv": "gb18030",
    "county_aliases.csv": "utf-8-sig",
    "german_credit.csv": "utf-8",
    "spanish_credit.csv": "utf-8",
}
FILES = sorted(ENCODINGS)
IMPORT = "CSV:44,34,76,1,,0,false,true"  # comma, quote, UTF-8, from line 1; numbers become numbers
EXPORT = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false"  # cells as kept, not as shown
DBASE_COLUMNS = "CODE C(9); NAME C(60); COUNTY C(6); AREA N(10,2); ISSUED D; IS_RURAL L"

Cells = list[list[str]]


def content_of(name: str) -> bytes:
    return (PUBLIC / name).read_bytes()


def text_of(name: str) -> str:
    return content_of(name).decode(ENCODINGS[name])


def as_csv_reads(text: str) -> Cells:
    return list(csv.reader(io.StringIO(text, newline="")))


def as_pandas_reads(content: bytes, encoding: str) -> Cells:
    table = pd.read_csv(
        io.BytesIO(content), encoding=encoding, dtype=str, header=None, keep_default_na=False, na_filter=False
    )
    return table.to_numpy().tolist()


def kept(value: Any) -> str:
    """Write a cell of another library: a whole number without a point, a blank as nothing."""
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def squared(rows: Cells) -> Cells:
    """Drop blank cells at the rows' ends: libraries differ in how wide a sheet is."""
    return [row[: max((i + 1 for i, cell in enumerate(row) if cell), default=0)] for row in rows]


@pytest.mark.parametrize("name", FILES)
def test_a_public_table_is_read_as_pythons_csv_and_as_pandas_read_it(name):
    grid = read_text(content_of(name))
    assert grid.cells == as_csv_reads(text_of(name)) == as_pandas_reads(content_of(name), ENCODINGS[name])
    assert grid.condemned == []
    assert len(grid.cells) == grid.total_lines == content_of(name).count(b"\n") > 50


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", FILES)
def test_a_public_table_says_the_same_in_every_encoding(name, encoding):
    grid = read_text(text_of(name).encode(encoding))
    assert grid.cells == as_csv_reads(text_of(name))
    assert grid.condemned == []


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
@pytest.mark.parametrize("name", FILES)
def test_a_public_table_says_the_same_with_every_delimiter(name, delimiter):
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerows(as_csv_reads(text_of(name)))
    assert read_text(written.getvalue().encode("gb18030")).cells == as_csv_reads(text_of(name))


def test_names_that_gb2312_cannot_write_are_read():
    names = {row[1] for row in read_text(content_of("villages.csv")).cells}
    assert {"丽璟社区", "圪垯泉村委会", "新藴社区居民委员会"} <= names


@pytest.mark.parametrize("name", FILES)
def test_a_table_of_no_contract_is_named_with_all_its_lines(name):
    (table,) = read_file(DeliveredFile(name, content_of(name), ""))
    assert isinstance(table, Unrecognised)
    assert (table.code, table.total_lines) == ("UNRECOGNISED", content_of(name).count(b"\n"))


@pytest.mark.parametrize("code_page", ["cp936", "utf8"])
def test_a_dbf_of_another_library_is_read_as_a_third_reads_it(tmp_path, code_page):
    path = tmp_path / "TOWN.dbf"
    rows = as_csv_reads(text_of("townships.csv"))[1:]
    written = dbf_library.Table(str(path), DBASE_COLUMNS, codepage=code_page, dbf_type="db3")
    written.open(mode=dbf_library.READ_WRITE)
    for number, (code, name, county) in enumerate(rows):
        written.append((code, name, county, number / 4, date(2023, 1, 1 + number % 28), number % 2 == 0))
    written.close()
    theirs = [
        [*list(row.values())[:3], f"{row['AREA']:.2f}", f"{row['ISSUED']:%Y%m%d}", "T" if row["IS_RURAL"] else "F"]
        for row in DBF(path, encoding={"cp936": "gb18030", "utf8": "utf-8"}[code_page])
    ]
    grid = read_dbf(path.read_bytes())
    assert grid.cells[0] == ["CODE", "NAME", "COUNTY", "AREA", "ISSUED", "IS_RURAL"]
    assert [[cell.strip() for cell in row] for row in grid.cells[1:]] == theirs
    assert [row[:3] for row in theirs] == rows


def parquet_of(name: str) -> bytes:
    """Write a public table as pandas types it: numbers, texts and missing values."""
    buffer = io.BytesIO()
    pd.read_csv(io.BytesIO(content_of(name)), encoding=ENCODINGS[name]).to_parquet(buffer, index=False)
    return buffer.getvalue()


@pytest.mark.parametrize("name", FILES)
def test_a_parquet_table_is_read_as_duckdb_and_pandas_read_it(tmp_path, name):
    path = tmp_path / "table.parquet"
    path.write_bytes(parquet_of(name))
    relation = duckdb.connect().from_parquet(str(path))
    theirs = [relation.columns, *[[kept(value) for value in row] for row in relation.fetchall()]]
    grid = read_parquet(path.read_bytes())
    assert grid.cells == theirs
    frame = pd.read_parquet(path)
    with_gaps = [["" if pd.isna(v) else kept(v) for v in row] for row in frame.to_numpy(dtype=object)]
    assert grid.cells[1:] == with_gaps


def test_a_parquet_table_keeps_every_kind_of_value_that_a_second_reader_finds(tmp_path):
    path = tmp_path / "kinds.parquet"
    columns = {
        "code": pa.array([659900198001010011, None]),
        "money": pa.array([Decimal("1320.50"), None], pa.decimal128(18, 2)),
        "day": pa.array([date(2026, 3, 5), None]),
        "text": pa.array(["〇垯璟", ""]),
    }
    pq.write_table(pa.table(columns), path)
    theirs = duckdb.connect().from_parquet(str(path)).fetchall()
    assert read_parquet(path.read_bytes()).cells[1:] == [[kept(value) for value in row] for row in theirs]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What LibreOffice makes of the public tables: xlsx, xls of that, and what it reads back from the xls."""
    folder = tmp_path_factory.mktemp("office")
    for name in FILES:
        (folder / name).write_text(text_of(name), encoding="utf-8", newline="")
    sources = [str(folder / name) for name in FILES]
    convert(folder, "xlsx", sources, f"--infilter={IMPORT}")
    convert(folder, "xls", [source.replace(".csv", ".xlsx") for source in sources])
    (folder / "back").mkdir()
    convert(folder, EXPORT, [source.replace(".csv", ".xls") for source in sources], "--outdir", str(folder / "back"))
    return folder


def convert(folder: Path, to: str, sources: list[str], *words: str) -> None:
    """Convert all files in one process with a profile of its own."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [str(shutil.which("soffice")), profile, "--headless", "--convert-to", to]
    where = [] if "--outdir" in words else ["--outdir", str(folder)]
    subprocess.run([*command, *where, *words, *sources], check=True, capture_output=True, timeout=120)


@pytest.mark.office
@pytest.mark.parametrize("name", FILES)
def test_a_workbook_of_libreoffice_is_read_as_openpyxl_reads_it(office, name):
    content = (office / name.replace(".csv", ".xlsx")).read_bytes()
    page = openpyxl.load_workbook(io.BytesIO(content), read_only=False).active
    theirs = [[kept(value) for value in row] for row in page.iter_rows(values_only=True)]
    (grid,) = read_workbook(content)
    assert squared(grid.cells) == squared(theirs)
    assert grid.total_lines == page.max_row == text_of(name).count("\n")


@pytest.mark.office
@pytest.mark.parametrize("name", FILES)
def test_an_xls_of_libreoffice_is_read_as_libreoffice_reads_it_back(office, name):
    theirs = as_csv_reads((office / "back" / name).read_text(encoding="utf-8"))
    (grid,) = read_workbook((office / name.replace(".csv", ".xls")).read_bytes())
    assert squared(grid.cells) == squared(theirs)


@pytest.mark.office
@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
@pytest.mark.parametrize("name", FILES)
def test_a_table_loses_nothing_on_its_way_through_libreoffice(office, name, suffix):
    (grid,) = read_workbook((office / name.replace(".csv", suffix)).read_bytes())
    assert squared(grid.cells) == squared(as_csv_reads(text_of(name)))
