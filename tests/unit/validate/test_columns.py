"""Columns first: what a column is found to be is what each of its rows would have been found to be."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from data_contracts.examples import EXAMPLES
from data_contracts.fields import check_character
from data_contracts.registry import INCOMING, FieldSpec, field_specs
from village_credit.errors import ContractsDisagree
from village_credit.texts import SAMPLE, Texts, texts_of
from village_credit.validate import identity, normalise, rows, verdicts
from village_credit.validate.rows import Batch, validate

EVERY_FIELD = [(contract, spec) for contract in INCOMING for spec in field_specs(contract)]
# One field of each kind of column, by what is asked of it
KINDS = {
    (spec.kind, str(INCOMING[contract].model_fields[spec.name].annotation), spec.labels, spec.column.banded): (
        contract,
        spec,
    )
    for contract, spec in EVERY_FIELD
}
SHORT = ["".join(letters) for size in (1, 2, 3) for letters in itertools.product("0129.-+eX_ 是，１٣", repeat=size)]
NEARLY = (
    "12.34",
    "999999999999.99",
    "9999999999.9999",
    "2026-02-29",
    "2024-02-29",
    "1900-01-01",
    "659900198001010011",
    "65990019800101001X",
    "659900800101001",
    "650101********1234",
    "65990010020101",
    "6599001002010100017",
    "659900100201010001",
    "659900100",
    "91652800MA77KX1234",
    "0993-2600001",
    "王五",
    "買買提·艾力",
    "团结村(一组)",
    "JJ-2026-1",
)


def near(text: str) -> list[str]:
    """Return a text with one letter left out, put in or changed."""
    letters = "09.-X ×*·٣"
    out = [text[:at] + text[at + 1 :] for at in range(len(text))]
    put = [text[:at] + letter + text[at:] for at in range(len(text) + 1) for letter in letters]
    changed = [text[:at] + letter + text[at + 1 :] for at in range(len(text)) for letter in letters]
    return [text, *out, *put, *changed]


NASTY = [*SHORT, *(text for word in NEARLY for text in near(word)), "汉" * 50, "汉" * 51, "a" * 254, "a" * 255, ""]


def one_by_one(contract: str, spec: FieldSpec, texts: list[str]) -> list[Any]:
    """Ask pydantic of each text by itself; what it refuses is None."""
    info = INCOMING[contract].model_fields[spec.name]
    asked = TypeAdapter(Annotated[info.annotation, *info.metadata])
    found: list[Any] = []
    for text in texts:
        try:
            found.append(asked.validate_python(text))
        except ValidationError:
            found.append(None)
    return found


@pytest.mark.parametrize(("contract", "spec"), KINDS.values(), ids=lambda given: getattr(given, "name", given))
def test_a_column_s_verdict_is_that_of_each_of_its_values(contract, spec):
    found = verdicts.verdict(contract, spec.name, spec.kind, pa.array([None, *NASTY], pa.string()))
    expected = one_by_one(contract, spec, NASTY)
    assert found.sound.to_pylist() == [None, *(value is not None for value in expected)]
    assert found.typed.to_pylist() == [None, *expected]


@pytest.mark.parametrize(("contract", "spec"), KINDS.values(), ids=lambda given: getattr(given, "name", given))
def test_a_column_is_normalised_as_each_of_its_cells(contract, spec):
    texts = [
        *NASTY,
        '="012"',
        " 12 ",
        "5万-20万",
        "12元",
        "2026年3月5日",
        "2026.10",
        "长期",
        "9999-12-31",
        "\ue815",
        "é",
    ]
    rule = normalise._rule(spec)
    expected = [normalise._blank_to_none(text, rule) for text in texts]
    canonical, changed = normalise.normalise_column(spec, texts_of(pa.array(texts, pa.string())))
    assert canonical.of_rows().to_pylist() == expected
    assert changed == sum(bool(text) and text != found for text, found in zip(texts, expected, strict=True))


def test_money_and_land_are_converted_by_columns():
    decimals = [(contract, spec) for contract, spec in EVERY_FIELD if spec.column.unit]
    assert decimals
    assert all(verdicts._proof(contract, spec.name) for contract, spec in decimals)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(st.lists(st.one_of(st.none(), st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True)), max_size=30), st.dates())
def test_numbers_of_people_are_told_as_one_by_one(numbers, day):
    born = f"659900{day:%Y%m%d}123" if day.year >= 1000 else "65990019000229123"
    numbers += [born + check_character(born), *map("".join, zip(born, born[::-1], strict=True))]
    numbers += ["659900198001010", "650101********1234", "6.5E+17", "65990019800101000", "", "护照"]
    column = pa.array(numbers, pa.string())
    assert identity.statuses_of(column).to_pylist() == [
        None if number is None else identity.id_status(number) for number in numbers
    ]


def test_numbers_are_told_alike_some_at_a_time(monkeypatch):
    numbers = pa.array([*NEARLY, None, "65990019800101001X"] * 3)
    whole = identity.statuses_of(numbers)
    monkeypatch.setattr(identity, "PART_NUMBERS", 7)
    assert identity.statuses_of(numbers).equals(whole)


@pytest.mark.parametrize("day", ["19000229", "20000229", "20230229", "20240229", "20240230", "18991231", "20241301"])
@pytest.mark.parametrize("place", ["20240100", "20240132", "20240431", "20240000"])
def test_a_day_is_of_the_calendar_for_a_column_too(day, place):
    numbers = [f"659900{text}123" for text in (day, place)]
    whole = pa.array([number + check_character(number) for number in numbers])
    assert identity.statuses_of(whole).to_pylist() == [identity.id_status(number) for number in whole.to_pylist()]


def test_what_stands_more_than_once_is_asked_once_and_what_does_not_as_it_stands():
    few = texts_of(pa.array(["一村", None, "二村", "一村"] * SAMPLE))
    assert few.values.to_pylist() == ["一村", "二村"]
    many = pa.array([str(number) for number in range(2 * SAMPLE)])
    assert texts_of(many).places is None
    for texts, rows_of in ((few, ["一村", None, "二村", "一村"] * SAMPLE), (texts_of(many), many.to_pylist())):
        assert texts.of_rows().to_pylist() == rows_of
    assert isinstance(texts_of(pa.chunked_array([], pa.string())), Texts)


DAYS = ("", "2025-12-31", "2026-01-01", "2026-01-02")
AREAS = ("", "0", "0.01", "0.99", "1", "1.01", "1.02", "100", "101", "101.01")
SOUND = {
    "land_parcel": {"measured_mu": AREAS, "contract_mu": AREAS},
    "land_transfer": {
        "measured_mu": ("", "0", "1", "1.01", "1.02"),
        "contract_mu": ("", "0", "1", "2"),
        "starts_on": DAYS,
        "ends_on": DAYS,
        "rent_yuan": ("", "0", "0.09", "9.99", "10", "11", "9999", "10000", "10000.01"),
    },
    "contractor_change": {
        "old_code": ("659900100201010001", "659900100201010002"),
        "new_code": ("659900100201010001", "659900100201010003"),
    },
    "monitored_household": {"identified_in": DAYS, "left_on": DAYS},
    "bank_conduct": {
        "opened_on": DAYS[1:],
        "due_on": DAYS[1:],
        "days_overdue": ("0", "1", "2"),
        "max_days_overdue": ("0", "1", "2"),
        "overdue_since": DAYS,
        "cured_on": DAYS,
    },
    "credit_line": {"starts_on": DAYS[1:], "ends_on": DAYS[1:]},
    "negative_list": {"listed_on": DAYS[1:], "repaired_on": DAYS},
    "branch_change": {"old_code": ("B1", "B2"), "new_code": ("B1", "B3")},
    "receipt": {"outcome": ("imported", "refused", "changed"), "branch_limit_yuan": ("", "0", "1000")},
    "campaign_plan": {"starts_on": DAYS[1:], "ends_on": DAYS[1:]},
}


def spread(contract: str) -> Batch:
    """Return every combination of what a contract's rules over several fields ask, the other fields sound."""
    asked = SOUND[contract]
    base = {name: text for name, text in EXAMPLES[contract].items() if name not in asked}
    combined = [dict(zip(asked, texts, strict=True)) | base for texts in itertools.product(*asked.values())]
    lines = pa.array(range(2, len(combined) + 2), pa.int32())
    columns = {name: pa.array([row.get(name, "") for row in combined], pa.string()) for name in [*asked, *base]}
    units = {spec.name: spec.column.unit for spec in field_specs(contract) if spec.column.unit}
    return Batch(contract, pa.table({"line_number": lines, "last_line": lines, **columns}), units)


