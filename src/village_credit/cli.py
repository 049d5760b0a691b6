"""The one console command: each verb parses its words and calls the act of that name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from village_credit.errors import VillageCreditError

EPILOG = """examples:
  village-credit synthesize --county 659900 --villages 12 --households 3600 --seed 7 --as-of 2026-11-01 --out build/inbox
  village-credit score --inbox build/inbox --county 659900 --as-of 2026-11-01 --by 1001
  village-credit diff RUN --against published --by village
  village-credit approve RUN --by 2002 --reason "risk committee of 2 November"
  village-credit publish RUN
  village-credit explain HOUSEHOLD_KEY

exit codes: 0 done (a rejected extract or a failing gate in a staged run too); 2 wrong usage; 3 no usable register;
4 a gate refuses approve or publish; 5 conflict with another run; 6 verification failed; 7 missing or unusable input.
"""


def parser() -> argparse.ArgumentParser:
    """Build the command's grammar; nothing heavy is imported for it."""
    top = argparse.ArgumentParser(
        prog="village-credit",
        description="整村授信: from delivered files to explained limits.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--store", help="the store's folder (default ./warehouse, or VILLAGE_CREDIT_STORE)")
    common.add_argument("--models", help="the folder of policy and scorecards (or VILLAGE_CREDIT_MODELS)")
    common.add_argument(
        "--counties",
        help="the folder of what is agreed with each county's offices (or VILLAGE_CREDIT_COUNTIES)",
    )
    common.add_argument(
        "--json", action="store_true", help="the result as one JSON object on standard output"
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str, example: str) -> argparse.ArgumentParser:
        return verbs.add_parser(
            name, parents=[common], help=text, description=text, epilog=f"example: village-credit {example}"
        )

    _making(verb)
    _signing(verb)
    _between(verb)
    _telling(verb)
    _returning(verb)
    return top


NAMED_BY = "a household_key, or - and the ID number or contractor code on standard input"
Verb = Callable[[str, str, str], argparse.ArgumentParser]


def _making(verb: Verb) -> None:
    made = verb(
        "synthesize",
        "Write a synthetic county's deliveries, and the truth beside them.",
        "synthesize --out build/inbox --county 659900 --villages 12 --households 3600 --seed 7 --as-of 2026-11-01",
    )
    made.add_argument("--out", required=True, type=Path, help="the inbox to write into")
    made.add_argument(
        "--county", default="659900", help="659900, 653199 or 659999: codes that are in no list"
    )
    made.add_argument("--villages", type=int, default=12)
    made.add_argument("--households", type=int, default=3600)
    made.add_argument("--seed", type=int, default=7)
    made.add_argument("--as-of", required=True, type=_day)
    made.add_argument("--damage", choices=("none", "typical", "hostile"), default="none")
    made.add_argument(
        "--history", action="store_true", help="also three earlier years and the conduct that followed"
    )
    scored = verb(
        "score",
        "Freeze, read, validate, link, score and decide; ends in a staged run.",
        "score --inbox build/inbox --county 659900 --as-of 2026-11-01 --by 1001",
    )
    scored.add_argument("--inbox", required=True, type=Path)
    scored.add_argument("--county", required=True)
    scored.add_argument("--as-of", required=True, type=_day)
    scored.add_argument(
        "--policy", type=Path, help="a policy file (default: limit_policy.toml of the models)"
    )
    scored.add_argument("--model", help="a scorecard's id (default: the last of the models)")
    scored.add_argument("--by", help="who prepares the run (default: the login)")
    scored.add_argument("--product", choices=("trader_loan",), help="decide a referral batch alone")
    again = verb(
        "rescore",
        "Score counties again from their last frozen inputs.",
        "rescore --county 659900 --county 653199 --dry-run",
    )
    again.add_argument("--county", required=True, action="append", help="may be given several times")
    again.add_argument("--as-of", type=_day, help="default: the day of the county's last run")
    again.add_argument("--refresh", action="store_true", help="from the inbox instead of the frozen inputs")
    again.add_argument("--inbox", type=Path, help="with --refresh")
    again.add_argument("--policy", type=Path)
    again.add_argument("--model")
    again.add_argument("--by")
    again.add_argument("--dry-run", action="store_true", help="print the diff and write nothing")
    trained = verb(
        "train",
        "Fit a candidate scorecard on history.",
        "train --history build/history/2023-11-01 build/history/2024-11-01 --county 659900 --out build/candidate",
    )
    trained.add_argument(
        "--history",
        required=True,
        action="extend",
        nargs="+",
        type=Path,
        help="folders YYYY-MM-DD with inbox/ as of that day, outcome/, the conduct a year later, and relief/, declarations of the time",
    )
    trained.add_argument("--county", default="659900")
    trained.add_argument("--model-id", default="candidate")
    trained.add_argument("--valid-from", type=_day)
    trained.add_argument("--out", required=True, type=Path)
    trained.add_argument(
        "--impact-assessment",
        metavar="REF",
        help="reference of the impact assessment; without it the candidate is marked as trained on synthetic history",
    )
    judged = verb(
        "assess-model",
        "A candidate's evidence, as figures and as a page: discrimination, calibration, stability, fairness, alternatives.",
        "assess-model build/candidate --challenger build/other",
    )
    judged.add_argument("folder", type=Path, help="the candidate's folder, as `train` wrote it")
    judged.add_argument(
        "--history",
        action="extend",
        nargs="+",
        type=Path,
        help="default: the histories that it was trained on",
    )
    judged.add_argument(
        "--challenger",
        type=Path,
        help="a second candidate, judged on the same households; never authoritative",
    )
    judged.add_argument("--county", help="default: the county that it was trained on")
    judged.add_argument("--policy", type=Path, help="whose bands and limits the groups are compared by")


