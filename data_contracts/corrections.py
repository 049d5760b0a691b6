"""The workbook in which an office gets its quarantined rows back: columns of ours beside the office's own."""

from __future__ import annotations

import hashlib

NUMBER_HEADER = "更正编号"  # ties a returned row to the row that it mends
LINE_HEADER = "原行号"
WHY_HEADER = "问题与期望"
OWN_HEADERS = (NUMBER_HEADER, LINE_HEADER, WHY_HEADER)
SUMMARY_TITLE = "更正说明"
FILE_WORD = "更正单"  # in the workbook's name: a returned row corrects, and supersedes on a tie
NUMBER_DIGITS = 16


def error_number(file_sha256: str, sheet: str, line_number: int) -> str:
    """Name a delivered row by the bytes it came in and its first line; says nothing of anybody."""
    return hashlib.sha256(f"{file_sha256}/{sheet}/{line_number}".encode()).hexdigest()[:NUMBER_DIGITS]
