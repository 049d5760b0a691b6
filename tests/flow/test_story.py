"""A county of three hundred households lived from 2024 to 2027, across all that moved in the field meanwhile."""

from __future__ import annotations

import csv
import io
import re
import shutil
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, new_store, put_in_force, request_of
from tests.flow.test_lineage import lineage, owe, package
from tests.flow.test_months import books_of, in_force_yuan
from tests.recoded import Changes, decisions, identities, new_code, recoded_inbox
from village_credit.ledger import log
from village_credit.score.scorecard import card_json, content_hash, read_scorecard
from village_credit.services.casework import holds, renewals
from village_credit.services.modelling.sign import sign_model
from village_credit.services.queries import diff, verify
from village_credit.services.scoring import stage
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

REGION = "650000"
FIRST, EXTENDED, MERGED_BANK, RENAMED, REPAIRED, RENTED, ENDING, RENEWED = DAYS = (
    date(2024, 11, 1), date(2025, 6, 1), date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1),
    date(2027, 10, 1), date(2027, 12, 1),
)  # fmt: skip
REPAIR = "\n[repair]\nlistings = true\n"
NEW_BRANCH, OLD_BRANCH = "6571", "0071"
# Who is who of the granted households, by place: what becomes of each is told below.
NUMBERED_ANEW, HEAD, JOINS, KEEPER, HELD, SPLITS, STAYS, GONE, SUBSIDISED, OBJECT, LISTED, LESSEE, LESSOR = range(13)
Files = dict[str, str]


class Then(datetime):
    """The ledger's clock, which the test sets."""

    day = FIRST

    @classmethod
    def now(cls, tz=None):
        return datetime(cls.day.year, cls.day.month, cls.day.day, 9, tzinfo=tz)


@dataclass
class Story:
    """A store, its publications by day, and the people of whom something is told."""

    store: Store
    folder: Path
    base: Path
    models: Path
    books: list[dict[str, str]] = field(default_factory=list)
    runs: dict[date, str] = field(default_factory=dict)
    told: dict[date, str] = field(default_factory=dict)  # publication
    diffs: dict[date, int] = field(default_factory=dict)
    sums: dict[date, tuple[int, int]] = field(default_factory=dict)  # of the limits in force before and after
    codes: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, day: date, more: Files, changes: Changes | None) -> None:
        """Deliver, score, sign and publish on a day; the books are those of the three years before."""
        Then.day = day
        inbox = self.folder / f"inbox_{day}"
        if changes is None:
            shutil.copytree(self.base, inbox)
        else:
            recoded_inbox(self.base, inbox, changes, changed_on=f"{EXTENDED.replace(day=15, month=5)}")
        write(inbox / COUNTY_OF_TESTS / "台账.csv", moved_to(self.books, day))
        for name, text in more.items():
            place = inbox / (REGION if name.startswith("机构号") else COUNTY_OF_TESTS) / name
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, "utf-8")
        policy = self.models / ("repairing.toml" if day >= REPAIRED else "limit_policy.toml")
        request = request_of(COUNTY_OF_TESTS, day, models=self.models, policy_file=policy, model_id="first")
        run = stage.score_inbox(self.store, inbox, request).run_id
        self.diffs[day] = sum(row["after_yuan"] - row["before_yuan"] for row in diff.diff_runs(self.store, run).changes)
        before = in_force_yuan(self.store) if self.runs else 0
        self.told[day], self.runs[day] = put_in_force(self.store, run).publication_id, run
        self.sums[day] = before, in_force_yuan(self.store)

    def of(self, day: date, place: int) -> dict[str, Any] | None:
        """What a publication decided of somebody, by the key of the first day."""
        return decisions(self.store, self.runs[day]).get(self.keys[place])