def _signing(verb: Verb) -> None:
    compared = verb(
        "diff",
        "Compare a run with another or with what is published, household by household.",
        "diff RUN --against published --by village",
    )
    compared.add_argument("run")
    compared.add_argument("--against", default="published", help="a run id, or `published`")
    compared.add_argument("--by", choices=("village", "band", "reason", "group"), help="small counts hidden")
    tried = verb(
        "simulate",
        "Try a policy file on every household of what is published: who gains, who loses, why; written nowhere.",
        "simulate --county 659900 --policy build/policy_2027.toml --by reason",
    )
    tried.add_argument("--county", required=True, action="append", help="may be given several times")
    tried.add_argument("--policy", required=True, type=Path)
    tried.add_argument(
        "--on",
        type=_day,
        help="the day whose figures hold (default: the last day from which one of the file's holds, or the publication's)",
    )
    tried.add_argument(
        "--by", choices=("village", "band", "reason", "group"), help="show this alone; --json has all"
    )
    signed = verb(
        "approve",
        "Sign a staged run; never by its preparer.",
        'approve RUN --by 2002 --reason "committee of 2 November"',
    )
    signed.add_argument("run")
    signed.add_argument("--by", required=True)
    signed.add_argument("--reason", required=True)
    signed.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="GATE[=REASON]",
        help="a failed gate that the signer takes upon themselves, with its own reason (else --reason); once per gate",
    )
    signed.add_argument(
        "--meeting",
        type=Path,
        metavar="FILE",
        help="TOML: date, place or title, minutes, members (number, vote); needed where the policy has a quorum",
    )
    published = verb("publish", "Put an approved run in force and pack its branch files.", "publish RUN")
    published.add_argument("run")
    published.add_argument("--by", help="default: the login")
    returned = verb(
        "rollback",
        "Put an earlier publication of a county in force again, nothing computed; never by its run's preparer.",
        'rollback --county 659900 --to PUBLICATION --by 2002 --reason "the policy of December was wrong"',
    )
    returned.add_argument("--county", required=True)
    returned.add_argument(
        "--to", required=True, metavar="PUBLICATION", help="its id, as limits_history shows it"
    )
    returned.add_argument("--by", required=True, help="who answers for it")
    returned.add_argument("--reason", required=True, help="kept in the ledger; name nobody")
    for name, text, why in (
        (
            "hold",
            "Stop a household's line now and until it is released: death, fraud, complaint.",
            "death reported by the village",
        ),
        ("release", "Let a household that is held go on.", "the report was of a neighbour"),
    ):
        stopped = verb(name, text, f'{name} HOUSEHOLD_KEY --by 2002 --reason "{why}"')
        stopped.add_argument("household", help=NAMED_BY)
        stopped.add_argument("--by", required=True)
        stopped.add_argument("--reason", required=True, help="kept in the ledger, in no view; name nobody")
    checked = verb(
        "policy",
        "Check a policy file, or show the figures in force.",
        "policy check models/limit_policy.toml --against build/policy_before.toml --for-run RUN",
    )
    checked.add_argument("act", choices=("check", "show"))
    checked.add_argument("file", nargs="?", type=Path)
    checked.add_argument("--on", type=_day)
    checked.add_argument("--county")
    checked.add_argument("--product")
    checked.add_argument(
        "--against", type=Path, metavar="OLD", help="check: list each gate that this file loosens against OLD"
    )
    checked.add_argument(
        "--for-run", metavar="RUN", help="check: refuse to loosen a gate that failed in this run (exit 7)"
    )
    vouched = verb(
        "model",
        "Sign a candidate scorecard; developer, validator and approver are three people.",
        "model sign build/candidate --role validator --by 3003",
    )
    vouched.add_argument("act", choices=("sign",))
    vouched.add_argument("folder", type=Path, help="the folder that holds the scorecard")
    vouched.add_argument("--role", required=True, choices=("developer", "validator", "approver"))
    vouched.add_argument("--by", required=True)
    rebuilt = verb(
        "verify",
        "Compare a run with what was sealed, and with itself computed again from its frozen inputs; exit 6 where it differs.",
        "verify RUN",
    )
    rebuilt.add_argument("run")
    chained = verb("ledger", "Verify the chain of acts.", "ledger verify")
    chained.add_argument("act", choices=("verify",))
    packed = verb(
        "package",
        "Verify a branch package with its signature.",
        "package verify warehouse/outbox/659900/PUBLICATION/BRANCH",
    )
    packed.add_argument("act", choices=("verify",))
    packed.add_argument("folder", type=Path)


