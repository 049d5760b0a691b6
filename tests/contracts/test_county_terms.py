"""A county is a file: its own headers, labels, calendar and checks, without code; an unsound file says why."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data_contracts.county_terms import BARE_TERMS, CountyTerms, TermsRefused, read_terms
from data_contracts.registry import INCOMING, field_specs
from tests.conftest import AS_OF, Scored, new_store, next_run_id, request_of
from village_credit.errors import MissingInput
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.read import read_file
from village_credit.services.rules import default_counties, load_rules, load_terms
from village_credit.validate.rows import Batch, validate

OWN_KEY = bytes(32)  # no scorecard here is signed by it: the shipped one names its own
HEAD = 'county = "653101"\nreference = "示例"\n'
OWN = (
    HEAD
    + """
[aliases.land_subsidy]
paid_yuan = ["到户资金"]
[labels.monitored_household.household_type]
"已脱贫" = "脱贫户"
"""
)
SUBSIDY = "年度,姓名,身份证号,所在村,实际补贴面积(亩),到户资金(元)\n2026,王五,11010519491231002X,团结村,11,1320\n"
MONITORED = "户编号,户类型,姓名,身份证号,村\n6531010001,已脱贫,王五,11010519491231002X,团结村\n"


def terms_of(text: str) -> CountyTerms:
    return read_terms({"653101.toml": text})


def read(text: str, terms: CountyTerms) -> Extract | Unrecognised:
    content = text.encode("gb18030")
    (table,) = read_file(DeliveredFile("表.csv", content, hashlib.sha256(content).hexdigest()), terms)
    return table


def test_a_countys_own_header_is_known_there_and_nowhere_else():
    table = read(SUBSIDY, terms_of(OWN))
    assert isinstance(table, Extract)
    assert table.rows["paid_yuan"].to_pylist() == ["1320"]
    elsewhere = read(SUBSIDY, BARE_TERMS)
    assert isinstance(elsewhere, Unrecognised)
    assert "实发金额" in elsewhere.detail


def test_a_countys_own_label_stands_for_the_contracts_value():
    table = read(MONITORED, terms_of(OWN))
    assert isinstance(table, Extract), table.detail
    for terms, expected in ((terms_of(OWN), "脱贫户"), (BARE_TERMS, None)):
        batch = Batch(table.contract, table.rows, table.units, terms)
        accepted, findings = validate(batch)
        found = accepted["household_type"].to_pylist()
        assert found == ([expected] if expected else [])
        assert ("NOT_IN_LIST" in findings["reason_code"].to_pylist()) == (expected is None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + '[aliases.land_subsidy]\npaid_yuan = ["民族"]', "may not be read"),
        (HEAD + '[aliases.land_subsidy]\npaid_yuan = ["身份证号"]', "already names id_number"),
        (HEAD + '[aliases.land_subsidies]\npaid_yuan = ["金额"]', "no contract is named land_subsidies"),
        (HEAD + '[aliases.land_subsidy]\npaid = ["金额"]', "land_subsidy has no field paid"),
        (HEAD + '[labels.land_subsidy.paid_yuan]\n"多" = "1"', "has no list of values"),
        (HEAD + '[labels.monitored_household.household_type]\n"甲" = "乙"', "which is none of"),
        (HEAD + '[calendar.land_subsidy]\ndue = "10-31"', "need `dated_by`"),
        (HEAD + '[calendar.land_subsidy]\ndated_by = "paid_yuan"', "is no date"),
        (HEAD + '[calendar.related_party]\ndated_by = "updated_on"\ndue = "10-31"', "`due` needs a year"),
        (HEAD + '[calendar.land_subsidy]\ndated_by = "year"\ndue = "31-10"', "calendar.land_subsidy.due"),
        (HEAD + "[checks.land_subsidy]\nminimum_filled = { paid = 0.5 }", "has no field paid"),
        (HEAD + "[calendar.related_party]\nby_township = true", "no household to find"),
        (HEAD + "hidden = 1", "hidden"),
        ('county = "653102"\nreference = "x"', "says that it is of county 653102"),
        ("county = ", "it is not TOML"),
    ],
)
def test_unsound_terms_say_what_and_where(text: str, why: str):
    with pytest.raises(TermsRefused, match=why):
        terms_of(text)


def test_the_year_owed_follows_the_due_day():
    due = terms_of(HEAD + '[calendar.household_economy]\ndated_by="year"\ndue="03-31"\nyears_after=1').calendar
    owed = due["household_economy"].owed_year
    assert [owed(date(2026, 3, 30)), owed(date(2026, 3, 31)), owed(date(2026, 12, 31))] == [2024, 2025, 2025]


def test_a_countys_line_of_the_calendar_replaces_the_default_one():
    default = (default_counties() / "default.toml").read_text(encoding="utf-8")
    terms = read_terms({"default.toml": default, "653101.toml": HEAD + "[calendar.household_economy]\nis_needed=true"})
    assert terms.calendar["household_economy"].is_needed
    assert terms.calendar["household_economy"].due is None
    assert terms.calendar["land_subsidy"].due == "03-31"


def test_terms_without_words_leave_every_contract_as_it_is():
    terms, _ = load_terms(None, "659900")
    assert {name: terms.specs[name] for name in INCOMING} == {name: field_specs(name) for name in INCOMING}


def test_a_countys_file_gives_another_run_and_another_county_the_same(county_inbox: Path, tmp_path: Path):
    folder = tmp_path / "counties"
    folder.mkdir()
    (folder / "default.toml").write_bytes((default_counties() / "default.toml").read_bytes())
    plain = load_rules(request_of("659900", AS_OF, counties=folder), OWN_KEY).terms_sha256
    (folder / "659900.toml").write_text('county = "659900"\nreference = "示例"\n', encoding="utf-8")
    assert load_rules(request_of("659900", AS_OF, counties=folder), OWN_KEY).terms_sha256 != plain
    assert load_rules(request_of("653199", AS_OF, counties=folder), OWN_KEY).terms_sha256 == plain
    store = new_store(tmp_path)
    runs = [next_run_id(store, county_inbox, "659900", AS_OF, counties=c) for c in (None, folder)]
    assert runs[0] != runs[1]


def test_an_unsound_file_stops_its_county_with_what_to_mend(tmp_path: Path):
    (tmp_path / "659900.toml").write_text("county =", encoding="utf-8")
    with pytest.raises(MissingInput, match=r"659900.toml: it is not TOML"):
        load_terms(tmp_path, "659900")
    with pytest.raises(MissingInput, match=r"no terms for county 653199"):
        load_terms(tmp_path, "653199")


def test_a_county_is_called_what_its_terms_say_and_by_its_code_where_they_say_nothing():
    assert terms_of(HEAD + 'name = "塔什库尔干塔吉克自治县"\n').name == "塔什库尔干塔吉克自治县"
    assert terms_of(HEAD).name == BARE_TERMS.name == ""
    for name in ("A1县", "县 城", "县", "6531"):
        with pytest.raises(TermsRefused, match="name"):
            terms_of(HEAD + f'name = "{name}"\n')
    with pytest.raises(TermsRefused, match="the default is of all"):  # else every county were called so
        read_terms({"default.toml": 'county = "default"\nreference = "示例"\nname = "某某县"\n'})


def test_the_run_s_page_and_places_show_it(staged: Scored):
    places = pq.read_table(staged.store.run_folder(staged.run.run_id) / "places.parquet").to_pylist()
    assert [row["place_name"] for row in places if row["level"] == "county"] == ["沙枣县"]
    assert "沙枣县（659900）" in Path(staged.run.report).read_text(encoding="utf-8")


NOTICES = '[notices]\nbank = "某信用社"\nsignature = "某农信"\ntelephone = "0990-1000000"\n'


def test_what_households_are_told_of_the_bank_is_the_county_s_own_or_the_default_s():
    default = HEAD.replace("653101", "default") + NOTICES
    branch = '[notices.branches.0071]\ntelephone = "0990-1000071"\naddress = "一号"\n'
    own = HEAD + NOTICES.replace("某农信", "别家") + branch
    alone, both = read_terms({"default.toml": default}), read_terms({"default.toml": default, "653101.toml": own})
    assert alone.notices
    assert both.notices
    assert (alone.notices.signature, both.notices.signature) == ("某农信", "别家")
    assert [both.notices.telephone_of(code) for code in ("0071", "0072")] == ["0990-1000071", "0990-1000000"]
    assert both.notices.languages == ("zh", "ug")
    assert read_terms({"653101.toml": HEAD}).notices is None


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("0990-1000000", "请问支行", "notices.telephone"),
        ("0990-1000000", "12", "notices.telephone"),
        ("某农信", "【某农信】", "notices.signature"),
        ("某信用社", "", "notices.bank"),
        ('telephone = "0990-1000000"', 'languages = ["zh", "zh"]\ntelephone = "0990-1000000"', "notices"),
        ('telephone = "0990-1000000"', 'languages = ["en"]\ntelephone = "0990-1000000"', "notices.languages.0"),
        ('telephone = "0990-1000000"\n', "", "notices.telephone"),
    ],
)
def test_what_households_could_not_be_told_is_refused_with_its_place(old: str, new: str, place: str):
    with pytest.raises(TermsRefused, match=rf"^653101\.toml: {re.escape(place)}: "):
        read_terms({"653101.toml": HEAD + NOTICES.replace(old, new)})
