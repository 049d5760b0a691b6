"""Spelling is made one, kind by kind; what is not understood stays as it came, for the contract to refuse."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.fields import Kind
from data_contracts.registry import FieldSpec, field_specs
from village_credit.extract.headers import plain, split_unit
from village_credit.texts import texts_of
from village_credit.validate.normalise import day, half_width, is_interval, name, normalise_column
from village_credit.validate.private_use import LETTERS


def spec_of(contract: str, field: str) -> FieldSpec:
    return next(spec for spec in field_specs(contract) if spec.name == field)


YUAN = spec_of("land_subsidy", "paid_yuan")
COUNT = spec_of("household_economy", "sheep")
YEAR = spec_of("land_subsidy", "year")
CODE = spec_of("branch", "branch_code")
BANDED = spec_of("family_farm", "income_yuan")
SEX = spec_of("land_member", "sex")
EVERY_KIND = [
    next(spec for spec in field_specs(contract) if spec.kind is kind)
    for contract, kind in [
        ("land_issuer", Kind.TEXT),
        ("related_party", Kind.NAME),
        ("related_party", Kind.ID),
        ("branch", Kind.CODE),
        ("trader_referral", Kind.PHONE),
        ("related_party", Kind.DAY),
        ("monitored_household", Kind.MONTH),
        ("land_subsidy", Kind.YEAR),
        ("household_economy", Kind.COUNT),
        ("land_subsidy", Kind.YUAN),
        ("land_subsidy", Kind.MU),
        ("crop_declaration", Kind.KILOGRAM),
        ("land_member", Kind.LABEL),
    ]
]


def cell(spec: FieldSpec, text: str) -> str | None:
    canonical, _ = normalise_column(spec, texts_of(pa.array([text], pa.string())))
    return canonical.of_rows()[0].as_py()


@pytest.mark.parametrize("mark", "•・‧．.⋅∙●。·･")
@pytest.mark.parametrize("blank", ["", " ", "\u3000"])
def test_every_interpunct_of_a_name_becomes_one(mark, blank):
    assert name(f"吐尔逊{blank}{mark}{blank}阿合买提") == "吐尔逊·阿合买提"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("王 五", "王五"),
        ("王\u3000五", "王五"),
        ("\U00020bb7田", "\U00020bb7田"),
        ("Ｔｕｒｓｕｎ", "Tursun"),
        ("ئابدۇ", "ئابدۇ"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_its_blanks(written, canonical):
    assert name(written) == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("2020.3.5", "2020-03-05"),
        ("2020/3/5", "2020-03-05"),
        ("2020-03-05", "2020-03-05"),
        ("2020年3月5日", "2020-03-05"),
        ("２０２０年３月５日", "2020-03-05"),
        ("20200305", "2020-03-05"),
        ("2020-03-05 00:00:00", "2020-03-05"),
        ("2020年3月", "2020-03-01"),
        ("202003", "2020-03-01"),
        ("45321", "2024-01-30"),
        ("45321.0", "2024-01-30"),
        ("0", ""),
        ("00000000", ""),
        ("2026-02-30", "2026-02-30"),
        ("20.3.5", "20.3.5"),
        ("3/5/2020", "3/5/2020"),
        ("长期", "长期"),
    ],
)
def test_a_day_is_written_as_iso_or_left_as_it_came(written, canonical):
    assert day(written) == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1,234.50", "1234.5"),
        ("1，234，567", "1234567"),
        ("１２", "12"),
        ("¥1,000", "1000"),
        ("￥1000元", "1000"),
        ("0012.00", "12"),
        ("+5", "5"),
        (".5", "0.5"),
        ("-0", "0"),
        ("'12", "12"),
        ('="12"', "12"),
        (" 12\r\n", "12"),
        ("1e3", "1e3"),
        ("1_000", "1_000"),
        ("12,34", "12,34"),
        ("1.5万元", "1.5万元"),
        ("约500", "约500"),
        ("5万-20万", "5万-20万"),
    ],
)
def test_a_number_is_plain_or_left_as_it_came(written, canonical):
    assert cell(YUAN, written) == canonical


@pytest.mark.parametrize(("spec", "written", "canonical"), [(COUNT, "12只", "12"), (YEAR, "2026年", "2026")])
def test_a_columns_own_unit_word_is_taken_off(spec, written, canonical):
    assert cell(spec, written) == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [("5万-20万", "50000"), ("5-20万元", "50000"), ("5万以下", "0"), ("20万元以上", "200000"), ("120000", "120000")],
)
def test_of_a_banded_value_the_lower_bound_counts(written, canonical):
    assert cell(BANDED, written) == canonical


def test_intervals_are_known_as_such():
    assert is_interval("5万-20万")
    assert is_interval("５万元以下")
    assert not is_interval("50000")


@pytest.mark.parametrize("blank", ["", " ", "\u3000", "\u00a0", "\ufeff", "\t\r\n", '=""', "\u200b"])
@pytest.mark.parametrize("spec", EVERY_KIND, ids=lambda spec: spec.kind.value)
def test_blank_is_nothing(spec, blank):
    assert cell(spec, blank) is None


@pytest.mark.parametrize(("written", "canonical"), [("男", "1"), ("女性", "2"), ("１", "1"), ("不详", "不详")])
def test_a_label_becomes_its_code_or_stays_as_it_came(written, canonical):
    assert cell(SEX, written) == canonical


def test_a_code_is_half_width_without_blanks_and_the_marks_of_excel():
    assert cell(CODE, "'６５９９ 00") == "659900"
    assert half_width("①½㎡") == "①½㎡"


def test_changed_cells_are_counted():
    _, changed = normalise_column(YUAN, texts_of(pa.array(["12", "1,000", "1,000", "", None, " 7"])))
    assert changed == 3


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(
    st.sampled_from(EVERY_KIND), st.text(st.sampled_from("0123456789.,-/年月日元亩万王·. ￥１E+*X\u3000"), max_size=12)
)
def test_what_is_canonical_stays_as_it_is(spec, text):
    once = cell(spec, text)
    assert once is None or cell(spec, once) == once


@pytest.mark.parametrize(
    ("header", "label", "unit"),
    [
        ("承包地面积（亩）", "承包地面积", "mu"),
        ("面积(公顷)", "面积", "hectare"),
        ("面积（m²）", "面积", "square_metre"),
        ("面积【㎡】", "面积", "square_metre"),
        ("收入\n(万元)", "收入", "ten_thousand_yuan"),
        ("＊交售量（公斤）", "交售量", "kilogram"),
        ("交售量(Kg)", "交售量", "kilogram"),
        ("羊(只)", "羊", None),
        ("所在乡（镇）", "所在乡(镇)", None),
    ],
)
def test_a_unit_in_brackets_is_taken_off_its_header(header, label, unit):
    assert split_unit(plain(header)) == (label, unit)


EXPIRES, DUE = spec_of("negative_list", "expires_on"), spec_of("bank_conduct", "due_on")


@pytest.mark.parametrize(
    "written",
    [
        *(
            "9999-12-31",
            "99991231",
            "2999年12月31日",
            "9999/12/31T00:00:00",
            "2958465",
            "9999",
            "9999-12",
            "3000-01-01",
        ),
        *("长期", "永久", "无期限", "长期有效", "９９９９－１２－３１", "未结清"),
    ],
)
def test_a_day_that_means_no_end_is_none(written):
    assert cell(EXPIRES, written) is None
    assert cell(DUE, written) == "2099-12-31"


@pytest.mark.parametrize("written", ["2206-01-01", "90000", "12345678", "9999-12-31x", "很久"])
def test_a_day_that_nobody_can_read_is_no_open_end(written):
    assert cell(EXPIRES, written) == written


def test_no_end_is_none_where_something_has_no_end():
    assert cell(spec_of("related_party", "updated_on"), "9999-12-31") == "9999-12-31"


def test_one_character_under_two_code_points_is_one():
    assert name("王\ue81e") == name("王\u9fb4")
    assert name("李\ue863") == name("李䶮") == "李䶮"
    assert cell(spec_of("land_issuer", "issuer_name"), "\ue863村") == "䶮村"


def test_the_table_of_moved_characters_is_the_standards_own_order():
    """Python's codec reads by the standard of 2000 or later: where it knows the letter, so must we."""
    codes = [bytes([0xFE, low]) for low in range(0x50, 0xA1) if low != 0x7F]
    read = [code.decode("gb18030") for code in codes]
    known = [place for place, letter in enumerate(read) if not "\ue000" <= letter <= "\uf8ff"]
    assert len(known) == 66
    assert [LETTERS[place] for place in known] == [read[place] for place in known]