def _between(verb: Verb) -> None:
    relieved = verb(
        "relief",
        "Declare an epidemic or disaster: conduct in its window is excused, no limit there falls, measures are proposed.",
        "relief declare build/flood.toml --by 2002",
    )
    relieved.add_argument("act", choices=("declare",))
    relieved.add_argument(
        "file", type=Path, help="TOML: cause, area_codes, industries, from, to, document, measures"
    )
    relieved.add_argument(
        "--proofs",
        type=Path,
        help="身份证号, 借据号, 纾困证明编号 (default: the CSV of the same name); more may come later",
    )
    relieved.add_argument("--by", required=True)
    renewed = verb(
        "renew",
        "Sign that a county's lines ending by a day may start a new term at the next scoring; nothing else starts one.",
        'renew --county 659900 --ending-by 2029-11-30 --by 2002 --reason "committee of 5 November"',
    )
    renewed.add_argument("household", nargs="?", help="of one household only: " + NAMED_BY)
    renewed.add_argument("--county", required=True)
    renewed.add_argument("--ending-by", required=True, type=_day)
    renewed.add_argument("--by", required=True)
    renewed.add_argument("--reason", required=True, help="kept in the ledger; name nobody")


def _telling(verb: Verb) -> None:
    handed = verb(
        "contracts",
        "Write what offices are handed of each contract: schema, standard file, Excel template, page.",
        "contracts --check",
    )
    handed.add_argument(
        "--out", type=Path, default=Path("data_contracts/published"), help="the folder to write into"
    )
    handed.add_argument(
        "--check", action="store_true", help="write nothing; exit 6 where a file is not current"
    )
    mended = verb(
        "corrections",
        "Per office, a workbook of its quarantined rows to mend and return, and how long they are open.",
        "corrections RUN --out build/corrections",
    )
    mended.add_argument("run")
    mended.add_argument("--out", required=True, type=Path, help="the folder to write into; personal data")
    linked = verb(
        "links",
        "The doubtful links of a run as a workbook, and a person's decisions back, for every later run.",
        "links review RUN --out build/review.xlsx",
    )
    linked.add_argument("act", choices=("review", "apply"))
    linked.add_argument("target", help="review: the run; apply: the workbook with its decisions")
    linked.add_argument("--out", type=Path, help="review: the workbook to write; personal data")
    linked.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="review: instead, N automatic links of each pass to check; 2,995 right ones license a pass for a year",
    )
    linked.add_argument("--by", help="apply: who decided (default: the login)")
    reviewed = verb(
        "reviews",
        "A run's households in manual review as a workbook, and a person's verdicts back, for every later scoring.",
        "reviews export RUN --out build/reviews.xlsx",
    )
    reviewed.add_argument("act", choices=("export", "apply"))
    reviewed.add_argument("target", help="export: the run; apply: the workbook with its verdicts")
    reviewed.add_argument("--out", type=Path, help="export: the workbook to write; personal data")
    reviewed.add_argument("--by", help="apply: who decided, never the run's preparer (default: the login)")
    reviewed.add_argument(
        "--policy", type=Path, help="apply: whose steps hold (default: limit_policy.toml of the models)"
    )
    authorised = verb(
        "authority",
        "A run's households above the policy's authority ladder as a workbook, and the signatures back; publish waits for them.",
        "authority apply build/above.xlsx --by 7007 --role 分管副行长",
    )
    authorised.add_argument("act", choices=("export", "apply"))
    authorised.add_argument("target", help="export: the run; apply: the workbook with its signatures")
    authorised.add_argument("--out", type=Path, help="export: the workbook to write; personal data")
    authorised.add_argument("--by", help="apply: who signs, never the run's preparer")
    authorised.add_argument(
        "--role", help="apply: as whom, that of each row's step or a higher one (default: that of the step)"
    )
    explained = verb(
        "explain",
        "Every figure behind one decision, with office, file and line.",
        "explain HOUSEHOLD_KEY --on 2026-11-20",
    )
    explained.add_argument("household", help=NAMED_BY)
    explained.add_argument("--on", type=_day)
    explained.add_argument("--lang", choices=("zh",), default="zh")
    found = verb(
        "find",
        "The household of an ID number on standard input; the ledger remembers who looked, not the number.",
        "find - < number.txt",
    )
    found.add_argument("number", metavar="-", help="nothing but - : the number is read from standard input")
    found.add_argument("--by", help="who looks (default: the login)")
    noticed = verb("notices", "The households' messages of a run.", "notices RUN --lang zh")
    noticed.add_argument("run")
    noticed.add_argument("--lang", choices=("zh",), default="zh")
    reported = verb("report", "Where a run's page is.", "report RUN")
    reported.add_argument("run")
    stated = verb(
        "status",
        "What is staged, approved and in force per county, and how its referrals stand on a day.",
        "status --on 2026-11-20",
    )
    stated.add_argument("--on", type=_day, help="the day on which clocks are read (default: the shell's)")


