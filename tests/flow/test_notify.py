"""Notices are addressed through the vault: the figures of `explain`, one SMS a language, and nobody who wants none."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import stat
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyrage import x25519

from tests.browser import browser
from tests.conftest import AS_OF, PREPARER, SIGNER, Scored, by_unit, copy_of, put_in_force, score_into
from tests.looked_at import asked_elsewhere, look, paper_of
from village_credit import cli
from village_credit.errors import GateRefused, MissingInput, RunConflict, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.opt_outs import OPT_IN, OPT_OUT
from village_credit.publish.addressed_notices import Texts, Whom, notices_due, write_notices
from village_credit.publish.outbox import told_of
from village_credit.recipients import identities_in, opened_with
from village_credit.report.notice_template import SMS_UNITS, read_template, units_of
from village_credit.report.percent import percent
from village_credit.services.approval.withdraw import withdraw
from village_credit.services.casework import holds
from village_credit.services.casework.opt_outs import opt
from village_credit.services.disclosure.notify import Notified, Wanted, add_helps, notify
from village_credit.services.queries.explain import explain
from village_credit.services.queries.notices import notices
from village_credit.services.rules import default_counties, load_terms

BOTH = Wanted(("zh", "ug"), unreviewed=True)
ZH = Wanted(("zh",))
TOLD = ("limit_yuan", "annual_rate_bp", "binding_term", "term_months", "product")


def publication_of(scored: Scored) -> str:
    return Ledger.of(scored.store).publications[-1].publication_id


def noted(scored: Scored, out: Path, wanted: Wanted = BOTH, publication_id: str | None = None) -> Notified:
    dated = wanted if wanted.on else replace(wanted, on=AS_OF)  # whatever the clock says, no line has ended
    return notify(scored.store, publication_id or publication_of(scored), out, PREPARER, None, dated)


def messages(out: Path) -> Iterator[dict[str, str]]:
    for path in sorted(out.glob("*/sms.csv")):
        yield from csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))


def letters(out: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(out.glob("*/letters.html")))


def vault(scored: Scored) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(io.BytesIO(scored.store.open_identities(scored.run.run_id))).to_pylist()
    return {row["household_key"]: row for row in rows}


def granted_keys(scored: Scored) -> list[str]:
    lines = lines_in_force(scored.store, Ledger.of(scored.store), scored.county_code).to_pylist()
    return by_unit(scored.store, scored.run.run_id, [r["household_key"] for r in lines if r["decision"] == "granted"])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, published: Scored) -> Scored:
    return copy_of(published, tmp_path_factory.mktemp("notify"))


@pytest.fixture(scope="module")
def done(own: Scored, tmp_path_factory: pytest.TempPathFactory) -> Notified:
    return noted(own, tmp_path_factory.mktemp("out") / "notices")


def test_every_granted_household_has_a_letter_and_one_message_a_language_that_fits(own: Scored, done: Notified):
    written, found = done.written, list(messages(Path(done.folder)))
    told = {row["household_key"] for row in due_of(own) if row["left_out"] is None}
    assert written.households == written.letters == len(told) > len(granted_keys(own)) > 100
    assert written.sms == len(found) == 2 * (written.households - sum(written.without_sms.values()))
    assert max(units_of(one["内容"]) for one in found) <= SMS_UNITS
    each = Counter((one["手机号"], one["语言"]) for one in found)
    assert set(each.values()) == {1}
    assert letters(Path(done.folder)).count('<section class="letter') == written.letters


@pytest.mark.parametrize("language", ["zh", "ug"])
def test_limit_rate_and_binding_term_are_those_of_explain(own: Scored, done: Notified, language: str):
    template, who = read_template(language).said, vault(own)
    found = {one["手机号"]: one["内容"] for one in messages(Path(done.folder)) if one["语言"] == language}
    keys = [key for key in granted_keys(own) if (who[key]["phone"] or "") in found and who[key]["relation"] == "head"]
    lines = lines_in_force(own.store, Ledger.of(own.store), own.county_code).to_pylist()
    by_key = {row["household_key"]: row for row in lines if row["decision"] == "granted"}
    assert len(keys) == len([text for text in found.values() if "%" in text]) > 100
    for key in keys:
        text = found[who[key]["phone"]]
        assert re.findall(r"(?<!\d)\d+(?= ?(?:元|يۈەن))", text) == [str(by_key[key]["limit_yuan"])]
        assert re.findall(r"[\d.]+%", text) == [percent(by_key[key]["annual_rate_bp"], 10_000)]
        assert [term for term, word in template.bound.items() if word in text] == [by_key[key]["binding_term"]]
    for key in keys[:3]:
        decision = explain(own.store, key)["decision"]
        assert [decision[name] for name in TOLD] == [by_key[key][name] for name in TOLD]


def test_the_files_are_their_owner_s_alone_and_the_ledger_names_nobody(own: Scored, done: Notified):
    for path in Path(done.folder).rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    entry = Ledger.of(own.store)[done.act - 1]
    told = json.dumps(entry.details, ensure_ascii=False)
    assert (entry.act, entry.by, entry.details["households"]) == ("notify", PREPARER, done.written.households)
    assert {one["version"]: one["reviewed_by"] for one in done.templates}["ug-2026.12"] == ""
    for row in list(vault(own).values())[:50]:
        assert row["name"] not in told
        assert not row["phone"] or row["phone"] not in told


def test_nobody_who_is_held_objects_or_opted_out_is_written_to(published: Scored, tmp_path: Path):
    mine = copy_of(published, tmp_path)
    held, quiet_one, *_ = granted_keys(mine)
    before = noted(mine, tmp_path / "before", ZH).written
    holds.hold(mine.store, held, SIGNER, "test")
    opt(mine.store, OPT_OUT, quiet_one, SIGNER)
    after = noted(mine, tmp_path / "after", ZH).written
    assert after.households == before.households - 2
    assert (after.left_out["held"], after.left_out["opted_out"]) == (1, 1)
    for key in (held, quiet_one):
        who = vault(mine)[key]
        assert who["phone"] not in {one["手机号"] for one in messages(tmp_path / "after")}
    opt(mine.store, OPT_IN, quiet_one, SIGNER)
    assert noted(mine, tmp_path / "again", ZH).written.households == before.households - 1


def test_nobody_who_objects_is_told_of_a_line(own: Scored):
    due = due_of(own)
    decisions = pq.read_table(own.store.require_run(own.run.run_id) / "decisions.parquet").to_pylist()
    objecting = {row["household_key"] for row in decisions if "OBJECTION" in row["reason_codes"]}
    assert objecting
    publication, inputs = gathered(own)
    one = next(row["household_key"] for row in due if row["left_out"] is None)
    rows = [row | ({"reason_codes": ["OBJECTION"]} if row["household_key"] == one else {}) for row in decisions]
    inputs = replace(inputs, decisions=pa.Table.from_pylist(rows, inputs.decisions.schema))
    lines = lines_in_force(own.store, Ledger.of(own.store), own.county_code)
    then = notices_due(publication, inputs, lines, Whom((), (), AS_OF))
    assert {row["left_out"] for row in then if row["household_key"] in {*objecting, one}} == {"objecting"}


def test_whoever_opted_out_cannot_again_nor_in_who_is_in(own: Scored):
    key = granted_keys(own)[2]
    with pytest.raises(RunConflict, match="it has not opted out"):
        opt(own.store, OPT_IN, key, SIGNER)


def gathered(scored: Scored) -> Any:
    (told,) = [t for t in told_of(scored.store, Ledger.of(scored.store)) if t.entry.act == "publish"]
    found = told.gather()
    assert found is not None
    return found


def due_of(
    scored: Scored, identities: pa.Table | None = None, *, everybody: bool = False, on: date = AS_OF
) -> list[dict[str, Any]]:
    publication, inputs = gathered(scored)
    inputs = inputs if identities is None else replace(inputs, identities=identities)
    lines = lines_in_force(scored.store, Ledger.of(scored.store), scored.county_code)
    return notices_due(publication, inputs, lines, Whom((), (), on, everybody))


def test_a_telephone_of_two_households_and_one_of_another_member_get_no_message(own: Scored):
    first, second, third, fourth, *_ = granted_keys(own)
    _, inputs = gathered(own)
    rows = inputs.identities.to_pylist()
    said = {first: ("10000000001", "head"), second: ("10000000001", "head"), third: ("0990-1234567", "head")}
    said[fourth] = ("10000000002", "spouse")
    for row in rows:
        row["phone"], row["relation"] = said.get(row["household_key"], (row["phone"], row["relation"]))
    found = {row["household_key"]: row for row in due_of(own, pa.Table.from_pylist(rows, inputs.identities.schema))}
    no_sms = [found[key]["no_sms"] for key in (first, second, third, fourth)]
    assert no_sms == ["shared", "shared", "no_mobile", "of_another_member"]
    assert {found[key]["left_out"] for key in (first, second, third, fourth)} == {None}


def test_a_branch_with_a_key_gets_what_it_alone_can_open(own: Scored, tmp_path: Path):
    identity = x25519.Identity.generate()
    publication, inputs = gathered(own)
    code = due_of(own)[0]["branch_code"]
    inputs = replace(inputs, recipients=lambda: {code: (str(identity.to_public()),)})
    terms = load_terms(None, own.county_code)[0].notices
    assert terms is not None
    texts = Texts(terms, [read_template("zh").said], "2026-11-02")
    written = write_notices(tmp_path / "n", own.store.keys, publication, inputs, due_of(own), texts)
    assert written.sealed_branches == [code]
    assert [path.name for path in (tmp_path / "n" / code).iterdir()] == ["notices.age"]
    plain = opened_with(identities_in(str(identity)), (tmp_path / "n" / code / "notices.age").read_bytes())
    assert plain is not None
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        assert archive.getnames() == ["sms.csv", "letters.html"]


def test_who_lost_a_line_is_told_so_without_a_figure(published: Scored, tmp_path: Path):
    mine = copy_of(published, tmp_path)
    told = len(granted_keys(mine))
    first = publication_of(mine)
    withdraw(mine.store, mine.county_code, SIGNER, "test")
    gone = Ledger.of(mine.store).county_acts[-1].publication_id
    written = noted(mine, tmp_path / "gone", ZH, gone).written
    assert written.households == told
    texts = {one["内容"] for one in messages(tmp_path / "gone")}
    assert all("额度已停用" in text and "元" not in text for text in texts)
    assert "本县授信已整体撤回" in letters(tmp_path / "gone")
    with pytest.raises(RunConflict, match=rf"^{first} is in force no more: notify of {gone}, which came after it"):
        noted(mine, tmp_path / "late", ZH, first)


def test_who_lost_a_line_for_want_of_room_is_told_what_could_help(own: Scored):
    """As `explain` has it; for another reason nothing is asked."""
    publication = Ledger.of(own.store).in_force[-1]
    rows = pq.read_table(own.store.run_folder(own.run.run_id) / "decisions.parquet", partitioning=None).to_pylist()
    refused = [row for row in rows if row["reason_codes"][:1] in (["BELOW_SMALLEST_TICKET"], ["NO_BORROWER"])][:25]
    due = [{**row, "kind": "lost", "left_out": None} for row in refused]
    add_helps(own.store, publication, due)
    told = {row["household_key"]: row["helps"] for row in due if row["reason_codes"] == ["BELOW_SMALLEST_TICKET"]}
    assert any(told.values())
    assert not any("helps" in row for row in due if row["reason_codes"][0] == "NO_BORROWER")
    key = next(key for key, things in told.items() if things)
    assert told[key] == explain(own.store, key)["helps"]["things"]


def test_what_did_not_change_is_told_once_unless_everybody_is_asked_for(published: Scored, tmp_path: Path):
    mine = copy_of(published, tmp_path)
    again = score_into(mine.store, mine.inbox, mine.county_code, AS_OF.replace(day=AS_OF.day + 1))
    put_in_force(mine.store, again.run.run_id)
    few = noted(mine, tmp_path / "few", ZH).written
    everybody = noted(mine, tmp_path / "all", replace(ZH, everybody=True)).written
    assert few.left_out["told_before"] == everybody.households - few.households > 100


def test_texts_that_nobody_read_are_not_sent_and_one_too_long_writes_nothing(own: Scored, tmp_path: Path):
    out = tmp_path / "out"
    with pytest.raises(GateRefused, match=r"^nobody reviewed ug-2026\.12: "):
        noted(own, out, Wanted())
    text = Path(str(default_counties())).parents[1] / "src/village_credit/report/templates/zh.toml"
    long = text.read_text(encoding="utf-8").replace("签约、异议、人工:", "签约、异议、希望由人工复核，请致电下列电话:")
    (tmp_path / "zh.toml").write_text(long, encoding="utf-8")
    sentence = r"^notice template zh-2026\.12: sms\.granted of branch 00\d\d comes to 7\d units, and one SMS holds 70"
    with pytest.raises(MissingInput, match=sentence):
        noted(own, out, Wanted(("zh",), templates=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["zh.toml"]


def test_a_county_whose_terms_name_no_bank_is_told_what_is_missing(own: Scored, tmp_path: Path):
    shutil.copy(default_counties() / "default.toml", tmp_path)
    with pytest.raises(
        MissingInput, match=r"terms of county 659900 have no \[notices\]: write bank, signature and tele"
    ):
        notify(own.store, publication_of(own), tmp_path / "out", PREPARER, tmp_path, ZH)


def test_what_is_printed_leaves_room_for_a_telephone_where_the_terms_name_no_bank(own: Scored, tmp_path: Path):
    shutil.copy(default_counties() / "default.toml", tmp_path)
    blank, told = (notices(own.store, own.run.run_id, "zh", place) for place in (tmp_path, None))
    assert all("致电____" in one["text"] for one in blank)
    assert not any("____" in one["text"] for one in told)
    assert [one["text"].count("额度：") for one in blank] == [one["text"].count("额度：") for one in told]


def test_a_hold_and_an_unknown_publication_are_no_notices_and_nothing_is_written_over(own: Scored, tmp_path: Path):
    for name, sentence in (("p1", "no publication p1 in this store"), ("hold-00000007", "no publication")):
        with pytest.raises(MissingInput, match=sentence):
            noted(own, tmp_path / "out", ZH, name)
    with pytest.raises(UsageError, match="is there already"):
        noted(own, tmp_path, ZH)


def test_the_command_says_what_was_left_out(own: Scored, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["--store", str(own.store.root), "--by", PREPARER, "--out", str(tmp_path / "out"), "--lang", "zh"]
    words += ["--on", AS_OF.isoformat()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VILLAGE_CREDIT_KEY_FILE", str(own.store.root.parent / "keys"))
        assert cli.main(["notify", publication_of(own), *words]) == 0
    said = capsys.readouterr().out
    assert re.search(r"\d+ letters and \d+ messages in .*; by letter alone: \d+ of_another_member", said)


def test_nobody_is_told_of_a_line_that_has_ended(own: Scored, tmp_path: Path):
    now = due_of(own, everybody=True)
    ends = sorted({row["valid_to"] for row in now if row["kind"] == "granted" and row["left_out"] is None})
    for last in (ends[0], ends[-1]):
        for on in (last, last + timedelta(days=1)):
            then = due_of(own, everybody=True, on=on)
            ended = [row["kind"] == "granted" and row["left_out"] is None and row["valid_to"] < on for row in now]
            assert any(ended) is (on > ends[0])
            assert [row["left_out"] for row in then] == [
                "ended" if is_over else row["left_out"] for row, is_over in zip(now, ended, strict=True)
            ]
    done = noted(own, tmp_path / "out", replace(ZH, everybody=True, on=ends[-1] + timedelta(days=1)))
    assert done.written.left_out["ended"] > 0
    assert not any("年利率" in message["内容"] for message in messages(tmp_path / "out"))


def test_what_a_killed_one_left_beside_its_folder_is_taken_away_after_an_hour(own: Scored, tmp_path: Path):
    old, young = tmp_path / ".out.0123abcd", tmp_path / ".out.0123abce"
    for stray in (old, young):
        (stray / "0071").mkdir(parents=True)
    os.utime(old, (0, 0))
    noted(own, tmp_path / "out", ZH)
    assert not old.exists()
    assert young.exists()


@pytest.mark.browser
def test_each_letter_is_one_page_with_the_font_in_it_and_is_read_at_every_width(done: Notified, tmp_path: Path):
    page = next(iter(sorted(Path(done.folder).glob("*/letters.html"))))
    head, *parts = re.split(r'(?=<section class="letter)', page.read_text(encoding="utf-8"))
    few = tmp_path / "few.html"
    few.write_text(head + "".join(parts[:12]) + "</main></body></html>", encoding="utf-8")
    with browser(tmp_path) as tab:
        for width in (1400, 390):
            tab.width(width)
            tab.open(few)
            assert look(tab, width, colours=width == 390) == {}, width
        drawn = tab.printed(tmp_path / "few.pdf").read_bytes()
        assert paper_of(tab, tmp_path / "few.pdf") == {(595, 842)}
        assert (tab.complaints, asked_elsewhere(tab)) == ([], set())
    assert len(re.findall(rb"/Type\s*/Page\b", drawn)) == 12
    assert b"NotoNaskhArabic" in drawn
