"""A reason that holds a telephone or an ID number is refused in whatever dress; days, sums and references pass."""

from __future__ import annotations

import pytest

from data_contracts.toml_file import has_long_number
from village_credit.errors import UsageError
from village_credit.ledger.four_eyes import required_reason

DRESSED = [
    *("13800138000", "138 0013 8000", "138-0013-8000", "138－0013－8000", "１３８００１３８０００", "138.0013.8000"),
    *(
        "１３８　００１３　８０００",
        "138/0013/8000",
        "(138)00138000",
        "+86 138 0013 8000",
        "138_0013_8000",
        "138，0013，8000",
    ),
    *(
        "1 3 8 0 0 1 3 8 0 0 0",
        "1-3-8-0-0-1-3-8-0-0-0",
        "一三八零零一三八零零零",
        "幺三八〇〇幺三八〇〇〇",
        "一三八 零零一三 八零零零",
    ),
    *(
        "壹叁捌零零壹叁捌零零零",
        "138零零一三8000",
        "①③⑧00138000",
        "138a0013b8000",
        "138转0013转8000",
        "138\u200b0013\u200b8000",
    ),
    *("138—0013—8000", "138·0013·8000", "138\n0013\n8000", "٠١٢٣٤٥٦٧٨٩٠", "0991-1234567890", "653199 1997 0718 4117"),
    "1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣",
]
PLAIN = [
    *(
        "committee of 2026-11-02, item 12",
        "2026-11-02 15:30",
        "银保监发〔2021〕6号",
        "会议纪要2026年第12号，3582户",
        "一户一策，三年为期",
    ),
    *(
        "limit raised to 200000",
        "meeting 2026-11-02, minutes 031",
        "2026年11月2日 第12号",
        "30户，9人同意",
        "二〇二六年十一月二日会议",
    ),
]


@pytest.mark.parametrize("text", DRESSED)
def test_a_number_of_a_person_is_refused_in_every_dress(text: str):
    assert has_long_number(text)
    with pytest.raises(UsageError, match="person's number"):
        required_reason(f"ask {text} about it")


@pytest.mark.parametrize("text", PLAIN)
def test_days_sums_and_references_pass(text: str):
    assert not has_long_number(text)
    assert required_reason(text) == text


@pytest.mark.parametrize(
    "text",
    ["659900 1983-10-15 0237", "659900-1983-10-15-0237", "659900 1983年10月15日 0237", "of 659900/1983/10/15/023x"],
)
def test_a_day_in_the_middle_of_an_id_number_hides_it_not(text: str):
    assert has_long_number(text)


def test_days_beside_codes_of_places_are_no_numbers_of_people():
    assert not has_long_number("county 659900 as of 2026-11-01")
    assert not has_long_number("659900, 2026-11-01, 2026-12-01")