def _returning(verb: Verb) -> None:
    received = verb(
        "acknowledge",
        "Take in a branch's receipt: what it did with each row, and the limits that it set within its authority.",
        "acknowledge build/receipt.csv --by 2002",
    )
    received.add_argument("file", type=Path, help="the branch's receipt, any format that an inbox takes")
    received.add_argument("--by", help="who takes it in (default: the login)")
    received.add_argument(
        "--branch",
        metavar="CODE",
        help="whose receipt it is (default: the branch that most of its lines are of)",
    )
    received.add_argument(
        "--policy", type=Path, help="whose authority holds (default: limit_policy.toml of the models)"
    )
    recorded = verb(
        "record-usage",
        "Take in contracts, draws and repayments of the core system.",
        "record-usage build/draws.csv --by 2002",
    )
    recorded.add_argument("file", type=Path, help="recognised by its headers: contracts, draws or repayments")
    recorded.add_argument("--by", help="who takes it in (default: the login)")


def _day(text: str) -> object:
    from datetime import date  # noqa: PLC0415  # --help must not pay for it

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-11-01") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code."""
    words = parser().parse_args(arguments)
    from village_credit import commands  # noqa: PLC0415  # --help must not pay for it

    try:
        return commands.run(words)
    except VillageCreditError as error:
        print(f"village-credit {words.verb}: {error}", file=sys.stderr)
        return error.exit_code
    except (BrokenPipeError, KeyboardInterrupt):
        return 130


if __name__ == "__main__":
    sys.exit(main())