def test_every_contract_with_rules_over_fields_says_where_they_hold():
    ruled = {name for name, model in INCOMING.items() if model.__pydantic_decorators__.model_validators}
    assert ruled == set(SOUND) == {name for name, model in INCOMING.items() if model.sound_where}


@pytest.mark.parametrize("contract", SOUND)
def test_where_rules_over_fields_are_said_to_hold_pydantic_holds_them_to(contract, monkeypatch):
    """Every row is judged as a row here, and a row that only its columns accept is refused as a contradiction."""
    given = spread(contract)
    expected, told = by_rows(given, monkeypatch)
    monkeypatch.setattr(rows, "AUDITED", 1)
    found, findings = validate(given)
    assert found.equals(expected)
    assert findings.equals(told)
    assert 0 < found.num_rows < given.rows.num_rows
    proven = rows._rules_hold(contract, found)
    assert pc.sum(proven).as_py() > found.num_rows / 3  # it must prove most, or it saves nothing


def by_rows(given: Batch, monkeypatch: pytest.MonkeyPatch) -> tuple[pa.Table, pa.Table]:
    """Judge every row as a row: no column proves anything."""
    with monkeypatch.context() as patched:
        patched.setattr(rows, "_rules_hold", lambda _, table: pa.array([False] * table.num_rows))
        return validate(given)


