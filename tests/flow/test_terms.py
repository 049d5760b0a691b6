"""A line's days move by a signed renewal alone, once.

The day after, over the end, while a person looks, before a window.
"""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, SIGNER, Scored, new_store, put_in_force, request_of
from village_credit.ledger.ledger import Ledger
from village_credit.publish import outbox
from village_credit.services.approval import publish as publish_module
from village_credit.services.casework import relief
from village_credit.services.casework import renewals as renew
from village_credit.services.scoring import stage as score
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

Decisions = dict[str, dict[str, Any]]
LOANS = "身份证号,姓名,产品,授信余额(元),贷款余额(元),五级分类,担保方式,到期日"
CONDUCT = "身份证号,借据号,放款日,到期日,最大逾期天数,当前逾期天数,纾困标志,纾困原因,纾困证明编号,截止日期"
YEARLY = re.sub(r'(name = "term", value = )\d+', r"\g<1>12", (MODELS / "limit_policy.toml").read_text(encoding="utf-8"))


@dataclasses.dataclass
class County:
    """A store of its own with a first publication, and the inbox that one may add to."""

    store: Store
    inbox: Path
    policy: Path
    first: str

    def decided(self, run_id: str) -> Decisions:
        table = pq.read_table(self.store.run_folder(run_id) / "decisions.parquet")
        return {row["household_key"]: row for row in table.to_pylist()}

    def scored(self, as_of: date) -> str:
        request = request_of(COUNTY_OF_TESTS, as_of, policy_file=self.policy)
        return score.score_inbox(self.store, self.inbox, request).run_id

    def published(self, as_of: date) -> str:
        run_id = self.scored(as_of)
        put_in_force(self.store, run_id)
        return run_id

    def delivered(self, name: str, header: str, *lines: str) -> None:
        (self.inbox / COUNTY_OF_TESTS / "信用社" / name).write_text("\n".join([header, *lines, ""]), encoding="utf-8")

    def granted(self, count: int, **having: Any) -> list[tuple[str, dict[str, Any]]]:
        """Farmers whose line nothing stands against, with who they are, in the order of their numbers.

        Their lines are a year's, begun on the first day: what the bank had granted before runs on.
        """
        vault = pq.read_table(io.BytesIO(self.store.open_identities(self.first))).to_pylist()
        people = {row["household_key"]: row for row in vault if row["person_id"]}
        found = [
            (key, people[key])
            for key, row in self.decided(self.first).items()
            if row["decision"] == "granted"
            and row["product"] == "farmer_line"
            and row["valid_to"] < date(2027, 11, 15)
            and not row["reason_codes"]
            and key in people
            and all(row[name] == value for name, value in having.items())
        ]
        return sorted(found, key=lambda pair: pair[1]["person_id"])[:count]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A first publication of lines of a year, bank lists clean; read only."""
    folder = tmp_path_factory.mktemp("terms")
    synthesize(folder / "inbox", COUNTY_OF_TESTS, 4, 120, 5, AS_OF, "none")
    (folder / "yearly.toml").write_text(YEARLY, encoding="utf-8")
    store = new_store(folder)
    request = request_of(COUNTY_OF_TESTS, AS_OF, policy_file=folder / "yearly.toml")
    run = score.score_inbox(store, folder / "inbox", request)
    put_in_force(store, run.run_id)
    return Scored(store, folder / "inbox", COUNTY_OF_TESTS, run)


@pytest.fixture
def county(base: Scored, tmp_path: Path) -> County:
    folder = base.inbox.parent
    for name in ("store", "inbox"):
        shutil.copytree(folder / name, tmp_path / name)
    for name in ("keys", "yearly.toml"):
        shutil.copy(folder / name, tmp_path / name)
    return County(new_store(tmp_path), tmp_path / "inbox", tmp_path / "yearly.toml", base.run.run_id)


def arrears(county: County, person: dict[str, Any], days: int, cutoff: date) -> None:
    county.delivered("逾期.csv", CONDUCT, f"{person['person_id']},J1,2025-11-05,2026-07-01,{days},{days},否,,,{cutoff}")


def test_a_line_that_begins_tomorrow_is_in_force_tomorrow(county: County):
    before = county.decided(county.first)
    after = county.decided(county.scored(AS_OF + timedelta(days=1)))
    granted = {
        key for key, row in before.items() if row["decision"] == "granted" and after[key]["decision"] == "granted"
    }
    assert len(granted) > 20
    assert {key for key in granted if after[key]["valid_to"] != before[key]["valid_to"]} == set()


def test_a_signature_starts_one_term_and_no_second(county: County):
    signed = renew.renew(county.store, COUNTY_OF_TESTS, date(2028, 6, 30), SIGNER, "committee")
    assert signed.lines > 20
    first, second, third = (
        county.decided(county.published(day)) for day in (date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1))
    )
    before = county.decided(county.first)
    begun = {
        key
        for key, row in first.items()
        if row["decision"] == "granted" and before[key]["valid_to"] and row["valid_from"] == date(2026, 12, 2)
    }
    assert len(begun) > 20
    for later in (second, third):
        assert {
            key for key in begun if later[key]["valid_to"] and later[key]["valid_to"] != first[key]["valid_to"]
        } == set()


def test_what_is_owed_of_a_line_that_is_over_starts_no_term(county: County):
    """The late payer's line is over as the prompt one's is: neither has a new term before a renewal is signed."""
    (late, who), (prompt, other) = county.granted(2)
    county.delivered(
        "补充.csv",
        LOANS,
        *(f"{p['person_id']},{p['name']},农贷通,20000,9000,正常,信用,2027-11-01" for p in (who, other)),
    )
    arrears(county, who, 120, date(2027, 11, 14))
    found = county.decided(county.published(date(2027, 11, 15)))
    assert found[late]["reason_codes"][0] == "OVERDUE_90"
    assert {"RENEWAL_DUE", "FROZEN"} <= set(found[late]["reason_codes"])
    assert (found[late]["valid_from"], found[late]["valid_to"]) == (None, None)
    (county.inbox / COUNTY_OF_TESTS / "信用社" / "逾期.csv").unlink()
    again = county.decided(county.scored(date(2027, 12, 15)))
    for key in (late, prompt):
        assert again[key]["decision"] == "manual_review"
        assert "RENEWAL_DUE" in again[key]["reason_codes"]


def test_a_line_whose_renewal_is_signed_keeps_its_days_until_it_is_granted_anew(county: County):
    (key, who), *_ = county.granted(1)
    old = county.decided(county.first)[key]
    renew.renew(county.store, COUNTY_OF_TESTS, date(2029, 12, 31), SIGNER, "committee")
    arrears(county, who, 40, date(2026, 11, 30))
    row = county.decided(county.published(date(2026, 12, 1)))[key]
    assert row["decision"] == "manual_review"
    assert (row["valid_from"], row["valid_to"]) == (old["valid_from"], old["valid_to"])
    arrears(county, who, 120, date(2027, 2, 20))
    run_id = county.published(date(2027, 2, 21))
    assert county.decided(run_id)[key]["decision"] == "declined"
    entries = Ledger.of(county.store)
    last = publish_module.publications(entries)[-1]
    told = outbox.packaged_for_branches(county.store, entries, last.publication_id)
    assert told is not None
    assert [row["action"] for row in told[1].to_pylist() if row["household_key"] == key] == ["remove"]


def test_a_declaration_excuses_nothing_before_its_first_day(county: County, tmp_path: Path):
    (key, who), *_ = county.granted(1)
    arrears(county, who, 120, date(2026, 11, 30))
    (tmp_path / "flood.toml").write_text(
        'cause = "disaster"\narea_codes = ["659900"]\nfrom = 2027-03-01\nto = 2027-04-30\ndocument = "F1"\n',
        encoding="utf-8",
    )
    (tmp_path / "flood.csv").write_text(f"身份证号,借据号,纾困证明编号\n{who['person_id']},J1,P-1\n", encoding="utf-8")
    relief.declare(county.store, tmp_path / "flood.toml", SIGNER)
    row = county.decided(county.scored(date(2026, 12, 1)))[key]
    assert (row["decision"], row["reason_codes"][0]) == ("declined", "OVERDUE_90")
