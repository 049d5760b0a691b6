"""The verbs that say what is there and whether it is whole: runs, ledger, packages, what offices are handed."""

from __future__ import annotations

import argparse

from village_credit.cli.common import (
    Verbs,
    counted,
    county_code,
    day,
    known_keys,
    own_keys,
    path,
    progress,
    show,
    store_of,
)
from village_credit.errors import MissingInput, UsageError, VerificationFailed

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from typing import Any

    from village_credit.pseudonyms import Keys
    from village_credit.services.queries.anchors import Anchored
    from village_credit.services.queries.verify import Verified
    from village_credit.settings import Settings


def add_status(verbs: Verbs) -> None:
    stated = verbs.add(
        "status",
        "What is in force and what waits, for whom and for how long, county by county.",
        "status --on 2026-11-20",
        do_status,
    )
    stated.add_argument("--on", type=day, help="the day on which clocks are read (default: today in China)")


def do_status(args: argparse.Namespace, paths: Settings) -> int:
    """List the runs."""
    from village_credit.china_calendar import today
    from village_credit.services.queries.status import status

    store = store_of(paths)
    rows, (_, damaged) = status(store, args.on or today()), store.manifests()
    shown = show(args, rows, lambda: "\n".join(_status_text(rows)) or "no run yet")
    if damaged:
        raise VerificationFailed("; ".join(damaged))
    return shown


def _status_text(rows: list[dict[str, Any]]) -> list[str]:
    """Write county by county what is in force or on its way, what waits, who is held, and how batches stand."""
    counties = sorted({row["county_code"] for row in rows})
    return [line for code in counties for line in _county_text(code, [r for r in rows if r["county_code"] == code])]


def _county_text(county: str, rows: list[dict[str, Any]]) -> list[str]:
    waits = [one for row in rows for one in row["waiting"]]
    awaited = {one["of"] for one in waits if one["what"] in ("signature", "publication")}
    shown = [row for row in rows if row["status"] == "published" or row["run_id"] in awaited] or rows[:1]
    others, name = len(rows) - len(shown), rows[0]["county_name"]
    more = f"  and {others:,} other {'run' if others == 1 else 'runs'}: `status --json` has all"
    return [
        county if name in ("", county) else f"{county} {name}",
        *(_run_text(row) for row in shown),
        *([more] if others else []),
        *(_waits_text(one) for one in waits),
        *(
            f"  held       {hold['household_key']}  since {hold['since']} by {hold['held_by']}"
            for hold in rows[0]["holds"]
        ),
        *(_batch_text(batch) for batch in rows[0]["referrals"]),
    ]


def _run_text(r: dict[str, Any]) -> str:
    """Write a run as it was decided; what came of it since is in the views."""
    return (
        f"  {r['status']:<10} {r['as_of']}  {r['run_id']}  {r['product'] or 'the whole county'}: "
        f"{r['households']:,} households, {r['sum_limit_yuan']:,} yuan decided; gates: {counted(r['gates'])}"
    )


def _waits_text(one: dict[str, Any]) -> str:
    days = "today" if one["days"] == 0 else f"{one['days']:,} {'day' if one['days'] == 1 else 'days'}"
    many = {"review": "households", "delivery": "tables", "answer": "lines to be answered"}.get(one["what"])
    what = f"{one['count']:,} {many}" if many else one["what"]
    return f"  waits      {days:<9} {what}: {one['who']} ({one['of']})"


def _batch_text(batch: dict[str, Any]) -> str:
    """Write a referral batch's two clocks on a day."""
    clocks = {clock: counted(_spaced(batch[clock])) for clock in ("decision", "draw")}
    why = f" ({'; '.join(batch['why_not_known'])})" if batch["why_not_known"] else ""
    return (
        f"  referred   batch {batch['referral_batch']} on {batch['on']}: "
        f"{batch['referred']:,} referred; decision: {clocks['decision']}; draw: {clocks['draw']}{why}"
    )


def _spaced(counts: dict[str, int]) -> dict[str, int]:
    return {name.replace("_", " "): count for name, count in counts.items()}


def add_check(verbs: Verbs) -> None:
    checked = verbs.add(
        "check",
        "What a run would say of each line of some files before they are delivered, in Chinese; nothing is kept.",
        "check build/inbox/659900 --county 659900",
        do_check,
    )
    checked.add_argument("files", nargs="+", help="files, folders, or - for one file on standard input")
    checked.add_argument("--county", type=county_code, help="whose terms hold (default: those of every county)")
    checked.add_argument("--as-of", type=day, help="the run's day (default: the shell's)")
    checked.workbook_out("a folder for the corrections workbooks")


