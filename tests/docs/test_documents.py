"""Every command and query of the documents runs on one small synthetic county, and every link leads somewhere.

A `sh` block is run line by line, in order, on a copy of the county's store; a `sql` block on its warehouse; a `toml` or
`csv` block that begins with `# build/NAME` is written there first. RUN, HOUSEHOLD_KEY, PUBLICATION and BRANCH stand for
the county's own.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import openpyxl
import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, PREPARER, ROOT, SIGNER
from village_credit import china_calendar, cli
from village_credit.china_calendar import today
from village_credit.services.approval import approve as sign
from village_credit.services.servicing import receipt_rules
from village_credit.synthetic import synthesize
from village_credit.workbooks.decision_workbook import FIRST_ROW, VERDICT_HEADER

FRONT_PAGE_BYTES = 6_000
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# Commands that no test runs, by how they begin, each with its reason.
NOT_RUN = {
    "make ": "sets up an environment, runs this suite, or starts a server",
    ". .venv/bin/activate": "changes the shell that one types in",
    "mkdir -p build/first": "the test stands in an empty folder already",
    "export PREFECT_API_URL": "changes the shell that one types in",
    "alias prefect": "changes the shell that one types in",
    "prefect deployment run": "needs a server: tests/system starts one",
    "village-credit train": "fits for minutes: tests/flow/test_model.py does",
    "village-credit assess-model": "judges what `train` fitted",
    "village-credit model sign build/candidate": "signs what `train` fitted",
    "village-credit score --models build/candidate": "decides by what `train` fitted",
}
# Verbs that leave the store as it is: a page of these alone needs no copy of it.
READS = {
    *(
        "status",
        "check",
        "report",
        "diff",
        "explain",
        "notices",
        "verify",
        "evidence",
        "ledger",
        "package",
        "policy",
        "simulate",
        "contracts",
        "export",
        "verify-disclosure",
        "catalog",
        "query",
        "statistics",
    )
}
# What is slow and the same for every reader of one run is shown once.
ONCE = ("village-credit verify",)
STAGED_FIRST = ("README.md", "docs/tutorial.md", "docs/committee/signing.md")  # they sign the county themselves
VILLAGES, HOUSEHOLDS, SEED = 2, 80, 7
OF_THE_TEST = (
    ("--villages 12 --households 2000", f"--villages {VILLAGES} --households {HOUSEHOLDS}"),
    ("catalog --out build/then --on 2026-11-20", f"catalog --out build/then --on {today() + timedelta(1)}"),
    ("--month 2026-11 ", f"--month {today():%Y-%m} "),  # and exported once the month is over
    ("HOUSEHOLD_KEY --on 2026-11-20", f"HOUSEHOLD_KEY --on {today() + timedelta(1)}"),  # published today
)
SCORE = f"score --inbox build/inbox --county {COUNTY_OF_TESTS} --by {PREPARER} --as-of"
NEXT_POLICY = """figures = [
{ name = "quorum_members", value = 3, unit = "members", from = 2026-01-01, reference = "x", verified = false },
{ name = "quorum_share_for", value = 0.6, unit = "share", from = 2026-01-01, reference = "x", verified = false },
"""
LADDER = '\n[[authority_ladder]]\nabove_yuan = 60000\nrole = "分管副行长"\nfrom = 2026-01-01\nreference = "x"\n'
SHOWN_ONCE: set[str] = set()


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(page: Path) -> Iterator[str]:
    for language, text in blocks(page):
        if language == "sh":
            yield from (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


def why_not_run(command: str) -> str | None:
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), None)


@dataclass
class Reader:
    """Somebody who types what a page says, in a folder with a store, an inbox and the models."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    run: str

    def type(self, command: str) -> str:
        """Run one command; gives what it printed."""
        line = self.filled_in(command)
        for start, prepare in PREPARED.items():
            if line.startswith(start):
                prepare(self)
        words = shlex.split(line, comments=True)
        if "<" in words:
            typed = Path(words.pop()).read_text(encoding="utf-8")
            words.remove("<")
            self.monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert words.pop(0) == "village-credit", command
        self.capsys.readouterr()
        code = cli.main(words)
        shown = self.capsys.readouterr()
        assert code == 0, f"{command}: exit {code}: {shown.err}"
        for run_id in re.findall(r"^run (r[0-9a-f]{24}) of county .*: staged", shown.out, re.MULTILINE):
            self.run = run_id
        return shown.out

    def ask(self, text: str) -> None:
        """Run the statements of a query block."""
        connection = duckdb.connect("warehouse/warehouse.duckdb", read_only=True)
        try:
            for statement in filter(str.strip, self.filled_in(text).split(";")):
                connection.execute(statement).fetchall()
        finally:
            connection.close()

    def filled_in(self, text: str) -> str:
        for theirs, ours in OF_THE_TEST:
            text = text.replace(theirs, ours)
        asked = {
            "RUN": lambda: self.run,
            "HOUSEHOLD_KEY": self.household,
            "PUBLICATION": lambda: self.package().parent.name,
            "BRANCH": lambda: self.package().name,
        }
        for word, value in asked.items():
            if re.search(rf"\b{word}\b", text):
                text = re.sub(rf"\b{word}\b", value(), text)
        return text

    def household(self) -> str:
        return str(self.decided("SELECT min(household_key) FROM t WHERE decision = 'granted' AND limit_yuan > 0")[0][0])

    def decided(self, query: str) -> list[tuple]:
        path = str(Path("warehouse/runs") / self.run / "decisions.parquet")
        return duckdb.connect().execute(f"WITH t AS (FROM read_parquet($p)) {query}", {"p": path}).fetchall()

    def package(self) -> Path:
        found = sorted(Path("warehouse/outbox", COUNTY_OF_TESTS).glob("p*/*/limits.csv"))
        return found[0].parent


def write_next_policy() -> None:
    shipped = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    text = shipped.replace("figures = [\n", NEXT_POLICY, 1) + LADDER
    Path("build/policy_2027.toml").write_text(text, encoding="utf-8")


def fill(path: str, verdict: str) -> Callable[[Reader], None]:
    """Have a person write one verdict into every row of a workbook."""

    def prepare(_: Reader) -> None:
        book = openpyxl.load_workbook(path)
        page = book.active
        at = next(cell.column for cell in page[FIRST_ROW] if cell.value == VERDICT_HEADER)
        for row in range(FIRST_ROW + 1, page.max_row + 1):
            page.cell(row, at).value = verdict
        book.save(path)

    return prepare


def write_receipt(reader: Reader) -> None:
    with (reader.package() / "limits.csv").open(encoding="utf-8-sig", newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["action"] == "grant")
    header = "publication_id,household_ref,outcome,reason,at,branch_limit_yuan"
    text = f"{header}\n{reader.package().parent.name},{row['household_ref']},imported,,2026-11-05,\n"
    Path("receipt.csv").write_text(text, encoding="utf-8")


def write_draws(reader: Reader) -> None:
    with (reader.package() / "limits.csv").open(encoding="utf-8-sig", newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["action"] == "grant")
    text = f"household_ref,contract_no,signed_on,channel\n{row['household_ref']},A-1,2026-11-06,\n"
    Path("draws.csv").write_text(text, encoding="utf-8")


def write_number(_: Reader) -> None:
    persons = f"build/truth/{COUNTY_OF_TESTS}/persons.parquet"
    numbers = (
        duckdb.connect()
        .execute("SELECT id_number FROM read_parquet(?) WHERE NOT is_dead ORDER BY ALL", [persons])
        .fetchall()
    )
    Path("number.txt").write_text(numbers[0][0], encoding="utf-8")


def publish_the_batch(reader: Reader) -> None:
    """Put the staged referral batch in force, so that there is something to go back from."""
    staged = [row for row in json.loads(reader.type("village-credit status --json")) if row["status"] == "staged"]
    reader.type(f"village-credit approve {staged[0]['run_id']} --by {SIGNER} --reason test")
    reader.type(f"village-credit publish {staged[0]['run_id']} --by {PREPARER}")


def wait_for_the_month_s_end(reader: Reader) -> None:
    reader.monkeypatch.setattr(china_calendar, "today", lambda: today() + timedelta(31))


# What somebody outside did before a command is typed.
PREPARED: dict[str, Callable[[Reader], None]] = {
    "village-credit reviews apply": fill("build/reviews.xlsx", "维持复核"),
    "village-credit links apply": fill("build/review.xlsx", "同一户"),
    "village-credit authority apply": fill("build/above.xlsx", "同意"),
    "village-credit acknowledge": write_receipt,
    "village-credit record-usage": write_draws,
    "village-credit find": write_number,
    "village-credit export": wait_for_the_month_s_end,
    "village-credit rollback": publish_the_batch,
}


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """One small county twice: staged; and published, with a referral batch staged beside it. Folder and run of each."""
    folder = tmp_path_factory.mktemp("documents") / "staged"
    (folder / "build").mkdir(parents=True)
    for name in ("models", "data_contracts"):
        (folder / name).symlink_to(ROOT / name)
    synthesize(folder / "build" / "inbox", COUNTY_OF_TESTS, VILLAGES, HOUSEHOLDS, SEED, AS_OF, "typical")
    published = folder.with_name("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert cli.main([*SCORE.split(), f"{AS_OF}"]) == 0
        write_next_policy()
        (run,) = (path.name for path in Path("warehouse/runs").iterdir())
        shutil.copytree(folder, published, symlinks=True)
        patch.chdir(published)
        for words in (f"approve {run} --by {SIGNER} --reason test", f"publish {run} --by {PREPARER}"):
            assert cli.main(words.split()) == 0
        assert cli.main([*SCORE.split(), "2026-11-02", "--product", "trader_loan"]) == 0
    return {"staged": (folder, run), "published": (published, run)}


@pytest.fixture
def reader(
    request: pytest.FixtureRequest,
    counties: dict[str, tuple[Path, str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Reader:
    page = str(request.node.callspec.params["page"].relative_to(ROOT))
    folder, run = counties["staged" if page in STAGED_FIRST else "published"]
    if changes_the_store(ROOT / page):
        folder = Path(shutil.copytree(folder, tmp_path / "county", symlinks=True))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sign, "today", lambda: date(2026, 11, 20))
    monkeypatch.setattr(sign, "signed_on", lambda _: date(2026, 11, 20))
    monkeypatch.setattr(sign, "staged_on", lambda *_: AS_OF)
    monkeypatch.setattr(receipt_rules, "today", lambda: date(2026, 12, 31))
    return Reader(capsys, monkeypatch, run)


def changes_the_store(page: Path) -> bool:
    return any(not why_not_run(command) and command.split()[1] not in READS for command in commands(page))


def has_something_to_run(page: Path) -> bool:
    return any(language == "sql" for language, _ in blocks(page)) or any(not why_not_run(c) for c in commands(page))


RUNNING = [page for page in PAGES if has_something_to_run(page)]


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_says_runs(page: Path, reader: Reader):
    for _, text in blocks(page):
        if named := re.match(r"# (build/\S+)\n", text):
            Path(named[1]).write_text(text, encoding="utf-8")
    for language, text in blocks(page):
        if language == "sql":
            reader.ask(text)
        for command in filter(str.strip, text.splitlines() if language == "sh" else ()):
            if not why_not_run(command) and command not in SHOWN_ONCE:
                reader.type(command)
                SHOWN_ONCE.update([command] if command.startswith(ONCE) else [])


def test_every_reason_for_not_running_is_needed():
    typed = [command for page in PAGES for command in commands(page)]
    assert [start for start in NOT_RUN if not any(command.startswith(start) for command in typed)] == []


def test_every_verb_is_shown_on_a_page_and_runs_or_says_why_not():
    typed = {command.split()[1] for page in PAGES for command in commands(page) if command.startswith("village-credit")}
    verbs = set(cli.parser()._subparsers._group_actions[0].choices)
    assert verbs - typed == set()


def test_analysts_have_five_queries_at_least():
    queries = [text for language, text in blocks(ROOT / "docs" / "analysts.md") if language == "sql"]
    assert len(queries) >= 5


def test_the_front_page_is_short():
    assert (ROOT / "README.md").stat().st_size <= FRONT_PAGE_BYTES


def tracked_pages() -> list[Path]:
    listed = ["git", "-c", "core.quotepath=false", "ls-files", "*.md"]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in found.splitlines()]


def test_every_link_between_documents_leads_somewhere():
    lost = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in {*tracked_pages(), *PAGES}
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert lost == []


def test_every_page_is_reached_from_the_front_page():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            waiting += [page.parent / target for target in LINK.findall(page.read_text(encoding="utf-8"))]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page.resolve() not in reached] == []
