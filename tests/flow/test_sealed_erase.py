"""Whoever is erased goes from sealed packages that wait, which nobody here can open; others' stay to the byte."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.conftest import SIGNER, by_unit, on_day
from tests.flow.test_erase import SECOND, asked, number_of
from tests.flow.test_erase_killed import Killed, Killer
from tests.flow.test_retain import POLICY
from tests.flow.test_sealed_packages import (
    BRANCH,
    NO_VIEWS,
    OPEN_BRANCH,
    SEALED,
    County,
    at,
    copied,
    county,
    gathered,
    new_identity,
    of_sealed_branch,
    opened,
    opens,
    own,
    policy_for,
    publish,
    rows_in,
)
from village_credit.china_calendar import day_in_china
from village_credit.cli import main
from village_credit.errors import VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.publish.branch_package import package_rows, packages_in, verify_package
from village_credit.publish.outbox import told_of
from village_credit.publish.recording import record
from village_credit.services.casework import holds
from village_credit.services.keeping import erase as erasing
from village_credit.services.keeping.retain import retain
from village_credit.services.keeping.search import search
from village_credit.services.queries.anchors import verify_ledger
from village_credit.store.store import sha256_of

__all__ = ["county", "own"]  # the fixtures are those of the other file
BY = "3003"
LATER = date(2026, 11, 2)


@pytest.fixture(autouse=True)
def without_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spared the time to build views that no test here reads."""
    monkeypatch.setattr(NO_VIEWS, lambda _store: None)
    monkeypatch.setattr("village_credit.publish.handing_out.refresh_warehouse", lambda _store: None)


def numbers(county: County, package: Path) -> set[str]:
    return {row["身份证号码"].strip() for row in rows_in(opened(county, package))}


def in_nobody_s_package(county: County) -> str:
    """A household that no package of the latest publication names."""
    publication, inputs = told_of(county.store, Ledger.of(county.store))[-1].gather()  # type: ignore[misc]
    named = {row["household_key"] for row in package_rows(publication, inputs).to_pylist()}
    declined = {row["household_key"] for row in inputs.decisions.to_pylist() if row["decision"] == "declined"}
    return by_unit(county.store, publication.run_id, declined - named)[0]


def test_a_person_in_a_sealed_package_that_waits_is_gone_from_it_and_the_others_are_told_the_same(own: County):
    key, bystander = of_sealed_branch(own), of_sealed_branch(own, 1)
    number = number_of(own.store, key)
    for one in (key, bystander):
        holds.hold(own.store, one, BY, "to be erased")
    acts = len(Ledger.of(own.store))
    packages = {place: own.outbox(place) / BRANCH for place in (own.outbox().name, f"hold-{acts - 1:08d}")}
    (other,) = own.store.root.glob(f"outbox/*/hold-{acts:08d}/{BRANCH}/package.age")
    before, untouched = numbers(own, own.package), other.read_bytes()
    assert number in before
    done = erasing.erase(own.store, asked([key]))
    assert {*done.packages} == {f"{place}/{BRANCH}" for place in packages}
    assert numbers(own, own.package) == before - {number}
    assert {path.name for path in own.package.iterdir()} == SEALED
    assert not packages[f"hold-{acts - 1:08d}"].exists()  # nothing is left of it
    assert other.read_bytes() == untouched
    assert done.searched is not None
    assert done.searched.sealed == 2
    entry = Ledger.of(own.store)[done.act - 1]
    assert entry.details["searched"]["sealed"] == 2
    assert entry.details["repacked"][own.outbox().name] == {BRANCH: packages_in(own.outbox())[BRANCH]}
    assert verify_package(own.package, own.store.keys.known_keys())
    assert verify_ledger(own.store, [own.package]).anchored_to
    assert not list(own.store.root.glob("packing/*/*"))


def test_a_sealed_package_that_does_not_name_the_person_is_not_packed_anew(own: County):
    key = in_nobody_s_package(own)
    sealed = (own.package / "package.age").read_bytes()
    done = erasing.erase(own.store, asked([key]))
    assert (done.packages, done.searched and done.searched.sealed) == ([], 1)
    assert (own.package / "package.age").read_bytes() == sealed


