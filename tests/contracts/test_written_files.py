"""Files that people write, declarations and meetings.

What they say goes into the ledger and the views, and names nobody.
"""

from __future__ import annotations

import pytest

from data_contracts.meeting import MeetingRefused, read_meeting
from data_contracts.relief import DeclarationRefused, read_declaration

DECLARATION = (
    'cause = "disaster"\narea_codes = ["659900"]\nfrom = 2026-06-01\nto = 2026-07-01\ndocument = '
    '"新政办发〔2026〕12号"\nindustries = ["种植业"]\n'
)
MEETING = (
    'date = 2026-11-10\ntitle = "贷审会第12次会议"\nminutes = "纪要〔2026〕12号"\nmembers = [{ '
    'number = "2002", vote = "for" }]\n'
)
NUMBERS = ["65990019900101001X", "１３８００００００００", "١٣٨٠٠٠٠٠٠٠٠"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("words", ["新政办发〔2026〕12号", "种植业"])
def test_a_declaration_holds_no_person_s_number(number, words):
    assert read_declaration(DECLARATION)
    with pytest.raises(DeclarationRefused, match="person's number") as refused:
        read_declaration(DECLARATION.replace(words, f"张三 {number} 受灾证明"))
    assert number not in str(refused.value)
    assert "张三" not in str(refused.value)


@pytest.mark.parametrize("document", [" ", " 1号", "1号 ", "一\\n二", "号" * 101])
def test_a_document_s_number_is_one_line_without_blanks_around(document):
    with pytest.raises(DeclarationRefused, match="document"):
        read_declaration(DECLARATION.replace("新政办发〔2026〕12号", document))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_meeting_holds_no_person_s_number(number):
    with pytest.raises(MeetingRefused, match=r"minutes: .*person's number"):
        read_meeting(MEETING.replace("纪要〔2026〕12号", f"纪要 {number}"))


def test_a_byte_order_mark_before_the_first_line_is_no_fault():
    assert read_declaration("\ufeff" + DECLARATION) == read_declaration(DECLARATION)
    assert read_meeting("\ufeff" + MEETING) == read_meeting(MEETING)


@pytest.mark.parametrize("text", ["= x", f"a = {'[' * 5000}", f"a = {'1' * 5000}"])
def test_what_is_no_toml_is_refused_in_a_sentence(text):
    with pytest.raises(MeetingRefused, match="not TOML"):
        read_meeting(text)
