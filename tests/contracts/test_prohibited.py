"""What nobody may be judged by, in headers and in words."""

from __future__ import annotations

import pytest

from data_contracts.prohibited import prohibited_header, prohibited_word
from data_contracts.registry import INCOMING, field_specs


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("民族", "attribute"),
        ("健康状况", "attribute"),
        ("政治面貌", "attribute"),
        ("银行卡号", "account"),
        ("一卡通账号", "account"),
        ("姓名", None),
        ("家庭人口", None),
    ],
)
def test_a_column_is_refused_by_its_header(header, why):
    assert prohibited_header(header) == why


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("religion of the head", True),
        ("party_member", True),
        ("share_religion", True),
        ("genetic risk", True),
        ("残疾等级", True),
        ("general income", False),
        ("yields generated", False),
        ("land worked", False),
    ],
)
def test_a_word_is_refused_and_a_part_of_another_is_not(text, is_refused):
    assert (prohibited_word(text) is not None) == is_refused


def test_no_contract_asks_for_a_prohibited_column():
    headers = [
        header
        for name in INCOMING
        for spec in field_specs(name)
        for header in (spec.column.header, *spec.column.aliases)
    ]
    assert [header for header in headers if prohibited_header(header)] == []


def test_every_column_that_names_a_person_is_personal():
    for name in INCOMING:
        for spec in field_specs(name):
            if spec.kind.value in {"id", "phone"} or (spec.kind.value == "name"):
                assert spec.column.sensitivity == "C2", (name, spec.name)