@pytest.mark.parametrize("name", ["package.age", "sealed.json", "manifest.json"])
def test_one_that_is_not_whole_may_name_anybody_and_is_packed_anew(name: str, own: County):
    content = (own.package / name).read_bytes()
    (own.package / name).write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    done = erasing.erase(own.store, asked([in_nobody_s_package(own)]))
    assert done.packages == [f"{own.outbox().name}/{BRANCH}"]
    assert verify_package(own.package, own.store.keys.known_keys())


def test_one_that_names_the_person_and_can_no_longer_be_packed_goes_and_one_that_does_not_stays(
    own: County, tmp_path: Path
):
    """Its run's vault is past its retention, and it was not fetched: the act says that it went."""
    key, bystander = of_sealed_branch(own), in_nobody_s_package(own)
    publish(own.store, own.inbox, policy_for(tmp_path, own.key), LATER)
    (own.store.root / "vault" / f"{own.run_id}.sealed").unlink()
    assert erasing.erase(own.store, asked([bystander])).packages == []
    assert own.package.is_dir()
    holds.hold(own.store, key, BY, "to be erased")
    done = erasing.erase(own.store, asked([key]))
    assert f"{own.outbox().name}/{BRANCH}" in done.packages
    assert Ledger.of(own.store)[done.act - 1].details["repacked"][own.outbox().name] == {BRANCH: None}
    assert not own.package.exists()


def test_one_that_still_names_the_person_keeps_the_act_from_standing(own: County, monkeypatch: pytest.MonkeyPatch):
    key = of_sealed_branch(own)
    holds.hold(own.store, key, BY, "to be erased")
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "pack_anew", lambda *_: None)
        with pytest.raises(VerificationFailed, match=f"outbox/659900/{own.outbox().name}/{BRANCH}/package.age"):
            erasing.erase(own.store, asked([key]))
    assert erasing.erase(own.store, asked([key])).act == len(Ledger.of(own.store))


