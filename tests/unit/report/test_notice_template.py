"""Texts that are sent are whole, say what they must, and fit one message; an unsound file is refused in a sentence."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from data_contracts.branch import PRODUCT_ORDER
from village_credit.errors import MissingInput
from village_credit.report.letter import Sender, is_rare, letter
from village_credit.report.notice_template import BOUND, SMS_UNITS, NoticeTemplate, read_template, units_of
from village_credit.report.printed_html import printed_page

SHIPPED = Path(__file__).parents[3] / "src" / "village_credit" / "report" / "templates"
LANGUAGES = ("zh", "ug", "kk")
SENDER = Sender({"ug": "بانكا"}, "某信用社", "城关分社", "0000-1000071", None, "2026-11-02")
LINE = {
    "kind": "granted",
    "name": "甲",
    "village": "某村",
    "reference": "b" + "a" * 26,
    "product": "farmer_line",
    "limit_yuan": 60_000,
    "previous_yuan": 0,
    "term_months": 36,
    "valid_from": "2026-11-02",
    "valid_to": "2029-11-01",
    "annual_rate_bp": 450,
    "annual_cost_bp": 475,
    "binding_term": "need",
    "reason_codes": [],
}


def said(language: str) -> NoticeTemplate:
    return read_template(language).said


def changed(tmp_path: Path, old: str, new: str, language: str = "zh") -> Path:
    text = (SHIPPED / f"{language}.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / f"{language}.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_widest_message_of_every_language_is_one_sms(language: str):
    template = said(language)
    figures = {"signature": "沙枣农信", "limit": "200000", "term": "36", "telephone": "09000000000"}
    rate = template.isolated("15.25%"[1:])
    for product in PRODUCT_ORDER:
        values = figures | {"product": template.products[product], "rate": rate}
        texts = [template.sms_of("granted", values | {"bound": template.bound[term]}) for term in BOUND]
        texts += [template.sms_of(kind, values) for kind in ("lost", "frozen")]
        assert max(map(units_of, texts)) <= SMS_UNITS


def test_a_letter_beyond_the_first_plane_counts_twice_as_an_sms_counts_it():
    assert units_of("𠮷a") == 3


def test_who_has_not_been_read_by_a_speaker_says_so():
    assert not said("ug").reviewed_by
    assert not said("kk").reviewed_by


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("{rate},依", "依", "sms.granted lacks {rate}"),
        ("{bank}已为您家", "已为{village}", r"letter.granted lacks {bank}; letter.granted: nothing fills {village}"),
        ('none = "除利息外不收取其他费用"', 'none = "{"', "charges.none: its braces cannot be read"),
        ("{figure} 元", "{figure:,} 元", "units.yuan: its braces cannot be read"),
        ('farmer_line = "农贷通"\n', "", "products lacks, or has beyond what is told: farmer_line"),
        ('version = "zh-2026.12"\n', "", "version: Field required"),
        ('careful = "', 'carefully = "', "letter.careful: Field required; letter.carefully: Extra inputs"),
        ('language = "zh"', 'language = "ug"', "says that it is of language ug"),
        ("[sms]", "[sms", "it is not TOML"),
        ('reviewed_by = "', 'reviewed_by = "古丽 10000000001 ', "reviewed_by: Value error, it holds what may be"),
    ],
)
def test_a_template_that_lacks_a_field_is_refused_in_a_sentence(tmp_path: Path, old: str, new: str, sentence: str):
    with pytest.raises(MissingInput, match=f"^notice template zh.toml.*{re.escape(sentence)}"):
        read_template("zh", changed(tmp_path, old, new))


def test_a_language_without_a_template_is_refused_by_name(tmp_path: Path):
    with pytest.raises(MissingInput, match=r"^no notice template ug\.toml in "):
        read_template("ug", tmp_path)


def test_a_template_in_another_encoding_is_refused_in_a_sentence(tmp_path: Path):
    (tmp_path / "zh.toml").write_bytes((SHIPPED / "zh.toml").read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(MissingInput, match="it is not text in UTF-8"):
        read_template("zh", tmp_path)


def test_a_letter_says_every_figure_in_its_own_direction_in_each_language():
    page = letter([LINE], SENDER, [said("zh"), said("ug")], [])
    assert page.count('<bdi dir="ltr">60,000</bdi>') == 2
    assert page.count('<bdi dir="ltr">4.50%</bdi>') == 2
    assert page.count('<bdi dir="ltr">0000-1000071</bdi>') == 4
    assert '<article lang="ug" dir="rtl">' in page
    assert "由生产经营的资金需要决定" in page
    assert "<bdi>بانكا</bdi>" in page


def test_a_letter_of_a_changed_limit_says_what_it_was(tmp_path: Path):
    for before, told in ((45_000, 1), (60_000, 0), (0, 0), (None, 0)):
        page = letter([LINE | {"previous_yuan": before}], SENDER, [said("zh"), said("ug"), said("kk")], [])
        assert [page.count(said(language).labels.former) for language in ("zh", "ug", "kk")] == [told] * 3
        assert page.count('<bdi dir="ltr">45,000</bdi>') == 3 * told
    older = read_template("zh", changed(tmp_path, 'former = "原额度"\n', "")).said
    assert "45,000" not in letter([LINE | {"previous_yuan": 45_000}], SENDER, [older], [])


def test_a_letter_names_each_charge_with_its_payee():
    charge = {"charge": "保险费", "payee": "某保险公司", "basis": "yearly", "share_ppm": 5000}
    charges = [charge | {"product": "farmer_line"}, charge | {"product": "trader_loan", "charge": "担保费"}]
    page = letter([LINE], SENDER, [said("zh")], charges)
    assert '<bdi>保险费</bdi>每年<bdi dir="ltr">0.50%</bdi>（<bdi>某保险公司</bdi>收取）' in page
    assert "担保费" not in page


@pytest.mark.parametrize(
    ("codes", "told"), [(["NO_ROOM_NEED"], "按生产经营需要测算没有可授信额度"), (["NEGATIVE_LIST"], "原因涉及个人信息")]
)
def test_who_lost_a_line_is_told_so_and_of_no_member_why(codes: list[str], told: str):
    page = letter([LINE | {"kind": "lost", "reason_codes": codes}], SENDER, [said("zh")], [])
    assert "额度已停用" in page
    assert told in page
    assert "60,000" not in page


def test_a_reason_behind_one_that_is_not_told_is_not_told_either():
    page = letter([LINE | {"kind": "lost", "reason_codes": ["OVERDUE_90", "LOWEST_BAND"]}], SENDER, [said("zh")], [])
    assert "评分" not in page


@pytest.mark.parametrize(("name", "rare"), [("古丽", False), ("𠮷田", True), ("\ue863", True), ("㛃", False)])
def test_a_name_that_a_printer_may_have_no_form_of_leaves_room_to_write_it(name: str, rare: bool):
    assert is_rare(name) == rare
    assert ('class="hand"' in letter([LINE | {"name": name}], SENDER, [said("zh")], [])) == rare


def test_a_name_is_no_markup():
    assert "<b>甲</b>" not in letter([LINE | {"name": "<b>甲</b>"}], SENDER, [said("zh")], [])


def test_the_letters_need_nothing_beside_them():
    page = printed_page("某信用社", [letter([LINE], SENDER, [said("ug")], [])]).decode("utf-8")
    assert "data:font/woff2;base64," in page
    assert "http" not in page


def help_of(what: str, amount: str, crop: str | None = None) -> dict[str, object]:
    return {"what": what, "amount": Decimal(amount), "crop": crop}


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_lost_a_line_reads_what_could_help_and_of_no_loan(language: str):
    helps = [help_of("loan", "900"), help_of("crop", "7.5000", "棉花"), help_of("sheep", "12"), help_of("cattle", "2")]
    lost = LINE | {"kind": "lost", "reason_codes": ["NO_ROOM_NEED"]}
    template = said(language)
    page = letter([lost | {"helps": helps}], SENDER, [template], [])
    assert '<bdi dir="ltr">7.5</bdi>' in page
    assert "<bdi>棉花</bdi>" in page
    assert '<bdi dir="ltr">12</bdi>' in page
    assert "900" not in page
    assert page.count(template.helps["between"]) == 1  # two things, no more
    assert template.helps["label"] not in letter([lost | {"helps": helps[:1]}], SENDER, [template], [])
    silent = template.model_copy(update={"helps": {}})
    assert "棉花" not in letter([lost | {"helps": helps}], SENDER, [silent], [])


def test_a_template_that_speaks_of_help_has_every_word_of_it(tmp_path: Path):
    with pytest.raises(MissingInput, match="helps lacks, or has beyond what is told: sheep"):
        read_template("zh", changed(tmp_path, 'sheep = "台账记载的羊多 {amount} 只"\n', ""))
