"""The verbs of what others read: an export of a month, the word of two people, how it is checked, an open catalogue."""

from __future__ import annotations

import argparse

from village_credit.cli.common import Verbs, counted, day, known_keys, path, show, store_of

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from typing import Any

    from village_credit.services.disclosure.disclose import Disclosed
    from village_credit.services.queries.export import Exported
    from village_credit.services.queries.open_catalog import Catalogued
    from village_credit.settings import Settings


def month(text: str) -> str:
    """Read a month that was typed."""
    from datetime import date

    try:
        return date.fromisoformat(f"{text}-01").isoformat()[:7]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no month; write it as 2026-11") from None


def add_export(verbs: Verbs) -> None:
    exported = verbs.add(
        "export",
        "Write what was in force at a month's end for analysts of another house: a DuckDB file of tables, Parquet of "
        "each, a signed manifest. Nobody may have it before `disclose`.",
        "export --county 659900 --month 2026-11 --out build/export",
        do_export,
    )
    exported.counties()
    exported.add_argument(
        "--month", type=month, required=True, help="the month at whose end, in China, it was in force"
    )
    exported.out("a new folder; its rows are of households, under keys of the export's own", required=True)
    exported.add_argument(
        "--same-keys-as", type=path, metavar="FOLDER", help="an earlier export that it shall be joined with"
    )
    exported.add_argument("--force", action="store_true", help="write over an earlier export")


def do_export(args: argparse.Namespace, paths: Settings) -> int:
    """Export a month."""
    from village_credit.china_calendar import today
    from village_credit.services.queries import export

    done = export.export(
        store_of(paths), args.county, args.month, args.out, today(), same_keys_as=args.same_keys_as, force=args.force
    )
    return show(args, done, lambda: _exported_text(done))


def _exported_text(done: Exported) -> str:
    return (
        f"what was in force on {done.day} in {', '.join(done.counties)}: {counted(done.rows)} in {done.folder}; it is "
        f"disclosed to nobody yet (`village-credit disclose`)"
    )


def add_disclose(verbs: Verbs) -> None:
    disclosed = verbs.add(
        "disclose",
        "Say with a second person that a file or folder leaves and to whom: the ledger keeps its hash, and "
        "DISCLOSED.json is written beside it, signed.",
        'disclose build/export --by 1001 --second 2002 --to "the statistics office" --reason "contract of 1 November"',
        do_disclose,
    )
    disclosed.add_argument("place", type=path, help="the file or folder that leaves")
    disclosed.signed_by("who answers for it")
    disclosed.add_argument("--second", required=True, help="who looked at it too: another person")
    disclosed.add_argument("--to", required=True, metavar="HOUSE", help="to which house it goes, in words; no person")
    disclosed.reason()


def do_disclose(args: argparse.Namespace, paths: Settings) -> int:
    """Record what leaves."""
    from village_credit.services.disclosure.disclose import Word, disclose

    word = Word(args.by, args.second, args.to, args.reason)
    done = disclose(store_of(paths), args.place, word, paths.key_file)
    return show(args, done, lambda: _disclosed_text(done))


def _disclosed_text(done: Disclosed) -> str:
    once = "had left before" if done.noop else "leaves"
    return (
        f"{done.kind} of {done.files:,} files {once} for {done.recipient} by act {done.act:,}; its statement: "
        f"{done.statement}"
    )


def add_verify_disclosure(verbs: Verbs) -> None:
    checked = verbs.add(
        "verify-disclosure",
        "Check what a recipient was given: DISCLOSED.json is signed with the bank's key, and the files are those that "
        "left; exit 6 where not. No store is needed.",
        "verify-disclosure build/export --public-key KEY",
        do_verify_disclosure,
    )
    checked.add_argument("place", type=path, help="the file or folder, with its DISCLOSED.json")
    checked.add_argument("--public-key", metavar="HEX", help="the key that the bank gave out (default: this store's)")


def do_verify_disclosure(args: argparse.Namespace, paths: Settings) -> int:
    """Check what was disclosed."""
    from village_credit.publish.disclosed import verify_statement

    said = verify_statement(args.place, known_keys(args, paths))
    return show(args, said, lambda: _statement_text(said))


def _statement_text(said: dict[str, Any]) -> str:
    return (
        f"{said['kind']} of {len(said['files']):,} files, disclosed to {said['recipient']} by act {said['act']:,} of "
        f"{said['at']} ({said['by']}, second person {said['second']}), signed with {said['key_id']}"
    )


def add_catalog(verbs: Verbs) -> None:
    listed = verbs.add(
        "catalog",
        "Write Delta Lake logs over the sealed tables of what is published, for other engines of this house: links, no "
        "copies, a version for each publication; made anew at will.",
        "catalog --out build/catalog",
        do_catalog,
    )
    listed.out("the folder of the tables; what it links to stays in the store", required=True)
    listed.add_argument("--on", type=day, help="as it was at the end of a day in China (default: now)")


def do_catalog(args: argparse.Namespace, paths: Settings) -> int:
    """Write the open catalogue."""
    from village_credit.services.queries.open_catalog import write_catalog

    done = write_catalog(store_of(paths), args.out, args.on)
    return show(args, done, lambda: _catalog_text(done))


def _catalog_text(done: Catalogued) -> str:
    older = f"; of older code and left out: {len(done.left_out):,} files" if done.left_out else ""
    return f"{done.tables:,} Delta tables in {done.folder}, {done.versions:,} versions each{older}"


VERBS = (add_export, add_disclose, add_verify_disclosure, add_catalog)