def test_a_dry_run_and_the_verb_say_what_could_not_be_opened(
    own: County, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    at(own, monkeypatch)
    words = ["erase", "--household", in_nobody_s_package(own), "--by", BY, "--second", SECOND, "--reason", "asked"]
    assert main([*words, "--dry-run"]) == 0
    assert "not opened" not in capsys.readouterr().out
    assert main(words) == 0
    assert "not opened          1 sealed packages, which their branches alone can open" in capsys.readouterr().out


def test_what_was_packed_sealed_and_never_handed_out_is_dropped_where_it_names_the_person(own: County):
    """Its act is not in the ledger; what a crash left of a package that was taken away goes too."""
    key = of_sealed_branch(own)
    stray = own.store.root / "packing" / "659900" / ".p20261201-0123456789ab.cafecafe"
    shutil.copytree(own.package, stray / BRANCH)
    going = own.outbox() / f".{BRANCH}.going"
    shutil.copytree(own.package, going)
    erasing.erase(own.store, asked([in_nobody_s_package(own)]))
    assert [place.exists() for place in (stray, going)] == [True, True]
    holds.hold(own.store, key, BY, "to be erased")
    erasing.erase(own.store, asked([key]))
    assert [place.exists() for place in (stray, going)] == [False, False]
    assert own.package.is_dir()


def test_an_encrypted_file_that_is_no_package_of_ours_is_found_for_it_may_name_anybody(own: County):
    wanted = erasing._wanted(own.store, Ledger.of(own.store), asked([in_nobody_s_package(own)]), None)
    assert search(own.store, wanted).sealed == 1
    shutil.copy(own.package / "package.age", own.outbox() / "notes")
    assert [place for place in search(own.store, wanted).found if place.startswith("outbox/")] == [
        f"outbox/659900/{own.outbox().name}/notes"
    ]


def test_something_in_the_clear_that_is_called_a_sealed_package_is_searched(own: County):
    key = of_sealed_branch(own)
    wanted = erasing._wanted(own.store, Ledger.of(own.store), asked([key]), None)
    (own.package / "package.age").write_text(f"x,{number_of(own.store, key)}\n", "utf-8")
    assert f"outbox/659900/{own.outbox().name}/{BRANCH}/package.age" in search(own.store, wanted).found


def test_killed_before_each_kind_of_step_it_is_finished_by_the_same_command(county: County, tmp_path: Path):
    key = of_sealed_branch(county)
    ready = copied(county, tmp_path / "ready")
    number = number_of(ready.store, key)
    holds.hold(ready.store, key, BY, "to be erased")
    whole = copied(ready, tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(whole.store, patch)
        straight = erasing.erase(whole.store, asked([key]))
    kinds = list(dict.fromkeys(killer.seen))
    assert any(room == "outbox" for _, room, _ in kinds)
    for place, kind in enumerate(kinds):
        mine = copied(ready, tmp_path / f"{place}")
        with pytest.MonkeyPatch.context() as patch:
            Killer(mine.store, patch).at = kind
            with pytest.raises(Killed):
                erasing.erase(mine.store, asked([key]))
        done = erasing.erase(mine.store, asked([key]))
        assert done.packages == straight.packages
        assert number not in numbers(mine, mine.package)
        assert {path.name for path in mine.package.iterdir()} == SEALED
        assert not list(mine.store.root.glob("outbox/*/*/.*"))
        shutil.rmtree(tmp_path / f"{place}")


def test_the_other_branch_s_package_in_the_clear_is_searched_as_ever(own: County):
    rows = [row for row in package_rows(*gathered(own)).to_pylist() if row["branch_code"] == OPEN_BRANCH]
    key = by_unit(own.store, own.run_id, [row["household_key"] for row in rows if row["action"] == "grant"])[0]
    holds.hold(own.store, key, BY, "to be erased")
    sealed = (own.package / "package.age").read_bytes()
    done = erasing.erase(own.store, asked([key]))
    assert f"{own.outbox().name}/{OPEN_BRANCH}" in done.packages
    assert (own.package / "package.age").read_bytes() == sealed


def test_a_copy_of_what_a_sealed_package_holds_is_disclosed_to_nobody(
    own: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    at(own, monkeypatch)
    (tmp_path / "note.csv").write_bytes(opened(own)["limits.csv"])
    shutil.copy(own.package / "package.age", tmp_path / "other.bin")
    shutil.copytree(own.package, tmp_path / "folder")
    words = ["--by", "1001", "--second", SIGNER, "--to", "a house", "--reason", "asked"]
    for name, why in (("note.csv", "is a copy"), ("other.bin", "is a copy"), ("folder", "is a package")):
        assert main(["disclose", str(tmp_path / name), *words]) == 4
        assert why in capsys.readouterr().err


def test_what_its_branch_confirmed_goes_after_its_days_sealed_or_not(own: County):
    told = {"branch_code": BRANCH, "publications": [own.outbox().name], "changed": [], "tables": []}
    own.store.freeze(b"receipt", sha256_of(b"receipt"))
    received = day_in_china(Ledger.of(own.store)[-1].at) + timedelta(10)
    with on_day(received):
        record(own.store, "acknowledge", BY, "", told | {"file_sha256": sha256_of(b"receipt")})
    manifest = packages_in(own.outbox())[BRANCH]
    assert retain(own.store, POLICY, received + timedelta(31)).items == []
    (item,) = retain(own.store, POLICY, received + timedelta(32)).items
    place = f"outbox/659900/{own.outbox().name}/{BRANCH}"
    assert (item.kind, item.place, item.files, item.sha256) == ("confirmed_packages", place, 4, manifest)
    assert retain(own.store, POLICY, received + timedelta(32), BY, SECOND).act == len(Ledger.of(own.store))
    assert not own.package.exists()


def test_a_package_is_sealed_again_for_those_of_its_own_day(own: County, tmp_path: Path):
    """Whoever had the key of that day had the package: no later one is put in its place."""
    key, new = of_sealed_branch(own), new_identity(tmp_path / "new.key")
    number = number_of(own.store, key)
    later = own.outbox(publish(own.store, own.inbox, policy_for(tmp_path, new), LATER))
    holds.hold(own.store, key, BY, "to be erased")
    erasing.erase(own.store, asked([key]))
    assert [opens(own.package, one) for one in (own.key, new)] == [True, False]
    assert number not in numbers(own, own.package)
    assert [opens(later / BRANCH, one) for one in (own.key, new)] == [False, True]
