"""What every verb needs: its words, the store, a progress line, how results are shown, how a household is named."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from village_credit.errors import MissingInput, UsageError

PUBLIC_KEY_BYTES = 32  # Ed25519
TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal
    from pathlib import Path
    from typing import Any

    from village_credit.pseudonyms import Keys
    from village_credit.settings import Settings
    from village_credit.signatures import KnownKey
    from village_credit.store.store import Store

LANGUAGES = ("zh", "en", "ug")  # those of pages and accounts; reading their words would cost --help too much
NAMED_BY = "a household_key, or - and the ID number or contractor code on standard input"


class Verb(argparse.ArgumentParser):
    """A verb's words, with the arguments that several verbs share."""

    def the_run(self) -> None:
        """Ask for a run."""
        self.add_argument("run", help="the run's id, as `score` and `status` print it")

    def county(self) -> None:
        """Ask for a county."""
        self.add_argument("--county", required=True, type=county_code, help="its code of six digits")

    def counties(self) -> None:
        """Ask for one county or more."""
        self.add_argument(
            "--county", required=True, action="append", type=county_code, help="may be given several times"
        )

    def file(self, text: str) -> None:
        """Ask for a file that is read."""
        self.add_argument("file", type=path, help=text)

    def folder(self, text: str | None = None) -> None:
        """Ask for a folder that is read."""
        self.add_argument("folder", type=path, help=text)

    def out(self, text: str | None = None, *, required: bool = False) -> None:
        """Ask where to write."""
        self.add_argument("--out", type=path, required=required, help=text)

    def workbook_out(self, text: str, *, required: bool = False) -> None:
        """Ask where to write what a person will fill in; written over only where that is said."""
        self.out(f"{text}; personal data", required=required)
        self.add_argument("--force", action="store_true", help="write over a file that is there already")

    def signed_by(self, text: str = "who answers for it, by staff number; the ledger keeps it") -> None:
        """Ask who answers for it: never the login alone."""
        self.add_argument("--by", required=True, help=text)

    def done_by(self, text: str = "who does it, by staff number (default: the login)") -> None:
        """Ask who does it; `by_whom` falls back on the login."""
        self.add_argument("--by", help=text)

    def reason(self, text: str = "kept in the ledger; name nobody") -> None:
        """Ask why."""
        self.add_argument("--reason", required=True, help=text)

    def notice_texts(self) -> None:
        """Ask in which languages households are told, and with whose texts."""
        option = self.add_argument
        option("--lang", action="append", default=[], help="in this language (default: those of the county's terms)")
        option("--templates", type=path, help="a folder of texts of your own, a file LANGUAGE.toml each")
        option("--unreviewed", action="store_true", help="for a trial: texts too that nobody has read")

    def acts(self) -> list[str]:
        """Name the acts that the verb has, such as `export` and `apply`."""
        return [str(act) for word in self._actions if word.dest == "act" for act in word.choices or ()]

    def policy(self, text: str = "the policy file (default: that of the models)") -> None:
        """Ask for a policy file; `policy_of` falls back on that of the models."""
        self.add_argument("--policy", type=path, help=text)


