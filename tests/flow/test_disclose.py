"""Nothing leaves by one person's word; what left stands in the ledger, and its recipient can check it alone."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, Scored, copy_of, new_store
from village_credit import china_calendar
from village_credit.cli import main
from village_credit.publish.disclosed import STATEMENT
from village_credit.store.act_files import keep_in_volumes, read_acts
from village_credit.store.keys import load_keys

TWO = ["--by", "1001", "--second", "2002"]
TO = ["--to", "统计局", "--reason", "contract"]


@pytest.fixture(scope="module")
def one(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store, its keys, an export of it (x) and some other file (page.html)."""
    folder = tmp_path_factory.mktemp("disclosed")
    copy_of(quiet, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(china_calendar, "today", lambda: date(2027, 1, 1))
        patch.setenv("VILLAGE_CREDIT_STORE", str(folder / "store"))
        patch.setenv("VILLAGE_CREDIT_KEY_FILE", str(folder / "keys"))
        words = ["export", "--county", COUNTY_OF_TESTS, "--month", f"{AS_OF:%Y-%m}", "--out", str(folder / "x")]
        assert main(words) == 0
    (folder / "page.html").write_text("a page", encoding="utf-8")
    return folder


@pytest.fixture
def place(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(one, tmp_path / "county"))
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(folder / "store"))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(folder / "keys"))
    monkeypatch.chdir(folder)
    return folder


def acts(folder: Path) -> list[dict]:
    told = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "store/ledger").glob("*.json"))]
    return [entry for entry in told if entry["act"] == "disclose"]


def public_key(folder: Path) -> str:
    return load_keys(folder / "keys")[0].public_key().hex()


def test_two_people_let_an_export_leave_and_the_ledger_says_what_and_to_whom(place: Path):
    assert main(["disclose", "x", *TWO, *TO]) == 0
    (act,) = acts(place)
    said = json.loads((place / "x" / STATEMENT).read_text(encoding="utf-8"))
    assert (act["by"], act["details"]["second"], act["details"]["recipient"]) == ("1001", "2002", "统计局")
    assert (act["details"]["kind"], act["details"]["month"]) == ("export", f"{AS_OF:%Y-%m}")
    assert (said["act"], said["digest"]) == (act["number"], act["details"]["digest"])
    assert act["details"]["files"] == len(said["files"]) == len(list((place / "x").iterdir())) - 1
    assert "limits.parquet" not in json.dumps(act)
    assert main(["ledger", "verify"]) == 0
    with duckdb.connect(str(place / "store" / "warehouse.duckdb"), read_only=True) as connection:
        (row,) = connection.execute("SELECT act, disclosed_by, second, recipient, counties FROM disclosures").fetchall()
    assert row == (act["number"], "1001", "2002", "统计局", [COUNTY_OF_TESTS])


def of_the_store(place: Path, which: str) -> Path:
    """Something of the store under another name."""
    store, copy = place / "store", place / "copy"
    found = {
        "keys": place / "keys",
        "vault": next((store / "vault").iterdir()),
        "package": next(store.glob("outbox/*/p*/*/limits.csv")),
        "table": next(store.glob("runs/*/decisions.parquet")),
        "act": next((store / "ledger").glob("*.json")),
        "volume": next((store / "ledger").glob("*.acts"), None),
        "memo": next((store / "memos").iterdir()),
        "views": store / "warehouse.duckdb",
    }
    if which == "act of a volume":
        copy.write_bytes(read_acts(store / "ledger")[1])
    elif which == "delivered":
        copy.write_bytes(next(path for path in (place.parent / "inbox").rglob("*.csv")).read_bytes())
    elif which == "other keys":
        other = new_store(place / "other")
        copy.write_bytes((other.root.parent / "keys").read_bytes())
    elif which == "hard link":
        copy.hardlink_to(found["keys"])
    else:
        shutil.copy(found[which], copy)
    return copy


@pytest.mark.parametrize(
    "which",
    [
        *("keys", "vault", "package", "table", "act", "act of a volume", "volume", "memo", "views", "delivered"),
        *("other keys", "hard link"),
    ],
)
def test_a_copy_of_what_lies_in_the_store_leaves_no_more_than_itself(place: Path, quiet: Scored, capsys, which: str):
    if which == "delivered":
        shutil.copytree(quiet.inbox, place.parent / "inbox")
    if "volume" in which:
        keep_in_volumes(place / "store" / "ledger", 2, 1)
    assert main(["status"]) == 0  # the views follow a store that was moved
    copy = of_the_store(place, which)
    capsys.readouterr()
    assert main(["disclose", copy.name, *TWO, *TO]) == 4
    assert "these never leave" in capsys.readouterr().err
    assert acts(place) == []


