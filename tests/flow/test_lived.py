"""A county that has lived: its views say what its files say, reckoned again in plain Python from these files alone."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tomllib
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

import village_credit
from tests.conftest import COUNTY_OF_TESTS, MODELS, ROOT, Scored, demo_of, new_store
from village_credit import cli
from village_credit.demo import lived as demo
from village_credit.errors import MissingInput, ModelRefused
from village_credit.ledger.ledger import Ledger
from village_credit.publish.views import OF_OLDER_RUNS, view_names
from village_credit.score.scorecard import load_scorecard
from village_credit.services.queries import saved
from village_credit.synthetic import returns

QUERIES = [query.name for query in saved.saved_queries()]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def asked(lived: Scored) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = village_credit.open_warehouse(lived.store.root)
    saved.ask_once(connection)
    yield connection
    connection.close()


def rows_of(connection: duckdb.DuckDBPyConnection, name: str, *counties: str) -> list[Row]:
    return saved.rows_of(saved.answer(connection, name, counties))


# the second reckoning: files that were delivered, packed and returned, and nothing else


class Files:
    """What lies around the store: packages, receipts, archives of the core system, plans, and the truth."""

    def __init__(self, lived: Scored) -> None:
        self.folder = lived.inbox.parent
        self.outbox = lived.store.root / "outbox" / COUNTY_OF_TESTS
        self.first, self.last = sorted(path.name for path in self.outbox.iterdir() if path.name.startswith("p20"))
        self.contracts, self.draws, self.repaid = (
            [row for path in sorted((self.folder / "returns").glob("usage_*.zip")) for row in zipped(path, name)]
            for name in ("contracts", "draws", "repayments")
        )
        sent = self.csvs(self.folder / "returns", "*/receipt_*.csv")
        told = [row for name in (self.first, self.last) for row in self.csvs(self.outbox / name, "*/register.csv")]
        self.who = {row["household_ref"]: (row["身份证号码"].strip(), row["product"]) for row in told}
        self.turned_away = {row["household_ref"] for row in sent if self.cuts_below_what_is_drawn(row)}
        self.receipts = {row["household_ref"]: row for row in sent if row["household_ref"] not in self.turned_away}

    @staticmethod
    def csvs(folder: Path, pattern: str) -> list[Row]:
        return [
            {**row, "branch": path.parent.name}
            for path in sorted(folder.glob(pattern))
            for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        ]

    def register(self, publication: str) -> list[Row]:
        """The lines in force of a publication, at the limit that their branch has answered."""
        found = []
        for row in self.csvs(self.outbox / publication, "*/register.csv"):
            answer = self.receipts.get(row["household_ref"], {"outcome": "imported"})
            limit = {"imported": row["limit_yuan"], "refused": "0", "changed": answer.get("branch_limit_yuan")}
            found.append(row | {"now": int(limit[answer["outcome"]] or 0), "who": self.who[row["household_ref"]]})
        return found

    def cuts_below_what_is_drawn(self, receipt: Row) -> bool:
        if receipt["outcome"] == "imported":
            return False
        who = self.who[receipt["household_ref"]]
        mine = {row["contract_no"] for row in self.contracts if self.who[row["household_ref"]] == who}
        return int(receipt["branch_limit_yuan"] or 0) < self.owed_on(date.fromisoformat(receipt["at"]), mine)

    def owed_on(self, day: date, contracts: set[str] | None = None) -> int:
        """What is drawn and not repaid by a day, contract by contract."""
        owed: Counter[str] = Counter()
        for rows, when, sign in ((self.draws, "drawn_on", 1), (self.repaid, "paid_on", -1)):
            for row in rows if contracts is None else [row for row in rows if row["contract_no"] in contracts]:
                owed[row["contract_no"]] += sign * int(row["amount_yuan"]) * (row[when] <= day.isoformat())
        assert min(owed.values(), default=0) >= 0
        return sum(owed.values())

    def drawn(self, begins: str, ends: str, purpose: str) -> int:
        return sum(
            int(row["amount_yuan"])
            for row in self.draws
            if begins <= row["drawn_on"] <= ends and row["purpose"] == purpose
        )


def zipped(path: Path, name: str) -> list[Row]:
    with zipfile.ZipFile(path) as archive:
        if f"{name}.csv" not in archive.namelist():
            return []
        return list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8-sig"))))


@pytest.fixture(scope="module")
def files(lived: Scored) -> Files:
    return Files(lived)


def truth_of(lived: Scored, name: str) -> list[Row]:
    rows: list[Row] = pq.read_table(lived.inbox.parent / "truth" / COUNTY_OF_TESTS / f"{name}.parquet").to_pylist()
    return rows


def last_day_of(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return min((first + timedelta(days=31)).replace(day=1) - timedelta(days=1), demo.LAST)


def test_the_county_has_lived_through_two_springs_and_whatever_it_sent_was_taken_in(lived: Scored, files: Files):
    acts = Counter(entry.act for entry in Ledger.of(lived.store))
    assert acts["publish"] == 2
    assert acts["acknowledge"] == 2 * len({row["branch"] for row in files.register(files.last)})
    assert acts["record_usage"] == len(demo.SENT_ON)
    kept = [e.details["counts"] for e in Ledger.of(lived.store) if e.act in ("acknowledge", "record_usage")]
    assert {name for counts in kept for name in counts} - {"quarantined"} == {"accepted", "layout"}
    assert sum(counts.get("quarantined", 0) for counts in kept) == len(files.turned_away)
    assert min(len(files.contracts), len(files.draws), len(files.repaid)) > 100
    days = [entry.at for entry in Ledger.of(lived.store)]
    assert days == sorted(days)
    assert [entry.number for entry in Ledger.of(lived.store) if "clock" in entry.details] == []


def test_what_is_drawn_at_each_month_s_end_is_what_the_core_system_s_files_come_to(asked: Any, files: Files):
    rows = rows_of(asked, "drawn_against_limit")
    assert len(rows) == 22
    assert [row["drawn_yuan"] for row in rows] == [files.owed_on(last_day_of(row["month"])) for row in rows]
    in_month = {row["month"]: row["drawn_in_month_yuan"] for row in rows}
    told: Counter[str] = Counter()
    for row in files.draws:
        told[row["drawn_on"][:7]] += int(row["amount_yuan"])
    assert {month: yuan for month, yuan in in_month.items() if yuan} == dict(told)
    assert rows[-1]["in_force_yuan"] == sum(row["now"] for row in files.register(files.last))


def test_growth_is_that_of_the_branches_registers_after_their_receipts(asked: Any, files: Files):
    sums: dict[str, Counter[str]] = {name: Counter() for name in (files.first, files.last)}
    for name, told in sums.items():
        for row in files.register(name):
            told[row["product"]] += row["now"]
            told["all"] += row["now"]
    found = rows_of(asked, "growth")
    assert len(found) >= 3
    for row in found:
        before, now = sums[files.first][row["product"]], sums[files.last][row["product"]]
        assert (row["in_force_yuan"], row["year_before_yuan"] or 0) == (now, before), row["product"]
        assert row["growth_share"] == (pytest.approx(now / before - 1) if before else None)


def test_shares_of_products_are_parts_of_the_whole_in_force(asked: Any, files: Files):
    told: Counter[str] = Counter()
    for row in files.register(files.last):
        told[row["product"]] += row["now"]
    found = {row["product"]: row["in_force_share"] for row in rows_of(asked, "share_by_product")}
    whole = {product: told[product] / told.total() for product in found}
    assert found == pytest.approx(whole)
    assert sum(found.values()) == pytest.approx(1)


def test_who_is_new_this_year_had_no_line_before(asked: Any, lived: Scored, files: Files):
    home = {one["id_number"]: one["household"] for one in truth_of(lived, "persons") if one["household"] >= 0}
    first, last = (  # by household: another member may speak for it by now
        {
            (home.get(row["who"][0], row["who"][0]), row["product"])
            for row in files.register(name)
            if row["now"] and row["state"] == "open"
        }
        for name in (files.first, files.last)
    )
    new = Counter(product for _, product in last - first)
    new["all"] = len({who for who, _ in last} - {who for who, _ in first})
    found = {row["product"]: row["newly_credited_households"] for row in rows_of(asked, "new_this_year")}
    assert {product: count for product, count in found.items() if count} == dict(new)
    assert new["all"] > 0


def test_contracts_stand_by_the_size_of_the_line_in_force(asked: Any, files: Files):
    limits = {row["who"]: row["now"] for row in files.register(files.last)}
    sized: Counter[str] = Counter()
    for row in files.contracts:
        limit = limits.get(files.who[row["household_ref"]], 0)
        size = "to_100k" if limit <= 100_000 else "to_200k" if limit < 200_000 else "from_200k"
        sized[size] += limit > 0
    assert {row["size"]: row["contracts"] for row in rows_of(asked, "contract_sizes")} == sized
    assert sized.total() > 50


def test_a_season_s_draws_stand_beside_its_plan_and_the_spring_before(asked: Any, files: Files):
    plans = files.csvs(files.folder, "inbox*/*/信用社/信贷投放计划.csv")
    english = {"种子": "seed", "化肥": "fertiliser", "农药": "pesticide"}
    found = {(str(row["starts_on"]), row["purpose"]): row for row in rows_of(asked, "season_draws")}
    assert len(plans) == 6
    for plan in plans:
        begins, ends = plan["开始日期"], plan["结束日期"]
        row = found[begins, english[plan["用途"]]]
        before = [f"{int(day[:4]) - 1}{day[4:]}" for day in (begins, ends)]
        assert row["planned_yuan"] == int(plan["计划金额"])
        assert row["drawn_to_date_yuan"] == files.drawn(begins, ends, plan["用途"])
        assert row["year_before_to_date_yuan"] == files.drawn(*before, plan["用途"])
    assert all(row["growth_share"] is not None for (begins, _), row in found.items() if begins > "2026")


def test_a_village_s_credited_households_are_those_of_its_registers(asked: Any, lived: Scored, files: Files):
    persons, households = (truth_of(lived, name) for name in ("persons", "households"))
    village_of = {one["id_number"]: households[one["household"]]["village_code"] for one in persons
                  if one["household"] >= 0}  # fmt: skip
    nobody = f"{COUNTY_OF_TESTS}000000"
    who: dict[str, set[str]] = defaultdict(set)
    for row in files.register(files.last):
        if row["now"] and row["state"] == "open":
            who[village_of.get(row["who"][0], nobody)].add(row["who"][0])
    found = {row["village_code"]: row["credited_households"] for row in rows_of(asked, "coverage_by_village")}
    assert {village: count for village, count in found.items() if count} == {v: len(those) for v, those in who.items()}
    assert len(found) >= 5


def test_the_branch_that_is_behind_is_the_one_that_did_not_answer(asked: Any, files: Files):
    told: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    before = {row["who"] for row in files.register(files.first) if row["household_ref"] in files.receipts}
    new = {row["household_ref"] for row in files.csvs(files.outbox / files.last, "*/limits.csv")}
    for row in files.register(files.last):
        told[row["branch"]] += row["state"] == "open"
        is_as_before = row["household_ref"] not in new and row["who"] in before
        answered[row["branch"]] += row["household_ref"] in files.receipts or is_as_before
    found = {row["branch_code"]: (row["lines_told"], row["answers_open"]) for row in rows_of(asked, "branches_behind")}
    assert found == {branch: (count, count - answered[branch]) for branch, count in told.items()}
    shares = {branch: open_ / lines for branch, (lines, open_) in found.items()}
    assert rows_of(asked, "branches_behind")[0]["branch_code"] == max(shares, key=lambda branch: shares[branch])


def owed_by_line(files: Files) -> dict[tuple[str, str], int]:
    owed: dict[tuple[str, str], int] = defaultdict(int)
    of_contract = {row["contract_no"]: files.who[row["household_ref"]] for row in files.contracts}
    for rows, sign in ((files.draws, 1), (files.repaid, -1)):
        for row in rows:
            owed[of_contract[row["contract_no"]]] += sign * int(row["amount_yuan"])
    return owed


def test_early_warnings_are_those_of_the_files_by_branch(asked: Any, files: Files):
    """What is owed on a line of no register is above its limit of nothing; of its branch no file says."""
    owed = owed_by_line(files)
    register = {row["who"]: row for row in files.register(files.last)}
    above = {who: yuan - register.get(who, {"now": 0})["now"] for who, yuan in owed.items()}
    drawn = {row["contract_no"] for row in files.draws}
    signed = {row["contract_no"]: files.who[row["household_ref"]] for row in files.contracts}
    never = Counter(register[who]["branch"] for number, who in signed.items()
                    if number not in drawn and register.get(who, {"now": 0})["now"])  # fmt: skip
    found = rows_of(asked, "early_warnings")
    assert {row["branch_code"]: row["lines"] for row in found if row["warning"] == "never_drawn"} == dict(never)
    told = [row for row in found if row["warning"] == "owed_above_limit"]
    assert sum(row["lines"] for row in told) == sum(yuan > 0 for yuan in above.values()) > 0
    assert sum(row["amount_yuan"] for row in told) == sum(yuan for yuan in above.values() if yuan > 0)
    assert {row["warning"] for row in found} == {"never_drawn", "owed_above_limit"}


def test_the_use_of_limits_by_band_adds_up_to_the_registers_and_small_counts_are_hidden(asked: Any, files: Files):
    lines = [row for row in files.register(files.last) if row["state"] == "open"]
    owed = owed_by_line(files)
    names = "sum(lines), sum(limit_yuan), sum(owed_yuan), sum(owing_lines)"
    ((count, limits, yuan, owing),) = asked.execute(f"SELECT {names} FROM limit_use").fetchall()
    assert (count, limits) == (len(lines), sum(row["now"] for row in lines))
    assert (yuan, owing) == (
        sum(owed.get(row["who"], 0) for row in lines),
        sum(owed.get(row["who"], 0) > 0 for row in lines),
    )
    told, exact = rows_of(asked, "use_by_band"), dict(
        asked.execute("SELECT band, sum(lines) FROM limit_use GROUP BY band").fetchall()
    )  # fmt: skip
    assert {row["band"] for row in told} == set(exact)
    assert any(row["lines"] is None for row in told)
    for row in told:
        assert row["lines"] in (None, exact[row["band"]])
        assert row["lines"] is None or row["lines"] >= 30
        assert row["owing_lines"] is None or 30 <= row["owing_lines"] <= row["lines"] - 30


def test_relief_is_offered_in_the_months_of_its_windows_alone(asked: Any):
    found = {row["month"]: row["relief_offered_households"] for row in rows_of(asked, "relief")}
    assert {month for month, count in found.items() if count} == {*(f"2025-0{n}" for n in range(2, 10)), "2026-11"}
    conceded = {row["month"]: row for row in rows_of(asked, "interest_conceded")}
    year = [row["relief_interest_yuan"] for month, row in conceded.items() if month.startswith("2025")]
    assert conceded["2025-12"]["year_to_date_yuan"] == pytest.approx(sum(year))
    assert sum(year) > 0


# the queries


def test_ten_questions_are_shipped_each_of_one_view_with_a_title_and_what_a_row_is():
    assert len(QUERIES) >= 10
    for query in saved.saved_queries():
        text = saved._text(query.name)
        assert [name for name in view_names() if f"FROM {name}" in text or f"JOIN {name}" in text] == [query.view]
        assert query.title
        assert query.grain.startswith("A ")


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_answers_of_this_county_and_says_what_each_column_means(asked: Any, name: str):
    table = saved.answer(asked, name, [COUNTY_OF_TESTS])
    assert table.num_rows > 0
    assert table.column_names[0] == "county_code"
    query = saved.saved_query(name)
    assert [column for column in table.column_names if saved.meaning(query, column) == OF_OLDER_RUNS] == []
    assert saved.answer(asked, name, ["653199"]).num_rows == 0
    assert saved.answer(asked, name, ["653199", COUNTY_OF_TESTS]).equals(table)


def test_no_answer_names_anybody(asked: Any, lived: Scored):
    persons = truth_of(lived, "persons")
    told = "\n".join(json.dumps(rows_of(asked, name), ensure_ascii=False, default=str) for name in QUERIES)
    for word in ("name", "older_name", "id_number", "phone"):
        assert [one[word] for one in persons if one[word] and one[word] in told] == []
    assert "household_key" not in told
    assert not any(len(cell) == 27 and cell[0] in "ht" for cell in told.replace('"', " ").split())


def typed(lived: Scored, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.main([*words, "--store", str(lived.store.root)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_query_is_listed_and_written_as_a_table_as_csv_and_as_json(lived: Scored, asked: Any, capsys: Any):
    code, listed, _ = typed(lived, capsys, "query", "--list")
    assert code == 0
    assert [line.split()[0] for line in listed.splitlines()] == QUERIES
    rows = [{**row, "open_since": str(row["open_since"])} for row in rows_of(asked, "branches_behind")]
    _, table, _ = typed(lived, capsys, "query", "branches_behind")
    header, *lines = table.splitlines()
    assert header.split() == list(rows[0])
    assert lines[0].split() == [str(value) for value in rows[0].values()]
    _, text, _ = typed(lived, capsys, "query", "branches_behind", "--format", "csv", "--county", COUNTY_OF_TESTS)
    read = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [int(row["answers_open"]) for row in read] == [row["answers_open"] for row in rows]
    for words in (("--format", "json"), ("--json",)):
        assert json.loads(typed(lived, capsys, "query", "branches_behind", *words)[1]) == rows


def test_an_answer_of_nothing_says_so_and_is_no_fault(lived: Scored, capsys: Any):
    code, out, err = typed(lived, capsys, "query", "branches_behind", "--county", "653199")
    assert code == 0
    assert out.split()[:3] == ["county_code", "branch_code", "branch_name"]
    assert err == "no rows: nothing of it is published there yet\n"


@pytest.mark.parametrize(("words", "code", "said"), [
    (("query",), 2, "query needs a NAME: `village-credit query --list` names them"),
    (("query", "--list", "growth"), 2, "query --list names every saved query: leave out NAME and --county"),
    (("query", "growht"), 2, "there is no saved query 'growht': `village-credit query --list` names them"),
    (("statistics", "--out", "x.xlsx", "--county", "653199"), 7, "nothing of 653199 was ever published"),
])  # fmt: skip
def test_a_question_that_cannot_be_answered_says_what_to_do(
    lived: Scored, words: tuple[str, ...], code: int, said: str, capsys: Any, tmp_path: Path, monkeypatch: Any
):
    monkeypatch.chdir(tmp_path)
    found, out, err = typed(lived, capsys, *words)
    assert (found, out) == (code, "")
    assert said in err
    assert list(tmp_path.iterdir()) == []


# the warehouse, opened from Python


def test_the_warehouse_opens_by_the_store_s_folder_by_its_file_and_by_the_environment(lived: Scored, monkeypatch: Any):
    root = lived.store.root
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(root))
    for place in (root, str(root), root / "warehouse.duckdb", None):
        with village_credit.open_warehouse(place) as connection:
            assert len(connection.sql("SELECT * FROM runs").df()) == 2
            with pytest.raises(duckdb.InvalidInputException, match="read-only"):
                connection.execute("CREATE TABLE x (y INTEGER)")


def test_a_warehouse_that_cannot_be_opened_says_why(lived: Scored, tmp_path: Path, monkeypatch: Any):
    with pytest.raises(MissingInput, match=r"there is no store in .*nowhere: check the path"):
        village_credit.open_warehouse(tmp_path / "nowhere")
    with pytest.raises(MissingInput, match=r" is no store: it has neither a ledger nor warehouse\.duckdb; check"):
        village_credit.open_warehouse(tmp_path)
    (tmp_path / "ledger").mkdir()
    for place in (tmp_path, tmp_path / "warehouse.duckdb"):
        with pytest.raises(MissingInput, match=r"has no run, so no warehouse\.duckdb yet: the first"):
            village_credit.open_warehouse(place)
    (tmp_path / "runs" / "r1").mkdir(parents=True)
    for place in (tmp_path, tmp_path / "warehouse.duckdb"):
        with pytest.raises(MissingInput, match=r"warehouse\.duckdb is gone from the store in .*: any command"):
            village_credit.open_warehouse(place)
    (tmp_path / "warehouse.duckdb").write_bytes(b"no database at all")
    with pytest.raises(
        MissingInput, match="cannot be opened: it is no warehouse, or damaged, or a program has it open"
    ):
        village_credit.open_warehouse(tmp_path)
    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    with pytest.raises(MissingInput, match="is a database, and no warehouse of village-credit"):
        village_credit.open_warehouse(tmp_path / "other.duckdb")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(MissingInput, match="is not yours to read"):
        village_credit.open_warehouse(lived.store.root)


def test_views_that_are_ours_and_cannot_be_read_are_said_to_be_of_another_place(tmp_path: Path):
    moved = tmp_path / "moved.duckdb"
    with duckdb.connect(str(moved)) as views:
        views.execute("CREATE TABLE t (x INTEGER); CREATE VIEW runs AS FROM t; DROP TABLE t")
    with pytest.raises(MissingInput, match="the store was moved, or is of another version; any command"):
        village_credit.open_warehouse(moved)


# the demonstration


def test_what_has_lived_is_not_lived_again(lived: Scored):
    before = len(Ledger.of(lived.store))
    assert demo.live(lived.store, demo_of(lived.inbox.parent), lambda *_: None)
    assert len(Ledger.of(lived.store)) == before


def test_what_comes_back_hangs_on_the_truth_and_not_on_the_store_s_keys(lived: Scored):
    county = demo_of(lived.inbox.parent)
    world = county.world(demo.BEGUN)
    first = Ledger.of(lived.store).publications[0].publication_id
    told = demo.told_of(lived.store, COUNTY_OF_TESTS, first)
    bytes_of = []
    for _ in range(2):
        answered = returns.answers(world, told, demo.BEGUN)
        known = returns.usage(world, told, answered, demo.ANSWERED, demo.SENT_ON[-1])
        bytes_of.append([str(known.draws), str(known.repayments), answered.outcome.tolist()])
    assert bytes_of[0] == bytes_of[1]
    assert told.id_number.tolist() != sorted(told.ref.tolist())
    assert [pair for branch in set(told.branch) if (pair := told.id_number[told.branch == branch].tolist())
            != sorted(pair)] == []  # fmt: skip


def test_only_the_demonstration_tells_acts_another_day_than_today():
    users = {path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*.py")
             if "as_if_at" in path.read_text(encoding="utf-8")}  # fmt: skip
    assert users == {"src/village_credit/china_calendar.py", "src/village_credit/demo/lived.py"}


def test_the_card_of_before_is_signed_anew_where_another_store_signed_it(lived: Scored, tmp_path: Path):
    """Somebody deletes the store and its keys, and not what lies beside the inbox."""
    shutil.copytree(lived.inbox.parent / "models-2025", tmp_path / "models-2025")
    county, store = demo_of(tmp_path), new_store(tmp_path / "again")
    (path,) = (tmp_path / "models-2025").glob("*.scorecard.json")
    with pytest.raises(ModelRefused, match="which is neither this store's"):
        load_scorecard(path.read_text(encoding="utf-8"), demo.BEGUN, store.keys.public_keys())
    demo.models_of_before(county, store)
    signed = path.read_bytes()
    card = load_scorecard(signed.decode("utf-8"), demo.BEGUN, store.keys.public_keys())
    assert card.model_id == demo.MODEL_OF_BEFORE
    demo.models_of_before(county, store)
    assert path.read_bytes() == signed


def test_the_rules_of_before_are_the_shipped_ones_but_for_their_day(lived: Scored):
    folder = lived.inbox.parent / "models-2025"
    assert (folder / "limit_policy.toml").read_bytes() == (MODELS / "limit_policy.toml").read_bytes()
    (mine,), (shipped,) = (list(place.glob("*.scorecard.json")) for place in (folder, MODELS))
    one, other = (json.loads(path.read_text(encoding="utf-8")) for path in (mine, shipped))
    assert {name for name in one if one[name] != other.get(name)} == {
        *("model_id", "valid_from", "content_sha256", "signatures")
    }
    for path in sorted((lived.inbox.parent / "returns").glob("relief-*.toml")):
        assert tomllib.loads(path.read_text(encoding="utf-8"))["document"].startswith("虚构")