def do_check(args: argparse.Namespace, paths: Settings) -> int:
    """Say what a run would say of some files."""
    from village_credit.china_calendar import today
    from village_credit.services.queries import check

    files = check.read_words(args.files)
    as_of = args.as_of or today()
    found = check.check(files, as_of, args.county or check.ANY_COUNTY, paths.counties, args.out, force=args.force)
    return show(args, found, lambda: check.as_text(found))


def add_report(verbs: Verbs) -> None:
    reported = verbs.add(
        "report",
        "Where a run's page is; or, with --place, a page of what is in force in a county, a prefecture or the region.",
        "report --place 659900 --out build/county.html",
        do_report,
    )
    reported.add_argument("run", nargs="?", help="a run, whose page is sealed with it")
    reported.add_argument("--place", metavar="CODE", help="6 digits a county, 4 a prefecture, 2 the region")
    reported.add_argument("--on", type=day, help="the day as of which the page is, with --place (default: today)")
    reported.out("the page (default: the place and the day in this folder)")
    reported.add_argument("--force", action="store_true", help="write over a file that is there already")


def do_report(args: argparse.Namespace, paths: Settings) -> int:
    """Say where a run's page is, or write a place's; the store stays as it is."""
    if (args.run is None) == (args.place is None):
        raise UsageError("name a run, or a place by --place")
    if args.run is not None and (args.out or args.on):
        raise UsageError("--out and --on go with --place: a run's page is sealed with it, and its path is printed")
    if args.place:
        page, stood_on = _place_page(args, paths)
        told = {"report": str(page), "figures_on": stood_on.isoformat()}
        return show(args, told, lambda: f"{page}\n  its figures are of {stood_on}, the last day of statistics by then")
    page = store_of(paths).require_run(args.run) / "report.html"
    return show(args, {"report": str(page)}, lambda: str(page))


def _place_page(args: argparse.Namespace, paths: Settings) -> tuple[Path, date]:
    """Write a place's page, and return where it lies and on which day its figures stand."""
    from village_credit.china_calendar import today
    from village_credit.services.queries.place import drawn_place
    from village_credit.store.whole_files import require_free, write_whole

    on = args.on or today()
    page, stood_on = drawn_place(store_of(paths), args.place, on)
    out = (args.out or path(f"{args.place}.{on}.html")).absolute()
    write_whole(require_free(out, force=args.force), page.encode("utf-8"))
    return out, stood_on


def add_evidence(verbs: Verbs) -> None:
    answered = verbs.add(
        "evidence",
        "What a run or a scorecard says to laws and standards on algorithms, clause by clause, as one page in Chinese.",
        "evidence RUN --out build/evidence.html",
        do_evidence,
    )
    answered.add_argument("named", metavar="RUN|MODEL", help="a run, or the folder that holds one scorecard")
    answered.out("the page (default: the run's or the scorecard's name in this folder; with --json none)")
    answered.add_argument("--force", action="store_true", help="write over a file that is there already")


def do_evidence(args: argparse.Namespace, paths: Settings) -> int:
    """Answer clause by clause; the store stays as it is."""
    import dataclasses

    from village_credit.services.queries import evidence
    from village_credit.store.whole_files import require_free, write_whole

    of_run = evidence.is_run(args.named)
    found = (
        evidence.evidence_of_run(store_of(paths), args.named)
        if of_run
        else evidence.evidence_of_model(path(args.named))
    )
    out = args.out if args.out or args.json else path(f"{found.name}.evidence.html")
    if out is not None:
        write_whole(require_free(out, force=args.force), found.page.encode("utf-8"))
    told = {name: value for name, value in dataclasses.asdict(found).items() if name != "page"}
    return show(args, told | {"page": str(out) if out else None}, lambda: f"{out}: {counted(found.clauses)}")


def add_verify(verbs: Verbs) -> None:
    rebuilt = verbs.add(
        "verify",
        (
            "Compare a run with what was sealed, and with itself computed again from its frozen inputs; exit "
            "6 where it differs."
        ),
        "verify RUN",
        do_verify,
    )
    rebuilt.the_run()


