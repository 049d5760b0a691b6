"""Persons are erased: nothing of them is left in any file in any encoding, and all else stands as it stood."""

from __future__ import annotations

import base64
import csv
import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, PREPARER, Scored, copy_of, linked_rows, new_store, score_into
from village_credit import cli
from village_credit.errors import GateRefused, MissingInput
from village_credit.extract.grid import DeliveredFile, Grid
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_grids
from village_credit.ledger.erasures import journal_path
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.publish.branch_package import verify_package
from village_credit.services.casework import holds
from village_credit.services.keeping import erase as erasing
from village_credit.services.keeping import whom
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.queries.explain import explain
from village_credit.services.queries.proof import prove
from village_credit.services.queries.verify import verify_run
from village_credit.services.rules import read_policy
from village_credit.services.scoring.again import delivered_again
from village_credit.services.scoring.stage import frozen_files
from village_credit.services.servicing import receipt_rules
from village_credit.services.servicing.acknowledge import acknowledge
from village_credit.services.servicing.usage import record_usage
from village_credit.store.memos import MEMOS, stored_memos
from village_credit.store.store import IDENTITIES, Store, sha256_of

BY, SECOND, CLERK = "3003", "4004", "6006"
ON = date(2026, 12, 31)
POLICY, _ = read_policy(MODELS / "limit_policy.toml")
NO_VIEWS = "village_credit.publish.recording.build_warehouse"
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


def asked(keys: list[str] | tuple[str, ...] = (), numbers: list[str] | tuple[str, ...] = (), **changes: object):
    wish = erasing.Request(tuple(keys), tuple(numbers), BY, SECOND, "request of 5 November", POLICY, ON)
    return replace(wish, **changes)


def units_of(store: Store) -> dict[str, str]:
    """Contractor code by household_key."""
    (run_id,) = store.run_ids()
    vault = pq.read_table(io.BytesIO(store.open_identities(run_id)))
    return dict(zip(vault["household_key"].to_pylist(), vault["unit_code"].to_pylist(), strict=True))


def persons_of(inbox: Path, codes: set[str]) -> list[dict[str, str]]:
    """Who truly belongs to households: what the synthetic county was written from, not what we read of it."""
    truth = inbox.parent / "truth" / COUNTY_OF_TESTS
    households = pq.read_table(truth / "households.parquet").column("contractor_code").to_pylist()
    persons = pq.read_table(truth / "persons.parquet").to_pylist()
    return [person for person in persons if households[person["household"]] in codes]