def write(path: Path, rows: list[dict[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), "utf-8")


def moved_to(books: list[dict[str, str]], day: date) -> list[dict[str, str]]:
    """Every year like those before the first: nobody's income moves by itself."""
    latest = max(int(book["年度"]) for book in books)
    complete = day.year - 1
    return [{**book, "年度": str(int(book["年度"]) + complete - latest)} for book in books]


def signed_for_long(folder: Path, store: Store) -> Path:
    """The shipped card and policy, the card valid over all these years; and a policy that excuses what is repaired."""
    models = folder / "models"
    models.mkdir()
    card = read_scorecard((MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8"))
    changed = card.model_copy(
        update={"model_id": "first", "valid_from": FIRST, "valid_to": date(2028, 12, 31), "signatures": []}
    )
    made = changed.model_copy(update={"content_sha256": content_hash(changed)})
    (models / "first.scorecard.json").write_text(card_json(made), encoding="utf-8")
    for role, by in (("developer", "1"), ("validator", "2"), ("approver", "3")):
        sign_model(models, role, by, store.keys)
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    (models / "limit_policy.toml").write_text(text, encoding="utf-8")
    (models / "repairing.toml").write_text(text + REPAIR, encoding="utf-8")
    return models


def deliveries(story: Story) -> list[tuple[date, Files, bool]]:
    """What is delivered beside the usual on each day, all of it from then on; and whether the codes have changed."""
    who = story.people
    rent = (
        "LZHTBM,CBFBM,SRFBM,LZFS,LZMJ,LZMJM,LZQXKSRQ,LZQXJSRQ,年租金(元)\n"
        f"{story.codes[LESSOR]}9L,{story.codes[LESSOR]},{story.codes[LESSEE]},301,3333.35,5.00,20260901,20290901,4000\n"
    )
    listed = "身份证号,姓名,名单类别,原因代码,依据文号,列入日期,失效日期,修复日期\n{number},{name},失信被执行人,F01,示例1号,2026-02-01,,{repaired}\n"  # noqa: E501
    entry = {"number": who[LISTED]["person_id"], "name": who[LISTED]["name"]}
    monitored = "户编号,户类型,姓名,身份证号,村\n" + "".join(
        f"D{place},防止返贫致贫对象,{who[place]['name']},{who[place]['person_id']},{who[place]['village']}\n"
        for place in (SUBSIDISED, OBJECT)
    )
    loan = (
        "身份证号,姓名,产品,授信余额(元),贷款余额(元),五级分类,担保方式,到期日\n"
        f"{who[SUBSIDISED]['person_id']},{who[SUBSIDISED]['name']},帮扶小额信贷,50000,20000,正常,信用,2028-03-01\n"
    )
    moved = f"原机构号,现机构号,变更日期\n{OLD_BRANCH},{NEW_BRANCH},2025-11-25\n"
    return [
        (FIRST, {}, False),
        (EXTENDED, {}, True),
        (MERGED_BANK, {"机构号变更2025.csv": moved}, True),
        (RENAMED, {"对象.csv": monitored, "帮扶.csv": loan, "失信.csv": listed.format(**entry, repaired="")}, True),
        (REPAIRED, {"失信.csv": listed.format(**entry, repaired="2026-06-15")}, True),
        (RENTED, {"流转.csv": rent}, True),
        (ENDING, {}, True),
        (RENEWED, {}, True),
    ]


def begin(folder: Path) -> Story:
    base = folder / "base"
    synthesize(base, COUNTY_OF_TESTS, 6, 300, 7, FIRST, "none")
    basis = next(base.rglob("数据来源依据.csv"))  # the bases hold for as long
    basis.write_text(re.sub(r"20\d\d-12-31", "2035-12-31", basis.read_text(encoding="utf-8-sig")), encoding="utf-8")
    books = books_of(base)
    shutil.rmtree(base / COUNTY_OF_TESTS / "农经站")
    store = new_store(folder)
    return Story(store, folder, base, signed_for_long(folder, store), books)


def choose(story: Story) -> None:
    """Granted households of several members whose head borrows, in the order of the register, of the farmers' line."""
    rows = decisions(story.store, story.runs[FIRST])
    people = [
        row
        for row in identities(story.store, story.runs[FIRST])
        if row["relation"] == "head" and len(row["number_hashes"]) >= 2
    ]
    chosen = [
        row
        for row in people
        if (decided := rows[row["household_key"]])["decision"] == "granted" and decided["product"] == "farmer_line"
    ]
    owed = terms(story, FIRST)
    free = next(row for row in chosen[LESSOR + 1 :] if not owed[row["household_key"]]["other_unsecured_yuan"])
    chosen = [*chosen[:OBJECT], free, *chosen[OBJECT + 1 : LESSOR + 1]]
    story.codes, story.keys = ([row[name] for row in chosen] for name in ("unit_code", "household_key"))
    villages = pq.read_table(story.store.run_folder(story.runs[FIRST]) / "places.parquet").to_pylist()
    names = {row["place_code"]: row["place_name"] for row in villages}
    story.people = [{**row, "village": names[row["unit_code"][:12]]} for row in chosen]


def the_extension(story: Story) -> Changes:
    codes = story.codes
    return Changes(
        recoded={codes[NUMBERED_ANEW]: new_code(codes[NUMBERED_ANEW], 1)},
        merged=[
            (codes[HEAD], codes[JOINS], new_code(codes[HEAD], 2)),
            (codes[KEEPER], codes[HELD], new_code(codes[KEEPER], 3)),
        ],
        split=[(codes[SPLITS], new_code(codes[SPLITS], 4), new_code(codes[SPLITS], 5))],
        left=[codes[GONE]],
    )


def between(story: Story, day: date) -> None:
    """What people do after a publication."""
    if day == FIRST:
        choose(story)
        told = package(story.store, story.told[FIRST])
        for number, place in enumerate((JOINS, GONE, STAYS)):
            owe_in(story, told[story.people[place]["person_id"]]["household_ref"], f"HT-{number}")
        holds.hold(story.store, story.keys[HELD], "2002", "x")
    if day == ENDING:
        renewals.renew(story.store, COUNTY_OF_TESTS, date(2027, 11, 30), "2002", "committee")


def terms(story: Story, day: date) -> dict[str, dict[str, Any]]:
    """What a publication reckoned of each household."""
    rows = pq.read_table(story.store.run_folder(story.runs[day]) / "waterfall.parquet").to_pylist()
    return {row["household_key"]: row for row in rows}


def owe_in(story: Story, reference: str, contract: str) -> None:
    owe(story.store, story.folder, reference, contract, year=FIRST.year)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Eight publications from November 2024 to December 2027."""
    story = begin(tmp_path_factory.mktemp("story"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "datetime", Then)
        patch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
        story.publish(FIRST, {}, None)
        between(story, FIRST)
        files: Files = {}
        for day, more, _ in deliveries(story)[1:]:
            files |= more
            story.publish(day, files, the_extension(story))
            between(story, day)
    return story


SHOWN = ("run_id", "limit_yuan", "allocated_yuan", "policy_limit_yuan", "model_limit_yuan", "review_limit_yuan")
LINE = ("decision", "product", "limit_yuan")


def test_every_diff_adds_up_to_what_changes_in_force(lived: Story):
    for day in DAYS[1:]:  # the first is against what the bank had
        before, after = lived.sums[day]
        assert lived.diffs[day] == after - before, day


def test_every_line_that_changes_has_a_cause_in_what_was_reckoned_or_said(lived: Story):
    changed = 0
    for before, day in pairwise(DAYS):
        earlier, later = (decisions(lived.store, lived.runs[on]) for on in (before, day))
        figures, reckoned = terms(lived, before), terms(lived, day)
        for key in earlier.keys() & later.keys():
            old, new = earlier[key], later[key]
            if all(old[name] == new[name] for name in LINE):
                continue
            changed += 1
            moved = [name for name, value in reckoned[key].items() if name not in SHOWN and figures[key][name] != value]
            said = set(old["reason_codes"]) ^ set(new["reason_codes"])
            assert moved or said, (day, key)
    assert changed > 200


def test_between_two_extensions_nobody_s_key_comes_or_goes_without_a_word(lived: Story):
    keys = {day: set(decisions(lived.store, lived.runs[day])) for day in DAYS}
    told = {row["household_key"]: row["role"] for row in lineage(lived.store, lived.runs[EXTENDED])}
    come, gone = keys[EXTENDED] - keys[FIRST], keys[FIRST] - keys[EXTENDED]
    assert {told[key] for key in come} == {"split_off"}
    assert gone == {lived.keys[place] for place in (JOINS, HELD, GONE)}
    assert all(keys[day] == keys[EXTENDED] for day in DAYS[1:])


def test_a_term_goes_on_through_the_extension_and_starts_anew_by_a_signed_renewal_alone(lived: Story):
    for place in (NUMBERED_ANEW, HEAD, SPLITS, STAYS, LISTED, LESSEE):
        first, second = lived.of(FIRST, place), lived.of(EXTENDED, place)
        assert first
        assert second
        assert (first["valid_from"], first["valid_to"]) == (second["valid_from"], second["valid_to"])
    rows = {day: decisions(lived.store, lived.runs[day]) for day in DAYS}
    begun = {
        day: [
            row["limit_yuan"]
            for key, row in rows[day].items()
            if (old := rows[before].get(key)) and (old["product"], bool(old["valid_from"])) == (row["product"], True)
            if row["valid_from"] not in (None, old["valid_from"])
        ]
        for before, day in pairwise(DAYS)
    }
    assert not any(begun[day] for day in DAYS[1:-1]), begun
    again = rows[RENEWED]
    waiting = [key for key, row in rows[ENDING].items() if "RENEWAL_DUE" in row["reason_codes"]]
    granted = [key for key in waiting if again[key]["decision"] == "granted"]
    assert len(granted) > 30
    assert {again[key]["valid_from"] for key in granted} == {date(2027, 12, 2)}


def test_what_is_owed_is_never_removed(lived: Story):
    for place in (JOINS, GONE):
        number = lived.people[place]["person_id"]
        said = [package(lived.store, lived.told[day]).get(number) for day in DAYS[1:]]
        told = [(row["action"], row["limit_yuan"]) for row in said if row is not None]
        assert told == [("freeze", "6000")]


def test_a_hold_stops_what_two_households_became_until_somebody_releases_it(lived: Story):
    for day in DAYS[1:]:
        kept = lived.of(day, KEEPER)
        assert kept is not None
        assert (kept["reason_codes"][0], kept["limit_yuan"]) == ("HELD", 0)


def test_a_merge_raises_nothing_on_its_day(lived: Story):
    before = sum(row["limit_yuan"] for place in (HEAD, JOINS) if (row := lived.of(FIRST, place)))
    after = lived.of(EXTENDED, HEAD)
    assert after is not None
    assert after["limit_yuan"] <= before - 6000


def test_the_branch_s_new_code_has_the_packages_and_no_line_is_granted_for_it(lived: Story):
    outbox = lived.store.root / "outbox" / COUNTY_OF_TESTS
    folders = {day: {path.name for path in (outbox / lived.told[day]).iterdir()} for day in DAYS}
    assert OLD_BRANCH in folders[FIRST] & folders[EXTENDED]
    for day in DAYS[2:]:
        assert OLD_BRANCH not in folders[day]
        assert NEW_BRANCH in folders[day]
    actions = {row["action"] for row in package(lived.store, lived.told[MERGED_BANK]).values()}
    assert actions <= {"change", "freeze"}


def test_the_subsidised_loan_under_its_new_name_is_the_one_that_a_household_has(lived: Story):
    owner, new = lived.of(RENAMED, SUBSIDISED), lived.of(RENAMED, OBJECT)
    assert owner
    assert new
    assert (owner["decision"], "poverty_micro_loan") != ("granted", owner["product"])
    assert (new["decision"], new["product"]) == ("granted", "poverty_micro_loan")
    before = lived.of(MERGED_BANK, OBJECT)
    assert before is not None
    assert before["product"] == "farmer_line"
    for day in DAYS:
        number = lived.people[SUBSIDISED]["person_id"]
        told = package(lived.store, lived.told[day]).get(number)
        assert told is None or day < RENAMED or (told["action"], told["product"]) != ("grant", "poverty_micro_loan")


def test_a_listing_counts_until_it_is_repaired_and_the_policy_says_so(lived: Story):
    said = {day: lived.of(day, LISTED) for day in DAYS}
    listed, repaired = said[RENAMED], said[REPAIRED]
    assert listed
    assert repaired
    assert (listed["decision"], listed["reason_codes"]) == ("declined", ["NEGATIVE_LIST"])
    assert (repaired["decision"], repaired["limit_yuan"]) == ("granted", said[MERGED_BANK]["limit_yuan"])  # type: ignore[index]
    assert repaired["valid_to"] == said[FIRST]["valid_to"]  # type: ignore[index]


def test_rent_that_is_delivered_comes_off_the_crops_of_the_land_it_is_paid_for(lived: Story):
    before, after = (terms(lived, day)[lived.keys[LESSEE]] for day in (REPAIRED, RENTED))
    assert after["leased_in_mu"] - (before["leased_in_mu"] or 0) == 5
    counted = Decimal(4000) * after["area_mu"] / after["register_mu"]  # for as much of the land as counts
    assert after["rent_yuan"] == counted.quantize(Decimal("0.01"), ROUND_HALF_UP)
    lessor = [terms(lived, day)[lived.keys[LESSOR]] for day in (REPAIRED, RENTED)]
    assert lessor[0]["register_mu"] - lessor[1]["register_mu"] == 5


@pytest.mark.parametrize("day", DAYS)
def test_each_run_is_rebuilt_as_it_was(lived: Story, day: date):
    found = verify.verify_run(lived.store, lived.runs[day], lived.models)
    assert found.is_rebuilt, found.why_not
    assert (found.altered, found.differs) == ([], [])
