#!/usr/bin/env bash
# python-calamine 0.9.1: an error cell of a workbook comes back as an empty text, like a cell that nobody filled.
#
# Guess: a reader of typed cells says that a cell holds an error (#REF!, #N/A), so that a blank and an error are two.
# Seen:  to_python() gives "" for both, in .xlsx and in .xls. An amount that a spreadsheet could not calculate is then
#        an amount that the office did not give. Ours asks the sheet's XML, or the BIFF records, for errors.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5 xlwt==1.3.0
v/bin/python - <<'PY'
import openpyxl
import xlwt
from python_calamine import CalamineWorkbook

book = openpyxl.Workbook()
for column, value in enumerate(("#REF!", "#DIV/0!", None, 5), start=1):
    cell = book.active.cell(1, column, value)
    if isinstance(value, str):
        cell.data_type = "e"
book.save("a.xlsx")
old = xlwt.Workbook()
sheet = old.add_sheet("s")
sheet.row(0).set_cell_error(0, "#REF!")
sheet.row(0).set_cell_error(1, "#DIV/0!")
sheet.write(0, 3, 5)
old.save("a.xls")
for name in ("a.xlsx", "a.xls"):
    (row,) = CalamineWorkbook.from_path(name).get_sheet_by_index(0).to_python()
    print(name, row)
    assert row == ["", "", "", 5.0], "calamine tells errors from blanks now: the second reading may go"
print("python-calamine 0.9.1: error cells are empty texts, as before")
PY
