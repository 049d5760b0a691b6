"""A product's sheet says what the policy in force offers, and its ranges hold every line that was decided."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.browser import browser
from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, Scored
from tests.looked_at import asked_elsewhere, look, look_on_paper, paper_of
from village_credit import cli
from village_credit.errors import GateRefused, MissingInput, UsageError
from village_credit.policy.model import PolicyInForce
from village_credit.policy.sections import PRODUCTS
from village_credit.policy.units import policy_in_its_units
from village_credit.services.queries.product_sheets import Wanted, product_of, write_sheets

POLICY = MODELS / "limit_policy.toml"
TEXT = POLICY.read_text(encoding="utf-8")
CHARGE = """
[[charges]]
charge = "评估费"
payee = "某评估所"
basis = "once"
share = 0.012
from = 2024-01-01
reference = "x"
verified = true
"""
ZH = Wanted(COUNTY_OF_TESTS, AS_OF, ("zh",))


def in_force(text: str) -> PolicyInForce:
    return PolicyInForce(policy_in_its_units(text), AS_OF, COUNTY_OF_TESTS)


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_line_that_was_decided_is_within_its_sheet(published: Scored, product: str):
    rows = pq.read_table(published.store.require_run(published.run.run_id) / "decisions.parquet").to_pylist()
    sheet = product_of(in_force(TEXT), product)  # type: ignore[arg-type]
    mine = [row for row in rows if row["product"] == product and row["decision"] == "granted"]
    assert mine
    for row in mine:
        assert sheet.least_yuan <= row["limit_yuan"] <= sheet.most_yuan
        assert sheet.rate_bp[0] <= row["annual_rate_bp"] <= sheet.rate_bp[1]
        assert sheet.cost_bp[0] <= row["annual_cost_bp"] <= sheet.cost_bp[1]
        assert sheet.months[0] <= row["term_months"] <= sheet.months[1]
    assert (sheet.repayment, sheet.purposes) == (mine[0]["repayment_method"], mine[0]["purposes"])


def test_what_is_paid_once_is_spread_over_the_term_and_costs_most_in_the_shortest():
    sheet = product_of(in_force(TEXT + CHARGE), "farmer_line")
    assert sheet.rate_bp == (450, 600)
    assert sheet.cost_bp == (450 + 40, 600 + 120)
    assert sheet.charges == [{"charge": "评估费", "payee": "某评估所", "basis": "once", "share_ppm": 12_000}]


def test_a_grower_s_own_cap_is_the_most_and_the_household_s_is_above_none():
    more = (
        '  { name = "cap_large_grower", value = 900000, unit = "yuan", from = 2024-01-01, reference = "x", '
        "verified = true },\n"
    )
    raised = TEXT.replace("figures = [\n", "figures = [\n" + more).replace(
        'name = "household_cap", value = 200000', 'name = "household_cap", value = 500000'
    )
    assert [product_of(in_force(raised), name).most_yuan for name in ("farmer_line", "trader_loan")] == [
        500_000,
        100_000,
    ]


def test_a_sheet_says_that_it_is_a_draft_until_every_figure_is_verified(tmp_path: Path):
    done = write_sheets(POLICY, tmp_path / "a", None, ZH, force=False)
    assert done.drafts == list(PRODUCTS)
    assert "草案" in (tmp_path / "a" / "farmer_line.html").read_text(encoding="utf-8")
    sound = tmp_path / "policy.toml"
    sound.write_text(TEXT.replace("verified = false", "verified = true"), encoding="utf-8")
    assert write_sheets(sound, tmp_path / "b", None, ZH, force=False).drafts == []
    page = (tmp_path / "b" / "farmer_line.html").read_text(encoding="utf-8")
    assert "草案" not in page
    assert re.search(r'5,000</bdi> 元</bdi> 至 <bdi><bdi dir="ltr">200,000', page)
    assert "<bdi>种植、养殖、农机、农资及其他生产经营</bdi>" in page


def test_sheets_are_not_written_over_nor_in_texts_that_nobody_read_nor_without_a_bank(tmp_path: Path):
    write_sheets(POLICY, tmp_path / "a", None, ZH, force=False)
    (tmp_path / "a" / "farmer_line.html").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is there already"):
        write_sheets(POLICY, tmp_path / "a", None, ZH, force=False)
    with pytest.raises(GateRefused, match="nobody reviewed ug"):
        write_sheets(POLICY, tmp_path / "b", None, Wanted(COUNTY_OF_TESTS, AS_OF), force=False)
    with pytest.raises(MissingInput, match=r"terms of county 653199 have no \[notices\]"):
        write_sheets(POLICY, tmp_path / "b", None, Wanted("653199", AS_OF, ("zh",)), force=False)
    assert not (tmp_path / "b").exists()


def test_the_command_asks_for_county_and_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["policy", "sheets", str(POLICY)]) == 2
    assert "`policy sheets` needs --county CODE and --out DIR" in capsys.readouterr().err
    words = ["--county", COUNTY_OF_TESTS, "--on", str(AS_OF), "--lang", "zh", "--out", str(tmp_path / "sheets")]
    assert cli.main(["policy", "sheets", str(POLICY), *words]) == 0
    assert "4 sheets in" in capsys.readouterr().out


@pytest.mark.browser
def test_a_browser_reads_and_prints_a_sheet_at_every_width(tmp_path: Path):
    write_sheets(
        POLICY, tmp_path / "a", None, Wanted(COUNTY_OF_TESTS, AS_OF, ("zh", "ug"), unreviewed=True), force=False
    )
    with browser(tmp_path) as tab:
        for width in (1400, 390):
            tab.width(width)
            tab.open(tmp_path / "a" / "farmer_line.html")
            assert look(tab, width) == {}, width
        assert look_on_paper(tab) == {}
        assert paper_of(tab, tmp_path / "page.pdf") == {(595, 842)}
        assert (tab.complaints, asked_elsewhere(tab)) == ([], set())
