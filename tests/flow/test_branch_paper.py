"""Sheets and lists of a branch with 1,200 rows, as LibreOffice prints them; lists say what the package says."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zlib
from collections import Counter
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyrage import x25519

from data_contracts.branch import BranchRow
from tests.conftest import SIGNER, Scored, by_unit, copy_of, put_in_force
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.opt_outs import OPT_OUT
from village_credit.ledger.returned import SCHEMAS
from village_credit.publish import outbox
from village_credit.publish.approval_sheet import approval_sheets
from village_credit.publish.contact_list import BOOK, Contact, contact_files
from village_credit.publish.sealed_package import marks_of, sealed_files
from village_credit.services.casework import holds
from village_credit.services.casework.opt_outs import opt

ROWS = 1_200
MANIFEST = {"county_code": "659900", "branch_code": "0071", "publication_id": "p1", "sequence": 1}
PAGE = re.compile(rb"/Type\s*/Page\b")
ROW = BranchRow(
    household_ref="b" + "a" * 26,
    action="grant",
    product="farmer_line",
    name="阿卜都热依木·吾布力卡斯木",
    id_number="11010119000101001X",
    limit_yuan=12_000,
    previous_limit_yuan=5_000,
    term_months=36,
    valid_from=None,
    valid_to=None,
    review_due_on=None,
    rate_spread_bp=150,
    repayment_method="revolving",
    revolving=True,
    purposes="种植",
    customer_manager="0300",
    reason_zh="额度由产品上限与户上限扣除其他信用类授信后决定",
    annual_rate_bp=450,
    annual_cost_bp=450,
)
CONTACT = Contact(
    ROW.household_ref, "0300", "某村", ROW.name, "10000000001", True, "unsigned", "farmer_line", 12_000, None, ""
)


def lists(store_root: Path) -> list[dict[str, str]]:
    found = []
    for path in sorted(store_root.glob("outbox/*/p*/*/contacts.csv")):
        found += list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    return found


@pytest.mark.parametrize("name", ["limits.xlsx", BOOK])
def test_the_sums_of_a_large_branch_are_those_of_its_rows(name: str):
    sheet = openpyxl.load_workbook(io.BytesIO(books()[name])).worksheets[0]
    last = next(row for row in sheet.iter_rows(min_row=4) if str(row[0].value).startswith("合计"))
    assert last[0].value == f"合计（{ROWS} 笔）"
    assert last[7].value == ROWS * ROW.limit_yuan == sum(cell.value for cell in sheet["H"][3 : 3 + ROWS])
    assert sheet.print_title_rows == "$1:$3"


def books() -> dict[str, bytes]:
    return {"limits.xlsx": approval_sheets([ROW] * ROWS, [("某村", "10000000001")] * ROWS)} | {
        BOOK: contact_files([CONTACT] * ROWS)[BOOK]
    }


@pytest.mark.office
@pytest.mark.parametrize("name", ["limits.xlsx", BOOK])
def test_libreoffice_prints_a_large_branch_one_page_wide(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(books()[name])
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [str(shutil.which("soffice")), profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / name)], check=True, capture_output=True, timeout=180)
    printed = (tmp_path / name).with_suffix(".pdf").read_bytes()
    pages = len(PAGE.findall(printed))
    assert ROWS / 50 < pages < ROWS / 15  # twice as many where it were two pages wide
    assert ROWS in texts_shown(printed).values()  # what stands once in each row is printed as often: no row is left out


def texts_shown(pdf: bytes) -> Counter[bytes]:
    """How often each text is drawn, as its font numbers the letters."""
    shown: Counter[bytes] = Counter()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            drawn = zlib.decompressobj().decompress(stream)
        except zlib.error:
            continue  # a font, or a picture
        shown.update(re.findall(rb"(<[0-9A-Fa-f]+>|\[[^\]]*\])\s*T[jJ]", drawn))
    return shown


def test_lists_hold_each_granted_line_that_nobody_signed_and_nobody_who_wants_none(staged: Scored, tmp_path: Path):
    mine = copy_of(staged, tmp_path)
    decided = pq.read_table(mine.store.require_run(mine.run.run_id) / "decisions.parquet").to_pylist()
    granted = by_unit(
        mine.store, mine.run.run_id, [row["household_key"] for row in decided if row["decision"] == "granted"]
    )
    held, silent = granted[:2]
    holds.hold(mine.store, held, SIGNER, "test")
    opt(mine.store, OPT_OUT, silent, SIGNER)
    put_in_force(mine.store, mine.run.run_id)
    found = lists(mine.store.root)
    unsigned = [row for row in found if row["事由"] == "已授信未签约"]
    assert len(unsigned) == len(granted) - 2
    assert {row["customer_manager"].strip() for row in found} >= {"0300"}
    assert all(row["姓名"] for row in found)
    assert sum(row["村"] == "" for row in found) < len(found) / 20  # of lone traders alone no village is known


def test_what_came_back_moves_a_line_to_the_next_thing(published: Scored, monkeypatch: pytest.MonkeyPatch):
    ledger = Ledger.of(published.store)
    (told,) = ledger.publications
    decided = outbox.package_inputs(published.store, ledger, told).decisions.to_pylist()
    farmers = [row for row in decided if (row["product"], row["decision"]) == ("farmer_line", "granted")]
    keys = [row["household_key"] for row in farmers[:2]]
    came = {
        "contracts": [{"household_key": key, "product": "farmer_line"} for key in keys],
        "draws": [
            {"household_key": keys[0], "product": "farmer_line", "amount_yuan": 100, "contract_key": "c"}
            | {"drawn_on": date(2026, 11, 1), "purpose": "other"},
            {"household_key": keys[1], "product": "farmer_line", "amount_yuan": 100},
            {"household_key": keys[1], "product": "farmer_line", "amount_yuan": -100},
        ],
    }
    monkeypatch.setattr(
        outbox, "sealed_rows", lambda _store, _until, name: pa.Table.from_pylist(came.get(name, []), SCHEMAS[name])
    )
    usage = outbox.package_inputs(published.store, ledger, told).usage
    assert usage is not None
    assert usage.contracts.column("household_key").to_pylist() == keys
    assert usage.draws.column("household_key").to_pylist() == keys[:1]  # what was taken back is none
    assert usage.warned.to_pylist() == [
        {"household_key": keys[0], "product": "farmer_line", "warning": "drawn_against_purpose"}
    ]
    came["draws"][0] |= {"amount_yuan": 9_999_999, "purpose": "seed"}
    usage = outbox.package_inputs(published.store, ledger, told).usage
    assert usage is not None
    assert usage.warned.column("warning").to_pylist() == ["owed_above_limit"]


def test_a_sealed_package_names_whoever_stands_on_a_list_alone(published: Scored):
    files = contact_files([CONTACT]) | {"manifest.json": json.dumps(MANIFEST).encode(), "READY": b""}
    sealed = sealed_files(published.store.keys, files, [str(x25519.Identity.generate().to_public())])
    named = json.loads(sealed["sealed.json"])["named"]
    assert named == marks_of(published.store.keys, "p1", [CONTACT.household_ref])