def do_verify(args: argparse.Namespace, paths: Settings) -> int:
    """Rebuild a run and compare; exit 6 where anything is not what was sealed."""
    from village_credit.services.queries import verify

    found = verify.verify_run(store_of(paths), args.run, paths.models, progress())
    if not found.is_whole:
        raise VerificationFailed(_altered_text(found))
    return show(args, found, lambda: _verified_text(found))


def add_reseal(verbs: Verbs) -> None:
    again = verbs.add(
        "reseal",
        "Make a run's part of the vault anew from its frozen inputs, where it was damaged or is gone.",
        'reseal RUN --by 3003 --reason "a disk lost the vault file"',
        do_reseal,
    )
    again.the_run()
    again.signed_by("who answers for it")
    again.reason()


def do_reseal(args: argparse.Namespace, paths: Settings) -> int:
    """Compute a run once more and seal who its households are."""
    from village_credit.services.scoring import reseal

    done = reseal.reseal(store_of(paths), args.run, paths.models, args.by, args.reason, progress())
    return show(args, done, lambda: f"run {done.run_id}: {done.households:,} households are in the vault again")


def _altered_text(found: Verified) -> str:
    parts = (("not what was sealed", found.altered), ("comes out otherwise", found.differs))
    told = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
    made = f"; it was made with {found.other_libraries}" if found.other_libraries else ""
    return f"run {found.run_id}: {told}{made}" + (f"; not rebuilt: {found.why_not}" if found.why_not else "")


def _verified_text(found: Verified) -> str:
    again = (
        ", and come out the same again" if found.is_rebuilt else f"; hashes intact, not rebuildable: {found.why_not}"
    )
    return (
        f"run {found.run_id}, county {found.county_code}, as of {found.as_of}: {found.tables} tables are "
        f"what was sealed{again}{_unasked_text(found)}{_gone_text(found)}"
    )


def _gone_text(found: Verified) -> str:
    return f"; no longer in the vault, or not whole: {', '.join(found.gone)}" if found.gone else ""


def _unasked_text(found: Verified) -> str:
    """Name the tables that this machine could not compute again, each with why."""
    return "".join(f"; {name} was not rebuilt: {why}" for name, why in found.not_rebuilt.items())


def add_ledger(verbs: Verbs) -> None:
    chained = verbs.add(
        "ledger",
        "Verify the chain of acts and the signed approvals, against packages that were handed out.",
        "ledger verify --package warehouse/outbox/659900/PUBLICATION/BRANCH",
        do_ledger,
    )
    chained.add_argument("act", choices=("verify",), help="compare every act with its signature and the chain")
    chained.add_argument(
        "--package", action="append", type=path, default=[], help="a branch's package: a witness; several times"
    )
    chained.add_argument(
        "--checkpoint",
        action="append",
        type=path,
        default=[],
        metavar="FILE",
        help="a checkpoint that somebody kept: a witness; several times (--json has the present one)",
    )


def do_ledger(args: argparse.Namespace, paths: Settings) -> int:
    """Verify the chain."""
    from village_credit.services.queries.anchors import verify_ledger

    found = verify_ledger(store_of(paths), args.package, args.checkpoint)
    return show(args, found, lambda: _ledger_text(found))


def _ledger_text(found: Anchored) -> str:
    anchored = (
        "unanchored: a package that a branch keeps (--package DIR) or a checkpoint (--checkpoint FILE) shows that "
        "nothing was rewritten or cut off"
        if found.anchored_to is None
        else f"anchored up to act {found.anchored_to:,} by {found.heads:,} packages and checkpoints"
    )
    own = "" if found.vouched_to is None else f"; the store's own approvals vouch up to act {found.vouched_to:,}"
    signed = f"{found.signed:,} acts and {found.approvals:,} approvals are signed"
    return f"{found.entries:,} acts follow each other, {signed}{own}; {anchored}"


def add_package(verbs: Verbs) -> None:
    packed = verbs.add(
        "package",
        "Verify a branch package with its signature, open a sealed one; or print the key that branches verify with.",
        "package verify warehouse/outbox/659900/PUBLICATION/BRANCH",
        do_package,
    )
    packed.add_argument("act", choices=("verify", "open", "key"), help="check it, open a sealed one, print the key")
    packed.add_argument("folder", type=path, nargs="?", help="the package's folder, or its sealed file")
    packed.add_argument(
        "--public-key",
        metavar="HEX",
        help="verify, open: the bank's key as it gave it out, where its key file is not here",
    )
    packed.add_argument(
        "--after", type=int, metavar="N", help="verify, open: the sequence of the package imported last"
    )
    packed.add_argument("--identity", type=path, metavar="FILE", help="open: the branch's age identity")
    packed.out("open: a new folder for what it holds; personal data")