def test_an_export_without_its_manifest_leaves_as_nothing_else(place: Path, capsys):
    (place / "x" / "manifest.json").unlink()
    assert main(["disclose", "x", *TWO, *TO]) == 4
    assert "an export without its manifest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["x", "--by", "A-01", "--second", "ａ 1", *TO], 4, "a second person's word"),
        (["x", *TWO, "--to", "139 0000 0001", "--reason", "x"], 2, "--to names nobody"),
        (["x", *TWO, "--to", "统计局 13900000001", "--reason", "x"], 2, "what may be a person's number"),
        (["x", *TWO, "--to", "统计局", "--reason", " "], 2, "--reason is empty"),
        (["keys", *TWO, *TO], 4, "these never leave"),
        (["store", *TWO, *TO], 4, "these never leave"),
        (["store/vault", *TWO, *TO], 4, "these never leave"),
        (["store/outbox", *TWO, *TO], 4, "these never leave"),
        (["package", *TWO, *TO], 4, "to its branch or office and to nobody else"),
        ([".", *TWO, *TO], 4, "these never leave"),
        (["nothing", *TWO, *TO], 7, "there is no such file"),
        (["link", *TWO, *TO], 2, "is or holds a link"),
    ],
)
def test_what_may_not_leave_leaves_no_act(place: Path, capsys, words: list[str], code: int, sentence: str):
    (place / "link").symlink_to("page.html")
    shutil.copytree(next((place / "store" / "outbox").glob("*/*/*/READY")).parent, place / "package")
    assert main(["disclose", *words]) == code
    assert sentence in capsys.readouterr().err
    assert acts(place) == []
    assert list(place.rglob(f"*{STATEMENT}")) == []


def test_an_export_that_somebody_changed_does_not_leave(place: Path, capsys):
    (place / "x" / "limits.parquet").write_bytes(b"other rows")
    assert main(["disclose", "x", *TWO, *TO]) == 6
    assert "limits.parquet is not the file that was signed" in capsys.readouterr().err
    assert acts(place) == []


def test_the_same_again_is_no_other_act_and_another_house_is_one(place: Path):
    assert [main(["disclose", "page.html", *TWO, *TO]) for _ in range(2)] == [0, 0]
    statement = place / f"page.html.{STATEMENT}"
    first = statement.read_bytes()
    statement.unlink()  # as a process that was killed after its act leaves it
    assert main(["disclose", "page.html", "--by", "3003", "--second", "4004", "--to", " 统计局", "--reason", "y"]) == 0
    assert statement.read_bytes() == first
    assert [act["by"] for act in acts(place)] == ["1001"]
    assert main(["disclose", "page.html", *TWO, "--to", "审计局", "--reason", "x"]) == 0
    assert [act["details"]["recipient"] for act in acts(place)] == ["统计局", "审计局"]


def test_a_recipient_checks_it_with_the_public_key_alone(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert main(["disclose", "x", *TWO, *TO]) == 0
    key = public_key(place)
    theirs = Path(shutil.copytree(place / "x", tmp_path / "theirs"))
    for name in ("VILLAGE_CREDIT_STORE", "VILLAGE_CREDIT_KEY_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    checked = ["verify-disclosure", str(theirs), "--public-key"]
    assert main([*checked, key]) == 0
    assert main([*checked[:2]]) == 2  # nobody said whose signature
    assert main([*checked, "ab" * 32]) == 6
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("harm", ["altered", "added", "gone", "said"])
def test_what_is_not_what_left_is_refused(place: Path, capsys, harm: str):
    assert main(["disclose", "x", *TWO, *TO]) == 0
    statement = place / "x" / STATEMENT
    if harm == "altered":
        (place / "x" / "gates.parquet").write_bytes(b"")
    elif harm == "added":
        (place / "x" / "more.csv").write_text("1", encoding="utf-8")
    elif harm == "gone":
        (place / "x" / "gates.parquet").unlink()
    else:
        statement.write_text(statement.read_text(encoding="utf-8").replace("统计局", "审计局"), encoding="utf-8")
    assert main(["verify-disclosure", "x"]) == 6
    assert "do not use it" in capsys.readouterr().err


def test_what_was_disclosed_to_nobody_says_so(place: Path, capsys):
    assert main(["verify-disclosure", "x"]) == 7
    assert "was disclosed to nobody" in capsys.readouterr().err


def test_after_a_rotation_what_left_before_verifies_and_a_thief_of_the_former_key_tells_no_later_act(place: Path):
    assert main(["disclose", "x", *TWO, *TO]) == 0
    former = load_keys(place / "keys")[0]
    assert main(["keys", "rotate", "--only", "signing", "--by", "3003", "--reason", "yearly"]) == 0
    assert main(["verify-disclosure", "x"]) == 0
    assert main(["verify-disclosure", "x", "--public-key", public_key(place)]) == 6
    said = json.loads((place / "x" / STATEMENT).read_text(encoding="utf-8")) | {
        "act": len(list((place / "store" / "ledger").glob("*.json"))) + 1
    }
    said.pop("signature")
    forged = json.dumps(said | {"signature": former.sign("disclosure", said)})
    (place / "x" / STATEMENT).write_text(forged, encoding="utf-8")
    assert main(["verify-disclosure", "x"]) == 6
