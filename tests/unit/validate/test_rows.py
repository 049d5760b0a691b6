"""The contract is the only judge of a row, and says of each refused one why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.reasons import ROW_REASONS
from data_contracts.registry import field_specs
from village_credit.errors import ExtractRejected
from village_credit.validate import rows as rows_module
from village_credit.validate.rows import Batch, shape, validate

ID = "659900198001010011"
SUBSIDY = {
    "year": "2026",
    "payee_name": "王五",
    "id_number": ID,
    "village_name": "团结村",
    "subsidised_mu": "11.5",
    "paid_yuan": "1320.55",
}
LOAN = {
    "id_number": ID,
    "loan_number": "JJ-1",
    "opened_on": "2025-03-05",
    "due_on": "2026-03-05",
    "max_days_overdue": "3",
    "days_overdue": "0",
    "cutoff_on": "2026-10-31",
}
UNITS = {"subsidised_mu": "mu", "paid_yuan": "yuan", "leased_out_mu": "mu"}


def batch(contract: str, *rows: dict[str, str]) -> Batch:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in names}
    lines = pa.array(range(2, len(rows) + 2), pa.int32())
    return Batch(contract, pa.table({"line_number": lines, "last_line": lines, **columns}), dict(UNITS))


def reasons(contract: str, row: dict[str, str]) -> set[tuple[str, str]]:
    """Return (field, reason) of what quarantines a row; nothing where it is accepted."""
    accepted, findings = validate(batch(contract, row))
    found = {(f["field"], f["reason_code"]) for f in findings.to_pylist() if f["is_quarantine"]}
    assert accepted.num_rows == (not found)
    return found


def test_a_valid_row_is_typed():
    accepted, findings = validate(batch("land_subsidy", SUBSIDY))
    (row,) = accepted.to_pylist()
    assert (row["year"], row["subsidised_mu"], row["paid_yuan"]) == (2026, Decimal("11.5"), Decimal("1320.55"))
    assert (row["line_number"], row["id_status"], row["leased_out_mu"]) == (2, "valid", None)
    assert findings.num_rows == 0


@pytest.mark.parametrize(
    ("field", "written", "reason"),
    [
        ("paid_yuan", "1e3", "UNREADABLE_NUMBER"),
        ("paid_yuan", "1_000", "UNREADABLE_NUMBER"),
        ("paid_yuan", "٣٣٣", "UNREADABLE_NUMBER"),
        ("paid_yuan", "①", "UNREADABLE_NUMBER"),
        ("paid_yuan", "NaN", "UNREADABLE_NUMBER"),
        ("paid_yuan", "Infinity", "UNREADABLE_NUMBER"),
        ("paid_yuan", "1.5万元", "UNREADABLE_NUMBER"),
        ("paid_yuan", "1.005", "TOO_MANY_DECIMALS"),
        ("paid_yuan", "-0.01", "NEGATIVE_NUMBER"),
        ("paid_yuan", "5万-20万", "INTERVAL_NOT_ALLOWED"),
        ("paid_yuan", "#N/A", "ERROR_CELL"),
        ("subsidised_mu", "1.00005", "TOO_MANY_DECIMALS"),
        ("subsidised_mu", "#DIV/0!", "ERROR_CELL"),
        ("year", "26", "UNREADABLE_YEAR"),
        ("year", "2026.5", "UNREADABLE_YEAR"),
        ("payee_name", "王" * 51, "TOO_LONG"),
        ("id_number", "6.50E+17", "ID_UNRECOVERABLE"),
        ("id_number", "6599001980", "ID_MALFORMED"),
        ("paid_yuan", "", "REQUIRED_EMPTY"),
        ("id_number", " ", "REQUIRED_EMPTY"),
        ("leased_out_mu", "不详", "UNREADABLE_NUMBER"),
    ],
)
def test_what_is_no_plain_value_quarantines_with_its_reason(field, written, reason):
    assert reasons("land_subsidy", SUBSIDY | {field: written}) == {(field, reason)}


@pytest.mark.parametrize(
    ("written", "yuan"),
    [("１２", "12"), ("1,000", "1000"), ("¥7.50", "7.50"), ("0", "0"), ("999999999999.99", "999999999999.99")],
)
def test_what_a_rule_makes_plain_is_accepted(written, yuan):
    accepted, _ = validate(batch("land_subsidy", SUBSIDY | {"paid_yuan": written}))
    assert accepted.column("paid_yuan").to_pylist() == [Decimal(yuan)]


@pytest.mark.parametrize("written", ["2026-02-30", "86400", "1704067200", "2026-13-01", "12/31/2026", "1899-12-31"])
def test_what_is_no_day_of_the_calendar_is_no_day(written):
    assert reasons("bank_conduct", LOAN | {"cutoff_on": written}) == {("cutoff_on", "UNREADABLE_DATE")}


@pytest.mark.parametrize("zero", ["0", "00000000"])
def test_zero_is_no_day_of_1970_but_an_empty_one(zero):
    assert reasons("bank_conduct", LOAN | {"cutoff_on": zero}) == {("cutoff_on", "REQUIRED_EMPTY")}


def test_a_leap_day_is_a_day():
    accepted, _ = validate(batch("bank_conduct", LOAN | {"opened_on": "2024-02-29"}))
    assert accepted.column("opened_on").to_pylist() == [date(2024, 2, 29)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"due_on": "2025-03-04"}, "ENDS_BEFORE_START"),
        ({"days_overdue": "4"}, "DAYS_DISAGREE"),
        ({"due_on": "2025-03-05"}, None),
    ],
)
def test_values_that_contradict_each_other_quarantine(changes, reason):
    assert reasons("bank_conduct", LOAN | changes) == ({("", reason)} if reason else set())


@pytest.mark.parametrize(
    ("contract_mu", "is_accepted"),
    [("1.4851", False), ("1.4852", True), ("1.5", True), ("1.5151", True), ("1.5152", False)],
)
def test_two_areas_agree_within_one_hundredth(contract_mu, is_accepted):
    parcel = {
        "parcel_code": "6599001002010100001",
        "issuer_code": "65990010020101",
        "contractor_code": "659900100201010001",
        "measured_mu": "1.5",
        "contract_mu": contract_mu,
    }
    rows = [parcel, *[parcel | {"contract_mu": "1.5"}] * 3]
    accepted, findings = validate(batch("land_parcel", *rows))
    assert accepted.num_rows == 3 + is_accepted
    assert findings.column("reason_code").to_pylist() == ([] if is_accepted else ["AREA_UNIT_CONFLICT"])


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (ID[:15] + "***", "excel_damaged"),
        ("6599**********0015", "masked"),
        (ID[:17] + "6", "check_digit"),
        ("659900800101001", "valid_15"),
    ],
)
def test_a_damaged_id_passes_with_its_status_and_waits_for_linkage(number, status):
    accepted, findings = validate(batch("land_subsidy", SUBSIDY | {"id_number": number}))
    assert accepted.column("id_status").to_pylist() == [status]
    assert findings.num_rows == 0


def test_another_document_has_no_check_digit():
    contractor = {
        "contractor_code": "659900100201010001",
        "contractor_type": "1",
        "contractor_name": "王五",
        "document_type": "2",
        "id_number": "军字第1号",
    }
    accepted, _ = validate(batch("land_contractor", contractor))
    assert accepted.column("id_status").to_pylist() == ["other_document"]


def test_an_unreadable_ancillary_value_becomes_null_with_a_finding_and_quarantines_nothing():
    contractor = {
        "contractor_code": "659900100201010001",
        "contractor_type": "1",
        "contractor_name": "王五",
        "document_type": "1",
        "id_number": ID,
        "phone": "无",
    }
    accepted, findings = validate(batch("land_contractor", contractor))
    assert accepted.column("phone").to_pylist() == [None]
    assert findings.select(["field", "reason_code", "is_quarantine"]).to_pylist() == [
        {"field": "phone", "reason_code": "ANCILLARY_UNREADABLE", "is_quarantine": False}
    ]


def test_every_broken_rule_of_a_row_is_told_at_once():
    broken = SUBSIDY | {"year": "", "paid_yuan": "1e3", "id_number": "无"}
    assert reasons("land_subsidy", broken) == {
        ("year", "REQUIRED_EMPTY"),
        ("paid_yuan", "UNREADABLE_NUMBER"),
        ("id_number", "ID_MALFORMED"),
    }


def test_findings_show_the_shape_of_a_value_and_not_the_value():
    _, findings = validate(batch("land_subsidy", SUBSIDY | {"paid_yuan": "约１２a元", "id_number": "65990019800101"}))
    shown = dict(zip(findings["field"].to_pylist(), findings["value_masked"].to_pylist(), strict=True))
    assert shown == {"paid_yuan": "汉99x汉", "id_number": "*" * 14}
    assert shape(None, None) == ""


@pytest.mark.parametrize(("bad", "is_rejected"), [(18, False), (19, True)])
def test_an_extract_of_which_more_than_nine_tenths_is_refused_is_rejected_whole(bad, is_rejected):
    rows = [SUBSIDY] * (20 - bad) + [SUBSIDY | {"year": "x"}] * bad
    if not is_rejected:
        assert validate(batch("land_subsidy", *rows))[0].num_rows == 20 - bad
        return
    with pytest.raises(ExtractRejected, match=r"only 1 of 20 rows.*deliver it again") as refusal:
        validate(batch("land_subsidy", *rows))
    assert refusal.value.code == "TOO_MANY_QUARANTINED"


def test_a_small_extract_is_judged_row_by_row():
    accepted, findings = validate(batch("land_subsidy", *[SUBSIDY | {"year": "x"}] * 19))
    assert (accepted.num_rows, findings.num_rows) == (0, 19)


def test_rows_are_judged_alike_in_parts_and_at_once(monkeypatch):
    rows = [SUBSIDY | {"paid_yuan": text} for text in ["1", "x", "2", "3", "", "4", "5"]]
    whole = validate(batch("land_subsidy", *rows))
    monkeypatch.setattr(rows_module, "PART_ROWS", 2)
    parts = validate(batch("land_subsidy", *rows))
    assert [table.to_pylist() for table in parts] == [table.to_pylist() for table in whole]


texts = st.sampled_from(
    [
        "",
        "0",
        "1",
        "2",
        "是",
        "x",
        "无",
        "王五",
        "2026",
        "2026-03-05",
        "-5",
        "1e3",
        "#N/A",
        "9" * 300,
        "6599**********0015",
        "6599*********0X",
        "65990019800101000X",
        "6.5E+17",
        "5万-20万",
        "69000",
        "659900100201010001",
        "\u00b7",
        "1.23456",
        "12,000",
    ]
)


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(
    st.sampled_from(
        ["land_contractor", "land_member", "household_economy", "bank_conduct", "trader_referral", "land_transfer"]
    ),
    st.data(),
)
def test_each_row_is_accepted_or_has_a_known_reason(contract, data):
    names = [spec.name for spec in field_specs(contract)]
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, texts)), min_size=1, max_size=3))
    given_batch = batch(contract, *rows)
    said = {spec.name: spec.column.unit for spec in field_specs(contract) if spec.column.unit}
    accepted, findings = validate(Batch(contract, given_batch.rows, said))
    refused = {f["line_number"] for f in findings.to_pylist() if f["is_quarantine"]}
    assert refused.isdisjoint(accepted["line_number"].to_pylist())
    assert len(refused) + accepted.num_rows == len(rows)
    assert set(findings["reason_code"].to_pylist()) <= set(ROW_REASONS)


def test_a_table_that_is_refused_says_what_most_of_its_rows_break():
    rows = [{**SUBSIDY, "paid_yuan": "约1320", "payee_name": "" if at < 5 else "王五"} for at in range(20)]
    with pytest.raises(ExtractRejected) as refused:
        validate(batch("land_subsidy", *rows))
    said = str(refused.value)
    assert "only 0 of 20 rows" in said
    assert f"{ROW_REASONS['UNREADABLE_NUMBER']} (20 rows)" in said
    assert f"{ROW_REASONS['REQUIRED_EMPTY']} (5 rows)" in said
