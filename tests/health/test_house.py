"""The house keeps its own rules: documented exit codes and targets, readers' order, no machine's paths."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from data_contracts.registry import INCOMING, field_specs
from tests.conftest import MODELS, ROOT
from village_credit import cli, errors
from village_credit.policy.check import check_policy
from village_credit.score.scorecard import load_scorecard
from village_credit.services import reference
from village_credit.services.rules import trusted_keys

TRACKED = [
    ROOT / name
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    if name and "\\" not in name
]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXIT_CODES = (ROOT / "docs" / "operations" / "exit-codes.md").read_text(encoding="utf-8")
ANALYSTS = (ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
# Words that the glossary gave up for another: no module and no function is called so.
GIVEN_UP = {
    *("desk", "mended", "heal", "wish", "sheaf", "collector", "duck", "looking", "star", "settle", "said", "SAID"),
    *("loosened", "foretell", "clock", "listings", "meeting", "cases", "verdict_book", "tell", "judge", "draw"),
    *("persons", "words", "given"),
    "signing_book",
    "case_book",
    "verdict_book",
    "given_reviews",
    "given_verdicts",
}


def exception_classes() -> list[type[errors.VillageCreditError]]:
    return [
        item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.VillageCreditError)
    ]


def test_every_exit_code_is_in_the_table_in_the_readme_and_in_the_help():
    codes = {cls.exit_code for cls in exception_classes() if cls is not errors.VillageCreditError} | {0}
    documented = {int(code) for code in re.findall(r"^\| (\d) \|", EXIT_CODES, re.MULTILINE)}
    assert codes == documented
    assert "docs/operations/exit-codes.md" in README
    assert all(re.search(rf"\b{code} [a-z]", README) for code in codes)
    assert all(f"{code} " in cli.EPILOG for code in sorted(codes))


def test_every_make_target_is_listed_and_every_command_has_an_example(capsys: pytest.CaptureFixture[str]):
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ["run", "test", "lint", "bench", "serve", "score", "rescore", "train", "docs", "clean"]:
        assert re.search(rf"make {target}\s+\S", listed), target
    for name in (
        "score",
        "rescore",
        "diff",
        "approve",
        "publish",
        "explain",
        "rollback",
        "hold",
        "release",
        "find",
        "reviews",
        "authority",
        "relief",
        "renew",
        "simulate",
        "acknowledge",
        "record-usage",
    ):
        with pytest.raises(SystemExit) as done:
            cli.main([name, "--help"])
        assert not done.value.code
        assert "example: village-credit" in capsys.readouterr().out


def test_help_does_not_import_the_heavy_parts():
    heavy = ("duckdb", "pyarrow", "pandas", "sklearn", "prefect")
    code = (
        "import sys; from village_credit import cli; cli.parser().format_help(); "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_the_analysts_page_names_every_view_and_every_promised_view_exists():
    promised = """
    limits_current limits_history limit_waterfall score_points reconciliation links link_quality quarantine runs gates
    control_totals households places village_coverage deliveries extract_checks corrections drift fairness holds
    referrals relief relief_kept relief_measures conditions renewals_due events authority follow_up
    funnel statistics campaigns branches limit_use early_warnings
    """
    assert set(promised.split()) <= {name for name, _ in reference.views()}
    assert all(f"| `{name}` |" in ANALYSTS for name, _ in reference.views())
    assert all(comment for *_, comment in reference.columns())


def test_the_policy_and_the_scorecard_that_are_shipped_are_sound():
    assert check_policy((MODELS / "limit_policy.toml").read_text(encoding="utf-8"), date(2026, 11, 1)) == []
    text = (MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8")
    card = load_scorecard(text, date(2026, 11, 1), trusted_keys(MODELS, ()))
    assert card.training.is_synthetic
    assert "SYNTHETIC" in card.note


def test_every_folder_of_ours_has_a_readme():
    folders = [
        ROOT / "data_contracts",
        ROOT / "pipelines",
        ROOT / "models",
        *(path for path in (ROOT / "src" / "village_credit").iterdir() if path.is_dir() and path.name != "__pycache__"),
    ]
    assert [str(folder) for folder in folders if not (folder / "README.md").is_file()] == []


@pytest.mark.parametrize(
    "pattern", ["/wo" + "rk/", "/fa" + "rm/", "p" + r"ypi\.org", "p" + "ythonhosted", "/ro" + "ot/"]
)
def test_no_tracked_file_names_a_machine_or_a_registry(pattern: str):
    texts = [
        path
        for path in TRACKED
        if path.suffix in {".py", ".md", ".toml", ".sql", ".yaml", ".lock", ".json", ""} and path.is_file()
    ]
    assert [
        str(path) for path in texts if re.search(pattern, path.read_text(encoding="utf-8", errors="surrogateescape"))
    ] == []


def test_the_lock_holds_hashes_and_no_addresses():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "http:" not in lock
    assert "https:" not in lock
    assert lock.count("--hash=sha256:") > len(re.findall(r"^[a-z0-9].*==", lock, re.MULTILINE))


def test_no_function_takes_more_than_a_sitting_to_read():
    long_files = [
        str(path) for path in (ROOT / "src").rglob("*.py") if len(path.read_text(encoding="utf-8").split("\n")) > 480
    ]
    assert long_files == []


def test_each_contract_says_its_office_and_what_a_row_is():
    for name, contract in INCOMING.items():
        assert contract.__doc__, name
        assert contract.__dict__["office"] in {
            "agriculture_bureau",
            "economy_station",
            "machinery_station",
            "bank",
            "county_government",
            "branch",
            "core_system",
        }
        assert field_specs(name)


def test_every_word_of_the_glossary_has_one_row():
    rows = [line.split(" | ") for line in GLOSSARY.splitlines() if line.startswith("| ") and "---" not in line][1:]
    words = [word.strip().lower() for row in rows for word in row[0].removeprefix("| ").split(",")]
    assert len(words) > 60
    assert [word for word in set(words) if words.count(word) > 1] == []
    assert [row for row in rows if len(row) not in (3, 4) or not row[1].strip() or not row[2].strip()] == []


def test_no_glossary_word_is_what_another_row_forbids():
    rows = [line.strip("| ").split(" | ") for line in GLOSSARY.splitlines() if line.startswith("| ")][1:]
    words = {word.strip() for row in rows for word in row[0].split(",")}
    forbidden = {word.strip() for row in rows if len(row) > 3 for word in re.sub(r"\(.*?\)", "", row[3]).split(",")}
    # `contract` is no word for a credit line, nor `approve` for a grant: each has a row of its own
    assert words & forbidden <= {"contract", "approve"}


def named_in(path: Path) -> set[str]:
    """The names of a module and of its functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return {path.stem, *functions}


def test_no_module_or_function_bears_a_word_that_was_given_up():
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "src").rglob("*.py")
        for name in named_in(path) & GIVEN_UP
    }
    assert found == set()


def test_no_verb_has_a_word_that_takes_its_handlers_place():
    """A place called as the handler's own name would be called in its stead."""
    for name, verb in cli.parser()._subparsers._group_actions[0].choices.items():
        handlers = {key for key, value in verb._defaults.items() if callable(value)}
        assert handlers, name
        assert handlers & {action.dest for action in verb._actions} == set(), name


def test_every_file_that_a_readme_or_page_names_exists():
    pages = [path for path in TRACKED if path.suffix == ".md" and path.name != "CHANGELOG.md"]
    lost = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in pages
        for name in re.findall(r"`([\w/.-]+\.(?:py|sql))`", page.read_text(encoding="utf-8"))
        if not any((base / name).exists() for base in (page.parent, ROOT, ROOT / "src" / "village_credit"))
    ]
    assert lost == []
