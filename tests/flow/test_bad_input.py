"""Bad deliveries: each is answered with what, where and what to do, and the rest of the county is taken in."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
import xlsxwriter

from data_contracts.fields import check_character
from data_contracts.reasons import EXTRACT_REASONS, ROW_REASONS
from village_credit.cli import main
from village_credit.extract.grid import DeliveredFile
from village_credit.extract.inbox import pull, reading_order
from village_credit.ingest.county import take_in
from village_credit.intake import Intake, Source
from village_credit.synthetic import synthesize

COUNTY, AS_OF = "659900", date(2026, 11, 1)
SUBSIDY = "农业农村局/惠民惠农/2026年耕地地力保护补贴.csv"
MONITORED = "农经站/监测对象.xls"
REGISTER = "农业农村局/确权登记/659900承包地确权成果.zip"
BOOKS = "农经站/红柳乡/农户经济台账.xlsx"
PAYEES = ["年度", "姓名", "身份证号", "所在村", "实际补贴面积(亩)", "实发金额(元)"]
GROWERS = ["年度", "姓名", "身份证号", "所在村", "作物", "种植面积(亩)"]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county of 30 households without damage; never written to."""
    folder = tmp_path_factory.mktemp("bad") / "inbox"
    synthesize(folder, COUNTY, 2, 30, 3, AS_OF)
    return folder


@pytest.fixture(scope="module")
def county(inbox: Path) -> dict[str, bytes]:
    return {file.file_name: file.content for file in pull(inbox, COUNTY)}


@pytest.fixture(scope="module")
def sound(county: dict[str, bytes]) -> Intake:
    return taken(county)


def taken(files: dict[str, bytes]) -> Intake:
    names = sorted(files, key=reading_order)
    delivered = [DeliveredFile(name, files[name], hashlib.sha256(files[name]).hexdigest()) for name in names]
    return take_in(delivered, AS_OF, COUNTY)


def workbook(*rows: list[object]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("表")
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return buffer.getvalue()


def outcomes(intake: Intake) -> dict[str, Counter[str]]:
    """Count each file's lines by outcome; a file without lines has an empty count."""
    found: dict[str, Counter[str]] = {source.file_name: Counter() for source in intake.sources}
    for line in intake.reconciliation.to_pylist():
        found[intake.sources[line["source_id"]].file_name][line["outcome"]] += 1
    return found


def assert_the_rest_is_taken_in(intake: Intake, sound: Intake, bad: str) -> None:
    rest, expected = outcomes(intake), outcomes(sound)
    rest.pop(bad)
    expected.pop(bad, None)
    assert rest == expected


def only_source(intake: Intake, file_name: str) -> Source:
    (source,) = [source for source in intake.sources if source.file_name == file_name]
    return source


def texts(table: pa.Table) -> list[str]:
    return [str(value) for row in table.to_pylist() for value in row.values()]


def score(inbox: Path, store: Path, *words: str) -> int:
    return main(
        [
            "score",
            "--inbox",
            str(inbox),
            "--county",
            COUNTY,
            "--as-of",
            str(AS_OF),
            "--by",
            "1001",
            "--store",
            str(store),
            *words,
        ]
    )


def payee(sound: Intake) -> dict[str, str]:
    """A payee whose ID number the register knows by the same name."""
    members = set(sound.settled["land_member"].column("person_id").to_pylist())
    rows = sound.settled["land_subsidy"].to_pylist()
    return next(row for row in rows if row["person_id"] in members and row["person_id"][-1] != "X")


def test_an_empty_inbox_ends_with_7_and_says_who_owes_what(tmp_path, capsys):
    (tmp_path / "inbox" / COUNTY).mkdir(parents=True)
    assert score(tmp_path / "inbox", tmp_path / "store") == 7
    assert f"inbox of county {COUNTY} is empty: ask the offices to deliver" in capsys.readouterr().err


def test_an_unknown_county_ends_with_7_and_says_which_folder_is_expected(inbox, tmp_path, capsys):
    assert score(inbox, tmp_path / "store", "--county", "659999") == 7
    told = capsys.readouterr().err
    assert "no folder for county 659999: expected 659999/ below the inbox" in told
    assert "Traceback" not in told


def test_a_county_without_its_register_ends_with_3_and_says_whom_to_ask(county, tmp_path, capsys):
    for name in [SUBSIDY, MONITORED]:
        path = tmp_path / "inbox" / COUNTY / name
        path.parent.mkdir(parents=True)
        path.write_bytes(county[name])
    assert score(tmp_path / "inbox", tmp_path / "store") == 3
    told = capsys.readouterr().err
    assert f"county {COUNTY}: no usable land_issuer" in told
    assert "ask the agriculture bureau for its land register" in told


def test_a_damaged_register_is_named_where_nobody_can_be_scored(county, inbox, tmp_path, capsys):
    path = tmp_path / "inbox" / COUNTY / REGISTER
    path.parent.mkdir(parents=True)
    path.write_bytes(county[REGISTER][:-30])
    assert score(tmp_path / "inbox", tmp_path / "store") == 3
    assert f"{REGISTER}: the zip archive is damaged or cut short: deliver it again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "code", "advice"),
    [
        ("农经站/名单.xls", b"<html><table><tr><td>1</td></tr></table>", "NOT_WHAT_NAME_SAYS", "save it as xlsx"),
        ("农经站/截断.xlsx", workbook(PAYEES, PAYEES)[:3000], "UNREADABLE_FILE", "deliver it again"),
        ("农经站/空.csv", b"", "EMPTY_FILE", "deliver the file itself"),
        (
            "农经站/确权.mdb",
            b"\x00\x01\x00\x00Standard Jet DB" + bytes(100),
            "ACCESS_DATABASE",
            "deliver the CSV files",
        ),
        ("农经站/坏.parquet", b"PAR1" + bytes(100), "UNREADABLE_FILE", "deliver it again"),
    ],
)
def test_a_file_that_cannot_be_read_is_rejected_with_what_to_do(county, sound, name, content, code, advice):
    intake = taken(county | {name: content})
    source = only_source(intake, name)
    assert source.rejected is not None
    assert source.rejected[0] == code in EXTRACT_REASONS
    assert advice in source.rejected[1]
    assert_the_rest_is_taken_in(intake, sound, name)