class Verbs:
    """The command's verbs, to which each file of this folder adds its own."""

    def __init__(self, top: argparse.ArgumentParser) -> None:
        """Begin with the options that all verbs share."""
        self.headings: dict[str, str] = {}  # by the verb that they stand before
        self.common = Verb(add_help=False)
        option = self.common.add_argument
        option("--store", help="the store's folder (default ./warehouse, or VILLAGE_CREDIT_STORE)")
        option("--models", help="the folder of policy and scorecards (or VILLAGE_CREDIT_MODELS)")
        option(
            "--counties", help="the folder of what is agreed with each county's offices (or VILLAGE_CREDIT_COUNTIES)"
        )
        option("--json", action="store_true", help="the result as one JSON object on standard output")
        self.subparsers = top.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=Verb)

    def add(self, name: str, text: str, example: str, handler: Callable[[argparse.Namespace, Settings], int]) -> Verb:
        """Add a verb with a sentence, an example and what does it."""
        verb = self.subparsers.add_parser(
            name, parents=[self.common], help=text, description=text, epilog=f"example: village-credit {example}"
        )
        verb.set_defaults(handler=handler)
        return verb

    def group(self, heading: str, adders: Iterable[Callable[[Verbs], None]]) -> None:
        """Add verbs that `--help` lists under a heading."""
        first = len(self.subparsers.choices)
        for add in adders:
            add(self)
        self.headings[list(self.subparsers.choices)[first]] = heading

    def names(self) -> frozenset[str]:
        """Name every verb, and every act of one with its verb before it (`keys rotate`)."""
        verbs: dict[str, Verb] = self.subparsers.choices
        return frozenset(verbs).union(*({f"{name} {act}" for act in verb.acts()} for name, verb in verbs.items()))


def path(text: str) -> Path:
    """Read a path that was typed."""
    from pathlib import Path

    return Path(text)


def day(text: str) -> date:
    """Read a day that was typed."""
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-11-01") from None


def share(text: str) -> Decimal:
    """Read a share that was typed."""
    from decimal import Decimal, InvalidOperation

    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no share; write it as 0.02") from None


def county_code(text: str) -> str:
    """Read a county's code that was typed."""
    from village_credit.identifiers import require_county_code

    try:
        return require_county_code(text)
    except UsageError as refusal:
        raise argparse.ArgumentTypeError(str(refusal)) from None


def say(text: str) -> None:
    """Speak to the person, never on standard output where a program may be reading."""
    print(text, file=sys.stderr)


def show(args: argparse.Namespace, result: Any, text: Callable[[], str]) -> int:
    """Print the result: one JSON object, or text."""
    import json

    print(json.dumps(plain(result), ensure_ascii=False, default=str, sort_keys=True) if args.json else text())
    return 0


def show_each(
    args: argparse.Namespace, act: Callable[[str], Any], text: Callable[[str, Any], str], *, by_county: bool = False
) -> int:
    """Do something for each county; print each result as it comes, and with --json all of them at the end.

    A county that is refused is told on standard error, and the others go on; return the first refusal's exit code.
    `by_county`: the JSON object has the counties for names, else it is a list.
    """
    from village_credit.cli.refusals import Refusal, one_by_one

    def told(county: str, result: Any) -> None:
        if isinstance(result, Refusal):
            say(f"village-credit {args.verb}: county {county}: {result.sentence}")
        elif not args.json:
            print(text(county, result), flush=True)

    found = one_by_one(dict.fromkeys(args.county), act, told)
    if args.json:
        refused = {c: {"county": c, **plain(r)} for c, r in found.items() if isinstance(r, Refusal)}
        show(args, found | refused if by_county else list((found | refused).values()), str)
    return next((result.exit_code for result in found.values() if isinstance(result, Refusal)), 0)


def plain(result: Any) -> Any:
    """Return a result as JSON knows it: dataclasses become objects, however deep they stand in lists and objects."""
    import dataclasses

    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    if isinstance(result, list):
        return [plain(one) for one in result]
    return {name: plain(one) for name, one in result.items()} if isinstance(result, dict) else result


def by_whom(args: argparse.Namespace) -> str:
    """Return who gives the command: as typed, else the login; raises UsageError where it names a person outright."""
    from village_credit.settings import login
    from village_credit.signatures import signer

    return signer(args.by or login())


def policy_of(args: argparse.Namespace, paths: Settings) -> Path:
    """Return the policy file: as typed, else that of the models."""
    typed: Path | None = args.policy
    return typed or paths.models / "limit_policy.toml"


