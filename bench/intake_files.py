"""The measured table as files: GB18030 CSV, xlsx, and the plain UTF-8 CSV of the floor; synthetic payees."""

from __future__ import annotations

import random
import sys
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

from data_contracts.fields import check_character

HEADER = (
    "年度",
    "姓名",
    "身份证号",
    "所在村",
    "所在组",
    "承包地面积(亩)",
    "流转出面积(亩)",
    "代耕代种面积(亩)",
    "实际补贴面积(亩)",
    "实发金额(元)",
)
NAMES = ("吐尔逊·阿合买提", "王五", "阿依古丽·买买提", "李某某", "欧阳某")
WRONG = ((0, "去年"), (2, "659900198001010010"), (8, "不详"), (9, "-5"), (1, ""))
WRONG_SHARE = 0.01
_PARTS = {
    "[Content_Types].xml": (
        '<?xml version="1.0" encoding="UTF-8"?><Types '
        'xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default '
        'Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<?xml version="1.0" encoding="UTF-8"?><Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<?xml version="1.0" encoding="UTF-8"?><workbook '
        'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet '
        'name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<?xml version="1.0" encoding="UTF-8"?><Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def write_files(folder: Path, rows: int) -> None:
    """Write the same rows three times: `table.csv` (GB18030), `table.xlsx`, `plain.csv` (UTF-8)."""
    folder.mkdir(parents=True)
    table = [_row(number) for number in range(rows)]
    chance = random.Random(5)  # noqa: S311  # the same rows every time
    for number in chance.sample(range(rows), int(rows * WRONG_SHARE)):
        column, value = WRONG[number % len(WRONG)]
        table[number][column] = value
    text = "\r\n".join(",".join(row) for row in (HEADER, *table)) + "\r\n"
    (folder / "table.csv").write_bytes(text.encode("gb18030"))
    (folder / "plain.csv").write_bytes(text.encode("utf-8"))
    _write_xlsx(folder / "table.xlsx", table)


def _row(number: int) -> list[str]:
    first_17 = f"659900{1950 + number % 55}0{1 + number % 9}{10 + number // 7 % 18}{number % 1000:03d}"
    area = 1 + number % 400 / 10
    return [
        "2025",
        NAMES[number % 5],
        first_17 + check_character(first_17),
        f"第{number // 2500}村",
        f"{1 + number % 9}组",
        f"{area + 1:.1f}",
        "1.0",
        "0",
        f"{area:.1f}",
        f"{area * 115.5:.2f}",
    ]


def _write_xlsx(path: Path, table: list[list[str]]) -> None:
    """Write the parts directly: numbers as numbers, the rest as text, as an office's export would."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in _PARTS.items():
            packed.writestr(name, content)
        with packed.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(
                b'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            )
            for number, row in enumerate((list(HEADER), *table), start=1):
                cells = "".join(_cell("ABCDEFGHIJ"[at], number, value, at) for at, value in enumerate(row))
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")


def _cell(letter: str, number: int, value: str, at: int) -> str:
    if (at == 0 or at > 4) and value.replace(".", "", 1).lstrip("-").isdigit():
        return f'<c r="{letter}{number}"><v>{value}</v></c>'
    return f'<c r="{letter}{number}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


if __name__ == "__main__":
    write_files(Path(sys.argv[1]), int(sys.argv[2]))
