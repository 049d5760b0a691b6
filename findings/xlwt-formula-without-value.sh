#!/usr/bin/env bash
# xlwt 1.3.0: a formula is stored with a blank text as its value, without the flag that asks for recalculation.
#
# Guess: a formula that no spreadsheet has calculated says so in the file (an empty record, a flag), and a reader can
#        tell it from a formula whose value is an empty text.
# Seen:  the value that xlrd and python-calamine read is "", as of =IF(FALSE,1,""); nothing in the record says that
#        nobody calculated it. A column that is all such formulas is a column of blanks. Ours refuses a sheet all of
#        whose formulas are blank (FORMULA_NOT_CALCULATED) and cannot tell a single one.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check xlwt==1.3.0 xlrd==2.0.1 python-calamine==0.9.1
v/bin/python - <<'PY'
import xlrd
import xlwt
from python_calamine import CalamineWorkbook

book = xlwt.Workbook()
sheet = book.add_sheet("s")
sheet.write(0, 0, 2)
sheet.write(0, 1, xlwt.Formula("A1*3"))
book.save("a.xls")
by_xlrd = xlrd.open_workbook("a.xls").sheet_by_index(0).cell(0, 1)
(by_calamine,) = CalamineWorkbook.from_path("a.xls").get_sheet_by_index(0).to_python()
print("xlrd:", by_xlrd.ctype, repr(by_xlrd.value), "calamine:", by_calamine)
assert (by_xlrd.ctype, by_xlrd.value) in ((xlrd.XL_CELL_TEXT, ""), (xlrd.XL_CELL_EMPTY, ""))
assert by_calamine == [2.0, ""], "the formula has a value, or says that it has none"
print("xlwt 1.3.0: a formula without a value reads as an empty text, as before")
PY