def test_a_file_under_another_formats_name_is_read_and_noted(county, sound):
    name = SUBSIDY.replace(".csv", ".xlsx")
    intake = taken({name if key == SUBSIDY else key: content for key, content in county.items()})
    assert only_source(intake, name).notes == [("NOT_WHAT_NAME_SAYS", "named .xlsx, but is text")]
    assert outcomes(intake)[name] == outcomes(sound)[SUBSIDY]


def test_a_zip_bomb_is_refused_and_the_members_beside_it_are_read(county, sound):
    buffer = io.BytesIO(county[REGISTER])
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("属性/炸弹.csv", bytes(32 << 20))
    intake = taken(county | {REGISTER: buffer.getvalue()})
    (refused,) = [source for source in intake.sources if source.rejected]
    assert refused.sheet == "属性/炸弹.csv"
    assert refused.rejected == ("ARCHIVE_REFUSED", "member unpacks to an implausible size")
    assert outcomes(intake) == outcomes(sound)


def test_a_link_out_of_the_inbox_is_named_and_its_target_never_read(county, tmp_path, capsys):
    secret = tmp_path / "外部.csv"
    secret.write_bytes(county[SUBSIDY])
    for name, content in county.items():
        path = tmp_path / "inbox" / COUNTY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "inbox" / COUNTY / "链接.csv").symlink_to(secret)
    assert score(tmp_path / "inbox", tmp_path / "store", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    (refused,) = told["rejected"]
    assert refused["file"].startswith("链接.csv")
    assert "a link that leaves the inbox; deliver the file itself" in refused["why"]
    assert told["counts"]["lines"].get("duplicate", 0) == 0


def test_a_file_that_no_contract_knows_is_named_with_what_it_lacks(county, sound):
    name = "农经站/通讯录.csv"
    intake = taken(county | {name: "姓名,身份证号,爱好\r\n甲,1,棋\r\n".encode("gb18030")})
    ((code, detail),) = only_source(intake, name).notes
    assert code == "UNRECOGNISED"
    assert "nearest contract" in detail
    assert "lacks" in detail
    assert outcomes(intake)[name] == {"layout": 2}
    assert_the_rest_is_taken_in(intake, sound, name)


def test_a_column_of_ethnicity_is_dropped_and_its_values_stand_in_no_table(county, sound):
    rows = [line.split(",") for line in county[SUBSIDY].decode("gb18030").splitlines()]
    at = next(row.index("民族") for row in rows if "民族" in row)
    marked = [
        [*row[:at], "某族标记" if row[at].endswith("族") and row[at] != "民族" else row[at], *row[at + 1 :]]
        for row in rows
    ]
    content = "\r\n".join(",".join(row) for row in marked).encode("gb18030")
    assert "某族标记".encode("gb18030") in content
    intake = taken(county | {SUBSIDY: content})
    assert ("民族", "attribute") in only_source(intake, SUBSIDY).dropped_columns
    tables = [intake.links, intake.identities, intake.places, intake.reconciliation, intake.findings]
    for table in [*tables, *intake.facts.values(), *intake.settled.values()]:
        assert not any("某族标记" in text for text in texts(table))
    assert outcomes(intake) == outcomes(sound)


def test_the_same_rows_in_a_second_file_are_duplicates_and_its_header_is_layout(county, sound):
    name = SUBSIDY.replace(".csv", "二.csv")
    intake = taken(county | {name: county[SUBSIDY].decode("gb18030").encode("utf-8-sig")})
    first = outcomes(sound)[SUBSIDY]
    assert outcomes(intake)[name] == {"duplicate": first["accepted"], "layout": first["layout"]}
    assert not only_source(intake, name).is_copy
    assert_the_rest_is_taken_in(intake, sound, name)


@pytest.mark.parametrize("original", [SUBSIDY, MONITORED, REGISTER])
def test_each_line_of_a_byte_copy_is_a_duplicate(county, sound, original):
    name = f"备份/{original}"
    intake = taken(county | {name: county[original]})
    assert outcomes(intake)[name] == {"duplicate": outcomes(sound)[original].total()}
    assert all(source.is_copy == (source.file_name == name) for source in intake.sources)
    assert_the_rest_is_taken_in(intake, sound, name)


def test_an_id_stored_as_a_number_is_repaired_where_one_person_fits(county, sound):
    known, name = payee(sound), "农业农村局/2025年补贴.xlsx"
    row = [2025, known["payee_name"], float(known["person_id"]), known["village_name"], 10, 1200]
    intake = taken(county | {name: workbook(PAYEES, row)})
    assert outcomes(intake)[name] == {"layout": 1, "accepted": 1}
    (repaired,) = [r for r in intake.settled["land_subsidy"].to_pylist() if r["id_status"] == "excel_damaged"]
    assert repaired["person_id"] == known["person_id"]
    assert_the_rest_is_taken_in(intake, sound, name)


def test_an_id_stored_as_a_number_is_quarantined_where_two_people_fit(county, sound):
    known, name = payee(sound), "农业农村局/2025年补贴.xlsx"
    first_17 = known["person_id"][:15] + ("98" if known["person_id"][15:17] != "98" else "97")
    namesake = [2026, known["payee_name"], first_17 + check_character(first_17), known["village_name"], "小麦", 5]
    row = [2025, known["payee_name"], float(known["person_id"]), known["village_name"], 10, 1200]
    files = county | {name: workbook(PAYEES, row), "农业农村局/申报.xlsx": workbook(GROWERS, namesake)}
    intake = taken(files)
    assert outcomes(intake)[name] == {"layout": 1, "quarantined": 1}
    (finding,) = [f for f in intake.findings.to_pylist() if intake.sources[f["source_id"]].file_name == name]
    assert (finding["line_number"], finding["reason_code"]) == (2, "ID_DAMAGED")
    assert "以文本格式重报" in ROW_REASONS["ID_DAMAGED"]


def test_an_id_stored_as_a_number_is_quarantined_where_nobody_fits(county, sound):
    name = "农业农村局/2025年补贴.xlsx"
    row = [2025, "查无此人", 659900198001010011.0, payee(sound)["village_name"], 10, 1200]
    intake = taken(county | {name: workbook(PAYEES, row)})
    assert outcomes(intake)[name] == {"layout": 1, "quarantined": 1}
    assert_the_rest_is_taken_in(intake, sound, name)


def test_a_rejected_table_quarantines_its_rows_with_the_units_reason(county, sound):
    name = "农业农村局/无单位.xlsx"
    header = [label.split("(")[0] for label in PAYEES]
    row = [2026, "王五", "659900198001010011", payee(sound)["village_name"], 0.8, 0.1]
    intake = taken(county | {name: workbook(header, row)})
    assert only_source(intake, name).rejected[0] == "UNIT_UNKNOWN"
    assert "state the unit in the header" in only_source(intake, name).rejected[1]
    assert outcomes(intake)[name] == {"layout": 1, "quarantined": 1}
    assert_the_rest_is_taken_in(intake, sound, name)


def test_a_stray_far_cell_costs_its_sheet_and_not_the_county(county, sound):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("表")
        page.write_row(0, 0, PAYEES)
        page.write(1048575, 16383, "x")
    name = "农经站/远.xlsx"
    intake = taken(county | {name: buffer.getvalue()})
    assert only_source(intake, name).rejected[1] == "a cell far off from the table: delete it and deliver again"
    assert_the_rest_is_taken_in(intake, sound, name)