def do_package(args: argparse.Namespace, paths: Settings) -> int:
    """Verify a branch package, signed by this store or by the key that the bank gave out; open a sealed one."""
    own = own_keys(paths)
    if args.act == "key":
        return _show_key(args, own)
    if args.folder is None:
        raise UsageError(f"package {args.act} needs the package's folder")
    manifest = _opened(args, paths) if args.act == "open" else _verified(args, paths)
    whose = "the key given" if args.public_key else "this store's key"
    is_own = own is not None and bytes.fromhex(manifest["public_key"]) in own.public_keys()
    return show(args, {**manifest, "is_own_key": is_own}, lambda: _package_text(manifest, whose, args.out))


def _verified(args: argparse.Namespace, paths: Settings) -> dict[str, Any]:
    """Return a package's manifest, and for whom it is sealed; none: it lies there in the clear."""
    from village_credit.china_calendar import today
    from village_credit.publish.branch_package import verify_package
    from village_credit.publish.sealed_package import sealed_for

    manifest = verify_package(args.folder, known_keys(args, paths), today(), args.after)
    return {**manifest, "sealed_for": sealed_for(args.folder, manifest)}


def _opened(args: argparse.Namespace, paths: Settings) -> dict[str, Any]:
    from village_credit.china_calendar import today
    from village_credit.publish.opened_package import open_package

    if args.identity is None or args.out is None:
        raise UsageError("package open needs --identity FILE, the branch's own, and --out DIR, a new folder")
    known = known_keys(args, paths)
    return open_package(args.folder, args.identity, args.out, known, today(), args.after)


def _show_key(args: argparse.Namespace, own: Keys | None) -> int:
    """Print the public key that branches verify packages with, and those of before with the last act of each."""
    from village_credit.signatures import key_id

    if own is None:
        raise MissingInput("no key file is here: check VILLAGE_CREDIT_KEY_FILE")
    today, *former = (
        {"public_key": key.public_key.hex(), "key_id": key_id(key.public_key), "last_act": key.last_act}
        for key in own.known_keys()
    )
    told = {**today, "former": former}
    lines = [f"{today['public_key']}  ({today['key_id']})"]
    lines += [f"{key['public_key']}  ({key['key_id']})  until act {key['last_act']}" for key in former]
    return show(args, told, lambda: "\n".join(lines))


def _package_text(manifest: dict[str, Any], whose: str, out: Path | None) -> str:
    sealed = manifest.get("sealed_for")
    told = f"; sealed for {len(sealed):,} recipients of its branch, and its content was not opened" if sealed else ""
    if "sealed_for" not in manifest:
        told = f"; what it holds lies in {out}"
    receiver = f"branch {manifest['branch_code']}" if "branch_code" in manifest else manifest["office"]
    return (
        f"package of {receiver}: {manifest['rows']:,} rows, {manifest['sum_limit_yuan']:,} yuan, "
        f"signed with {whose} {manifest['key_id']}{told}"
    )


def add_contracts(verbs: Verbs) -> None:
    handed = verbs.add(
        "contracts",
        "Write what offices are handed of each contract: schema, standard file, Excel template, page.",
        "contracts --check",
        do_contracts,
    )
    handed.add_argument("--out", type=path, default="data_contracts/published", help="the folder to write into")
    handed.add_argument("--check", action="store_true", help="write nothing; exit 6 where a file is not current")


def do_contracts(args: argparse.Namespace, _paths: Settings) -> int:
    """Write what offices are handed, or check that it is current."""
    from village_credit.services import contracts

    if args.check:
        return _check_contracts(args)
    written = [str(path) for path in contracts.publish(args.out)]
    return show(args, {"written": written}, lambda: "\n".join(written) or f"{args.out} was current")


def _check_contracts(args: argparse.Namespace) -> int:
    from village_credit.services import contracts

    lacking = contracts.not_current(args.out)
    if lacking:
        raise VerificationFailed(
            f"not what the contracts say today: {', '.join(map(str, lacking))}; run `village-credit contracts`"
        )
    return show(args, {"not_current": []}, lambda: f"{args.out} is current")


VERBS = (
    add_status,
    add_check,
    add_report,
    add_evidence,
    add_verify,
    add_reseal,
    add_ledger,
    add_package,
    add_contracts,
)