def sent(store: Store) -> list[dict[str, str]]:
    rows = []
    for path in sorted(store.root.glob("outbox/*/p*/*/limits.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += [row for row in csv.DictReader(file) if row["action"] == "grant"]
    return rows


@dataclass(frozen=True)
class County:
    """A county of which twenty households were erased: its store before and after, and who they were."""

    before: Store
    store: Store
    inbox: Path
    keys: list[str]
    persons: list[dict[str, str]]
    done: erasing.Erased


@pytest.fixture(scope="module")
def county(published: Scored, tmp_path_factory: pytest.TempPathFactory) -> County:
    folder = tmp_path_factory.mktemp("erased")
    scored = copy_of(published, folder)
    store = scored.store
    keys = twenty(store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NO_VIEWS, lambda _store: None)
        patch.setattr(receipt_rules, "today", lambda: ON)
        something_came_back(store, folder, keys)
        for key in keys[:4]:
            holds.hold(store, key, BY, "to be erased")
    before = Scored(store, scored.inbox, scored.county_code, scored.run)
    kept = copy_of(before, tmp_path_factory.mktemp("before")).store
    codes = {units_of(store)[key] for key in keys}
    done = erasing.erase(store, asked(keys, despite_records=True))
    return County(kept, store, scored.inbox, keys, persons_of(scored.inbox, codes), done)


def twenty(store: Store) -> list[str]:
    """Four households with a line, whose packages have two of them each, and sixteen without; by contractor code."""
    units = units_of(store)
    rows = sorted(
        lines_in_force(store, Ledger.of(store)).to_pylist(), key=lambda row: units.get(row["household_key"], "~")
    )
    new = granted_now(store)
    granted = [row["household_key"] for row in rows if row["household_key"] in new]
    others = [row["household_key"] for row in rows if row["decision"] == "declined" and row["household_key"][0] == "h"]
    return [*granted[:4], *others[:16]]


def granted_now(store: Store) -> set[str]:
    """Households to which the outbox grants a line."""
    numbers = {row["身份证号码"].strip() for row in sent(store)}
    return {row["household_key"] for row in whom.vault_rows(store) if row["person_id"] in numbers}


def something_came_back(store: Store, folder: Path, keys: list[str]) -> None:
    """Receipts, contracts, draws and repayments of those who will be erased, and of others in the same files."""
    numbers = {row["household_key"]: row["person_id"] for row in whom.vault_rows(store)}
    mine = {numbers[key] for key in keys}
    rows = sent(store)
    told = [row for row in rows if row["身份证号码"].strip() in mine] + rows[-3:]
    (publication,) = {path.parts[-2] for path in store.root.glob("outbox/*/p*/0071")}
    receipts = [f"{publication},{row['household_ref']},imported,,2026-11-05," for row in told]
    contracts = [f"{row['household_ref']},HT-2026-{place:05d},2026-11-06," for place, row in enumerate(told)]
    draws = [f"HT-2026-{place:05d},500,2026-11-07,seed,JJ-2026-{place:05d}" for place in range(len(told))]
    repayments = [f"HT-2026-{place:05d},500,2026-11-20" for place in range(len(told))]
    files = {
        "回执": ("publication_id,household_ref,outcome,reason,at,branch_limit_yuan", receipts),
        "合同": ("household_ref,contract_no,signed_on,channel", contracts),
        "用信": ("contract_no,amount_yuan,drawn_on,purpose,loan_no", draws),
        "还款": ("contract_no,amount_yuan,paid_on", repayments),
    }
    for name, (header, lines) in files.items():
        path = folder / f"{name}.csv"
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        if name == "回执":
            acknowledge(store, path, CLERK, MODELS / "limit_policy.toml")
        else:
            record_usage(store, path, CLERK)


# nothing is left


def everything(store: Store) -> Iterator[tuple[str, bytes]]:
    """Every file of a store: decrypted, and with what is packed in it."""
    for path in sorted(store.root.rglob("*")):
        if path.is_file():
            place = path.relative_to(store.root).as_posix()
            content = decrypted(store, path)
            yield from ((place, part) for part in (path.read_bytes(), *unpacked(content)))


def decrypted(store: Store, path: Path) -> bytes:
    if path.parent.name == "frozen":
        return store.thaw(path.name)
    if path.parent.name == "vault" and path.name.endswith(".measured.sealed"):
        return store.open_simulation_inputs(path.name.removesuffix(".measured.sealed"))
    if path.parent.name == "vault":
        return store.open_identities(path.name.removesuffix(".sealed"))
    return path.read_bytes()


def unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    if content.startswith(b"PAR1"):
        yield json.dumps(pq.read_table(io.BytesIO(content)).to_pylist(), ensure_ascii=False, default=str).encode()
    if zipfile.is_zipfile(io.BytesIO(content)) and content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for info in packed.infolist():
                yield from unpacked(packed.read(info))


def spelled(texts: list[str]) -> set[bytes]:
    """The texts in each encoding, and in base64 wherever they begin."""
    plain = {text.encode(encoding) for text in texts for encoding in ENCODINGS}
    packed = {
        base64.b64encode(b"x" * shift + text.encode())[-(-8 * shift // 6) : 20] for text in texts for shift in range(3)
    }
    return plain | packed


def places_with(store: Store, needles: set[bytes]) -> set[str]:
    return {place for place, content in everything(store) if any(needle in content for needle in needles)}


def test_no_number_of_anybody_erased_is_in_any_file_in_any_encoding(county: County):
    assert len(county.persons) > 40
    needles = spelled([person["id_number"] for person in county.persons if person["id_number"]])
    assert len(places_with(county.before, needles)) > 10  # the search finds them where they are
    assert places_with(county.store, needles) == set()


def test_no_contract_of_theirs_nor_any_code_of_their_land_is_left(county: County):
    codes = {units_of(county.before)[key] for key in county.keys}
    contracts = spelled([f"{kind}-2026-{place:05d}" for place in range(4) for kind in ("HT", "JJ")])
    assert codes <= cells_of(county.before)  # a parcel's code may begin as another's: whole cells are asked for
    assert places_with(county.before, contracts)
    assert not codes & cells_of(county.store)
    assert places_with(county.store, contracts) == set()
    assert places_with(county.store, spelled(["HT-2026-00005", "JJ-2026-00005"]))  # of others


def cells_of(store: Store) -> set[str]:
    """Every cell of the frozen tables."""
    tables = (rows(store.thaw(path.name)) for path in (store.root / "frozen").iterdir())
    return {cell.strip() for table in tables for cells in table for cell in cells}


def test_no_name_of_theirs_stands_beside_what_tells_them_apart(county: County):
    marks = {
        folded(name): (person["id_number"][6:14], person["phone"] or "-")
        for person in county.persons
        for name in {person["name"], person["older_name"] or person["name"]}
    }
    assert rows_naming(county.before, marks) > 100
    assert rows_naming(county.store, marks) == 0


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("•", "·").replace("‧", "·").replace(" ", "")


def rows_naming(store: Store, marks: dict[str, tuple[str, str]]) -> int:
    """Rows of frozen tables that hold a name with its day of birth or telephone."""
    texts = (
        folded(" ".join(cells)) for path in (store.root / "frozen").iterdir() for cells in rows(store.thaw(path.name))
    )
    return sum(any(name in text and any(m in text for m in said) for name, said in marks.items()) for text in texts)


def rows(content: bytes, name: str = "") -> Iterator[list[str]]:
    for grid in read_grids(DeliveredFile(name, content, "")):
        yield from grid.cells if isinstance(grid, Grid) else ()


def test_nothing_of_them_is_in_the_vault_and_the_others_are(county: County):
    (run_id,) = county.store.run_ids()
    before, after = units_of(county.before), units_of(county.store)
    assert before.keys() - after.keys() == set(county.keys)
    hashes = {row["household_key"]: row["number_hashes"] for row in whom.vault_rows(county.before)}
    gone = {number for key in county.keys for number in hashes[key] or []}
    assert not gone & {number for row in whom.vault_rows(county.store) for number in row["number_hashes"] or []}
    measured = county.store.open_simulation_inputs(run_id)
    assert [key for key in county.before.run_ids() if key.encode() in measured] == []
    assert [key for key in county.keys if key.encode() in measured] == []
    assert max(after).encode() in measured
    assert list(stored_memos(county.before))
    assert not list((county.store.root / MEMOS).iterdir())


# all else stands


def test_every_line_of_others_reads_as_it_did_under_its_number(county: County):
    became = {item["sha256"]: item["became"] for item in county.done.files}
    assert all(became.values())
    assert len(became) >= 12
    kinds = set()
    for sha256, left in became.items():
        old, new = (numbered(store, one) for store, one in ((county.before, sha256), (county.store, left)))
        gone = old.keys() - new.keys()
        assert new == {place: cells for place, cells in old.items() if place not in gone}
        assert len(gone) <= next(item["lines"] for item in county.done.files if item["sha256"] == sha256)
        kinds.add(county.before.thaw(sha256)[:2] == b"PK")
    assert kinds == {True, False}


def numbered(store: Store, sha256: str) -> dict[tuple[str, int], list[str]]:
    grids = [g for g in read_grids(DeliveredFile("", store.thaw(sha256), "")) if isinstance(g, Grid)]
    return {
        (g.sheet, at): strip(cells) for g in grids for at, cells in zip(g.starts, g.cells, strict=True) if any(cells)
    }


def strip(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def test_the_act_names_hashes_counts_and_runs_and_nobody(county: County):
    entry = Ledger.of(county.store)[county.done.act - 1]
    assert (entry.act, entry.by, entry.details["second"]) == ("erase", BY, SECOND)
    assert [item["sha256"] for item in entry.details["files"]] == sorted(item["sha256"] for item in county.done.files)
    (run_id,) = county.store.run_ids()
    lines = linked_rows(county.before, run_id).num_rows - linked_rows(county.store, run_id).num_rows
    assert lines > 100
    assert entry.details["runs"] == {run_id: 40 + lines}  # identities and measured facts of twenty, and their lines
    assert entry.details["searched"]["decrypted"] >= 20
    assert entry.details["searched"]["tables"] > 50
    text = json.dumps(entry.details, ensure_ascii=False)
    names = [person["name"] for person in county.persons] + [person["id_number"] for person in county.persons]
    assert not [name for name in names if name in text]
    assert not journal_path(county.store, "erase").exists()
    assert not (county.store.root / "vault" / "erasing.sealed").exists()


def test_chain_proofs_and_packages_hold(county: County):
    entry = Ledger.of(county.store)[county.done.act - 1]
    packages = sorted(path.parent for path in county.store.root.glob("outbox/*/*/*/READY"))
    anew = [path for path in packages if path.name in entry.details["repacked"].get(path.parent.name, {})]
    assert anew
    assert all(verify_package(path, county.store.keys.known_keys()) for path in packages)
    checkpoint = county.before.root.parent / "checkpoint"
    checkpoint.write_text(verify_ledger(county.before, []).checkpoint, encoding="utf-8")
    assert verify_ledger(county.store, packages, [checkpoint]).anchored_to == county.done.act - 1
    other = next(row["household_key"] for row in lines_in_force(county.store, Ledger.of(county.store)).to_pylist()
                 if row["household_key"] not in county.keys and row["decision"] == "granted")  # fmt: skip
    assert prove(county.store, other).line == prove(county.before, other).line


def test_a_package_of_which_another_household_was_erased_tells_the_others_the_same(county: County):
    mine = {row["household_ref"] for row in sent(county.before)} - {row["household_ref"] for row in sent(county.store)}
    assert len(mine) == 4
    assert [r for r in sent(county.before) if r["household_ref"] not in mine] == sent(county.store)


def test_verify_says_what_can_no_longer_be_rebuilt_and_by_which_act(county: County):
    (run_id,) = county.store.run_ids()
    found = verify_run(county.store, run_id, MODELS)
    assert found.is_whole
    assert not found.is_rebuilt
    assert f"act {county.done.act} of " in str(found.why_not)
    inputs = {item["sha256"] for item in county.store.manifest(run_id)["inputs"]}
    erased = [item["sha256"][:12] for item in county.done.files if item["sha256"] in inputs]
    assert erased
    assert all(sha256 in str(found.why_not) for sha256 in erased)


def test_explain_says_on_which_day_by_which_act_an_identity_was_erased(county: County):
    said = explain(county.store, county.keys[0])["erased"]
    assert said == {"on": county.done.day, "act": county.done.act, "by": BY}
    with pytest.raises(MissingInput, match=f"erased by act {county.done.act} already"):
        erasing.erase(county.store, asked(county.keys[:1]))


def test_the_next_scoring_reads_what_is_left_and_tells_what_came_again(county: County, tmp_path: Path):
    store = copy_of(Scored(county.store, county.inbox, COUNTY_OF_TESTS, None), tmp_path).store  # type: ignore[arg-type]
    files = {file.file_name: file.sha256 for file in pull(county.inbox, COUNTY_OF_TESTS)}
    became = {item["sha256"]: item["became"] for item in county.done.files}
    again = score_into(store, county.inbox, COUNTY_OF_TESTS, AS_OF + timedelta(1))
    assert len(again.run.erased) == sum(sha256 in became for sha256 in files.values()) > 8
    assert not [sha256 for sha256 in became if (store.root / "frozen" / sha256).exists()]
    inputs = {item["file_name"]: item["sha256"] for item in store.manifest(again.run.run_id)["inputs"]}
    assert inputs == {name: became.get(sha256, sha256) for name, sha256 in files.items()}
    known = set(pq.read_table(store.run_folder(again.run.run_id) / "decisions.parquet")["household_key"].to_pylist())
    assert known
    assert not known & set(county.keys)
    assert verify_run(store, again.run.run_id, MODELS).is_rebuilt
    assert {file.sha256 for file in frozen_files(store, COUNTY_OF_TESTS)} == set(inputs.values())


def test_who_was_erased_and_is_delivered_in_other_bytes_is_told(county: County, tmp_path: Path):
    store = copy_of(Scored(county.store, county.inbox, COUNTY_OF_TESTS, None), tmp_path).store  # type: ignore[arg-type]
    (run_id,) = store.run_ids()
    assert delivered_again(store, Ledger.of(store), run_id) == []
    store.seal_part(run_id, IDENTITIES, county.before.open_identities(run_id))
    (told,) = delivered_again(store, Ledger.of(store), run_id)
    assert told.startswith("an erased household is delivered again: 20 (")
    assert min(county.keys) in told


# what is refused


@pytest.fixture
def store(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Spared the time to build views that no test here reads."""
    monkeypatch.setattr(NO_VIEWS, lambda _store: None)
    monkeypatch.setattr("village_credit.publish.handing_out.refresh_warehouse", lambda _store: None)
    return copy_of(quiet, tmp_path).store


def key_where(store: Store, is_wanted: Callable[[dict], bool]) -> str:
    units = units_of(store)
    keys = [row["household_key"] for row in lines_in_force(store, Ledger.of(store)).to_pylist() if is_wanted(row)]
    return min(keys, key=lambda key: units.get(key, "~"))


def granted(store: Store) -> str:
    """A household whose line is new: a package says `grant`."""
    new = granted_now(store)
    return key_where(store, lambda row: row["household_key"] in new and row["product"] == "farmer_line")


def declined(store: Store) -> str:
    return key_where(store, lambda row: row["decision"] == "declined" and row["household_key"][0] == "h")


def number_of(store: Store, key: str) -> str:
    return str(next(row["person_id"] for row in whom.vault_rows(store) if row["household_key"] == key))


def test_a_line_in_force_is_ended_first(store: Store):
    key = granted(store)
    with pytest.raises(GateRefused, match=f"end it first: `village-credit hold {key}`"):
        erasing.erase(store, asked([key], despite_records=True))
    with pytest.raises(GateRefused, match="end it first"):
        erasing.erase(store, asked((), [number_of(store, key)]))
    holds.hold(store, key, BY, "to be erased")
    assert erasing.erase(store, asked([key]), dry_run=True).packages != []


def test_what_is_owed_and_records_of_contracts_are_kept(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receipt_rules, "today", lambda: ON)
    key = granted(store)
    row = next(row for row in sent(store) if row["身份证号码"].strip() == number_of(store, key).strip())
    for name, text in {
        "合同": f"household_ref,contract_no,signed_on\n{row['household_ref']},A-1,2026-11-06\n",
        "用信": "contract_no,amount_yuan,drawn_on\nA-1,500,2026-11-07\n",
        "还款": "contract_no,amount_yuan,paid_on\nA-1,500,2026-11-20\n",
    }.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    record_usage(store, tmp_path / "合同.csv", CLERK)
    record_usage(store, tmp_path / "用信.csv", CLERK)
    holds.hold(store, key, BY, "to be erased")
    with pytest.raises(GateRefused, match=r"500\.00 yuan of its farmer_line are drawn and not repaid"):
        erasing.erase(store, asked([key]))
    record_usage(store, tmp_path / "还款.csv", CLERK)
    with pytest.raises(GateRefused, match="kept for 3,653 days from 2026-11-20"):
        erasing.erase(store, asked([key]))
    assert erasing.erase(store, asked([key], on=date(2026, 11, 20) + timedelta(3653)), dry_run=True).files
    assert erasing.erase(store, asked([key], despite_records=True), dry_run=True).files


@pytest.mark.parametrize(
    ("second", "why"), [(f" {BY}", "needs two people"), (PREPARER, f"{PREPARER} prepared it")], ids=["one", "preparer"]
)
def test_two_people_and_no_preparer(store: Store, second: str, why: str):
    acts, files = len(Ledger.of(store)), sorted((store.root / "frozen").iterdir())
    with pytest.raises(GateRefused, match=why):
        erasing.erase(store, asked([declined(store)], second=second))
    assert (len(Ledger.of(store)), sorted((store.root / "frozen").iterdir())) == (acts, files)


def test_a_dry_run_says_what_goes_and_writes_nothing(store: Store):
    key = declined(store)
    before = {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}
    would = erasing.erase(store, asked([key]), dry_run=True)
    assert before == {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}
    done = erasing.erase(store, asked([key]))
    assert (would.files, would.runs, would.packages, would.act) == (done.files, done.runs, done.packages, 0)


def test_a_file_of_persons_is_read_and_nobody_is_printed(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store = copy_of(quiet, tmp_path).store
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    person = member(store, quiet.inbox)
    wrong = person["id_number"][:-1] + ("1" if person["id_number"][-1] == "0" else "0")
    words = ["erase", "--store", str(store.root), "--by", BY, "--second", SECOND, "--reason", "x", "--person-file"]
    (tmp_path / "wrong.txt").write_text(f"{person['id_number']}\n\n{wrong}\n", encoding="utf-8")
    assert cli.main([*words, str(tmp_path / "wrong.txt")]) == 2
    assert "line 3 is no ID number" in (said := capsys.readouterr()).err
    assert wrong not in said.err + said.out
    (tmp_path / "one.txt").write_text(f" {person['id_number']}\n", encoding="utf-8")
    assert cli.main([*words, str(tmp_path / "one.txt")]) == 0
    said = capsys.readouterr()
    assert "1 persons, 0 households: erased by act" in said.out
    assert "found in none" in said.out
    assert person["id_number"] not in said.out + said.err
    assert person["name"] not in said.out + said.err
    assert places_with(new_store(tmp_path), spelled([person["id_number"]])) == set()
    assert cli.main([*words, str(tmp_path / "one.txt")]) == 0
    assert "nothing of them is in the store" in capsys.readouterr().out


def member(store: Store, inbox: Path) -> dict[str, str]:
    """One of a household, who is no borrower: the others of it stay."""
    key = granted(store)
    persons = persons_of(inbox, {units_of(store)[key]})
    numbers = {row["person_id"] for row in whom.vault_rows(store)}
    return next(one for one in persons if one["id_number"] and one["id_number"] not in numbers)


def test_a_member_who_goes_alone_leaves_his_household_its_line(store: Store, quiet: Scored):
    one, key = member(store, quiet.inbox), granted(store)
    borrower = number_of(store, key)
    erasing.erase(store, asked((), [one["id_number"]]))
    assert places_with(store, spelled([one["id_number"]])) == set()
    assert "frozen" in {place.partition("/")[0] for place in places_with(store, spelled([borrower]))}
    assert number_of(store, key) == borrower
    assert explain(store, key)["erased"] is None


def test_what_people_said_of_a_household_goes_by_its_key(store: Store):
    key, other = declined(store), granted(store)
    text = f"household_key,意见\n{key},去年离婚\n{other},好\n"
    store.freeze(text.encode(), sha256_of(text.encode()))
    done = erasing.erase(store, asked([key]))
    left = next(item for item in done.files if item["sha256"] == sha256_of(text.encode()))["became"]
    assert store.thaw(left).decode() == f"household_key,意见\n\n{other},好\n"


def test_no_day_to_come_ends_a_duty(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """By it records would be old enough that are to be kept today."""
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(store.root.parent / "keys"))
    acts, key = len(Ledger.of(store)), declined(store)
    words = ["erase", "--store", str(store.root), "--household", key, "--by", BY, "--second", SECOND, "--reason", "x"]
    assert cli.main([*words, "--as-of", "2999-01-01"]) == 2
    assert "is a day to come" in capsys.readouterr().err
    assert len(Ledger.of(store)) == acts
    assert cli.main([*words, "--as-of", "2999-01-01", "--dry-run"]) == 0
    assert erasing.erase(store, asked([key])).act == acts + 1
    assert Ledger.of(store)[-1].details["on"] == asked([key]).on.isoformat()