def nasty(contract: str) -> Batch:
    """Return a table each of whose rows has one nasty cell, and some rows that are sound."""
    base = EXAMPLES[contract]
    words = [*NEARLY, "-1", "0", "100", "#REF!", "=A1", "Err:502", "e", "", "2.345", "1e3", "6.5E+17", "1" * 300]
    broken = [{**base, name: word} for name in base for word in words]
    table = [row for one in broken for row in (one, base)]
    lines = pa.array(range(2, len(table) + 2), pa.int32())
    columns = {name: pa.array([row[name] for row in table], pa.string()) for name in base}
    units = {spec.name: spec.column.unit for spec in field_specs(contract) if spec.column.unit}
    return Batch(contract, pa.table({"line_number": lines, "last_line": lines, **columns}), units)


@pytest.mark.parametrize("contract", INCOMING)
def test_every_contract_judges_by_columns_as_by_rows(contract, monkeypatch):
    given = nasty(contract)
    expected, told = by_rows(given, monkeypatch)
    monkeypatch.setattr(rows, "AUDITED", 1)
    found, findings = validate(given)
    assert found.equals(expected)
    assert findings.equals(told)
    assert found.num_rows
    assert findings.num_rows


def every_value_sound(contract: str, name: str, kind: Any, values: pa.StringArray) -> verdicts.Verdict:
    found = REAL_VERDICT(contract, name, kind, values)
    return verdicts.Verdict(found.typed, pc.is_valid(values))


def no_bounds(pattern: str, _bounds: Any, values: pa.StringArray, target: pa.DataType) -> verdicts.Verdict:
    return REAL_BY_ARROW(pattern, (), values, target)


def nothing_spoilt(values: pa.StringArray) -> pa.BooleanArray:
    return pa.array([False] * len(values))


def every_number_valid(numbers: pa.StringArray) -> pa.StringArray:
    return pa.array(["valid"] * len(numbers), pa.string())


def all_rules_hold(_contract: str, table: pa.Table) -> pa.BooleanArray:
    return pa.array([True] * table.num_rows)


REAL_VERDICT, REAL_BY_ARROW = verdicts.verdict, verdicts._by_arrow
MUTANTS = {
    "any value is sound": (rows, "verdict", every_value_sound, "land_subsidy"),
    "no bound is asked": (verdicts, "_by_arrow", no_bounds, "land_subsidy"),
    "no cell is spoilt": (rows, "_may_be_spoilt", nothing_spoilt, "land_subsidy"),
    "no number is malformed": (identity, "statuses_of", every_number_valid, "related_party"),
    "rules over fields hold": (rows, "_rules_hold", all_rules_hold, "bank_conduct"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_column_that_finds_too_much_sound_is_caught_by_the_rows_that_are_judged_all_the_same(mutant, monkeypatch):
    module, name, wrong, contract = MUTANTS[mutant]
    given = nasty(contract) if contract != "bank_conduct" else spread(contract)
    monkeypatch.setattr(rows, "AUDITED", 1)
    validate(given)
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(ContractsDisagree, match=r"fault of the program") as raised:
        validate(given)
    assert raised.value.exit_code == 6
    assert "吐尔逊" not in str(raised.value)


def test_of_the_rows_that_columns_accept_one_in_a_thousand_is_judged_as_a_row(monkeypatch):
    asked = []
    judge = rows._judge_part
    monkeypatch.setattr(rows, "_judge_part", lambda *words: asked.append(len(words[2].lines)) or judge(*words))
    base = EXAMPLES["land_issuer"]
    count = 2 * rows.AUDITED + 1
    lines = pa.array(range(2, count + 2), pa.int32())
    columns = {name: pa.array([text] * count, pa.string()) for name, text in base.items()}
    accepted, _ = validate(Batch("land_issuer", pa.table({"line_number": lines, "last_line": lines, **columns})))
    assert accepted.num_rows == count
    assert asked == [3]