def counted(counts: dict[str, int]) -> str:
    """Write counts by name, in one line."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def out_of(args: argparse.Namespace, usage: str) -> Path:
    """Return the file to write, where the verb cannot do without; refuses with how it is used."""
    if args.out is None:
        raise UsageError(f"{usage} needs --out FILE")
    from village_credit.store.whole_files import require_free

    return require_free(args.out, force=args.force)


def store_of(paths: Settings, *, may_begin: bool = False) -> Store:
    """Open the store with its own keys; a verb that `may_begin` one makes what is missing, and keys with a warning.

    Raises MissingInput where there is none: a mistyped path must not become a new, empty store.
    """
    from village_credit.publish.outbox import refresh_warehouse
    from village_credit.store.opening import open_with_keys

    _require_place(paths, may_begin=may_begin)
    store, is_new = open_with_keys(paths.store, paths.key_file)
    if is_new:
        warn_of_new_keys(paths)
    refresh_warehouse(store)
    return store


def warn_of_new_keys(paths: Settings) -> None:
    """Say where keys were made, and that they are to be kept."""
    say(
        f"new keys in {paths.key_file} (mode 0600): keep a copy apart from the store; without them its "
        f"pseudonyms and vault are lost"
    )


def _require_place(paths: Settings, *, may_begin: bool) -> None:
    if paths.store.exists() and not paths.store.is_dir():
        raise MissingInput(f"{paths.store} is a file, and a store is a folder: check --store or VILLAGE_CREDIT_STORE")
    if not may_begin and not (paths.store / "ledger").is_dir():
        raise MissingInput(
            f"there is no store in {paths.store}: check --store or VILLAGE_CREDIT_STORE; `village-credit "
            f"score` begins one"
        )
    if not may_begin and not paths.key_file.is_file():
        raise MissingInput(
            f"the keys of the store are not in {paths.key_file}: check VILLAGE_CREDIT_KEY_FILE, or restore "
            f"them from their backup"
        )


def own_keys(paths: Settings) -> Keys | None:
    """Return the keys that packages are signed with, where their file is at hand; none are made."""
    from village_credit.store.keys import load_keys

    return load_keys(paths.key_file)[0] if paths.key_file.is_file() else None


def known_keys(args: argparse.Namespace, paths: Settings) -> Sequence[KnownKey]:
    """Return whose signature to ask for: the key that was given with --public-key, or else those of the key file.

    Raises UsageError where nobody says so, for a signature by any key at all says nothing.
    """
    from village_credit.signatures import KnownKey

    if args.public_key is not None:
        return (KnownKey(_key_of(args.public_key)),)
    own = own_keys(paths)
    if own is None:
        raise UsageError(
            "not known whose signature to ask for: no key file is here; give --public-key and the key that the bank "
            "gave out (`village-credit package key` prints it there)"
        )
    return own.known_keys()


def _key_of(text: str) -> bytes:
    """Read a public key that was given: 64 hexadecimal digits."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        raise UsageError("--public-key is 64 hexadecimal digits, as `village-credit package key` prints them")
    return key


def progress() -> Callable[[str, float], None]:
    """Return what prints a stage's name and seconds when it ends."""
    return lambda stage, seconds: say(f"  {stage:<24} {seconds:8.2f} s")


def typed_number() -> str:
    """Read what somebody typed or piped in; of bytes in another encoding nothing can be a number of anybody."""
    return sys.stdin.read().encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def household_named(store: Store, named: str, by: str) -> str:
    """Return the household_key that was typed, or of the number on standard input, which the ledger remembers.

    A number as an argument is refused.
    """
    from village_credit.services.casework.household_lookup import key_of

    if sum(letter.isdigit() for letter in named) >= len("110101900101001"):
        raise UsageError("a number is never an argument: give - and the number on standard input")
    return key_of(store, named, typed_number() if named == "-" else "", by)


def write_new(file: Path, content: str, option: str, mode: int = 0o666) -> None:
    """Write a file that nobody has yet."""
    try:
        file.touch(mode, exist_ok=False)
    except FileExistsError:
        raise UsageError(f"{file.name} is there already: name a new file for {option}") from None
    file.write_text(content, encoding="utf-8")
