"""What ended a verb becomes a sentence and an exit code: what the system refuses, and what the machine does."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from village_credit.errors import MissingInput, VerificationFailed, VillageCreditError

TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

WHAT_TO_DO = {
    errno.ENOSPC: "the disk is full: make room and give the command again",
    errno.EDQUOT: "the quota is used up: make room and give the command again",
    errno.EFBIG: "a file would be larger than this machine allows: raise the limit and give the command again",
    errno.EROFS: "the disk is read-only: name another place, or have it mounted for writing",
    errno.EACCES: "no right to read or write there: ask whoever looks after this machine",
    errno.EPERM: "no right to do that there: ask whoever looks after this machine",
    errno.EISDIR: "a folder is there, and a file was asked for: name another",
    errno.ENOTDIR: "a file is there, and a folder was asked for: name another",
    errno.ENOENT: "there is no such file or folder: check the name",
    errno.ENAMETOOLONG: "the name is too long: name another",
    errno.EMFILE: "too many files are open: raise the limit of open files and give the command again",
    errno.ENFILE: "too many files are open on this machine: close programs and give the command again",
    errno.EIO: "the disk cannot be read or written: look at its health before anything else",
    errno.EEXIST: "something is there already: name another place",
    errno.ENOTEMPTY: "something is there already: name another place",
}
OF_THE_DATABASE = {  # by name: the database is not imported for this
    "IOException": "the disk refuses what the database reads or writes (full, read-only, or no rights): see to it",
    "OutOfMemoryException": "there is too little memory: close programs, give VILLAGE_CREDIT_MEMORY_MB more, or take "
    "a larger machine",
}
EXTRAS = {
    "xlwt": "synthetic",
    "prefect": "serve",
    "apprise": "serve",
    "fastapi": "serve",
    "sqlalchemy": "serve",
    "shapely": "shapes",
    "marimo": "notebook",
}
NOT_INSTALLED = '{module} is not installed here: `pip install "village-credit[{extra}]"`'
OF_DAMAGE = ("parquet", "thrift", "magic bytes", "zstd", "corrupt", "decompress", "dictionary bounds")
DAMAGE = "a sealed table cannot be read: `verify RUN` names it; compare with the backup, nothing was written"
OTHERWISE = "what was written before stands, and giving the command again goes on from there"


@dataclass(frozen=True)
class Refusal:
    """A sentence for a person, and the exit code for a shell."""

    sentence: str
    exit_code: int


def refusal_of(error: BaseException) -> Refusal | None:
    """Return why a verb ended; None where nobody foresaw it, and its traceback is wanted."""
    if isinstance(error, VillageCreditError):
        return Refusal(str(error), error.exit_code)
    if isinstance(error, OSError):
        return Refusal(_of_the_machine(error), MissingInput.exit_code)
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        return Refusal(NOT_INSTALLED.format(module=error.name, extra=EXTRAS[error.name]), MissingInput.exit_code)
    if isinstance(error, MemoryError):
        return Refusal(OF_THE_DATABASE["OutOfMemoryException"], MissingInput.exit_code)
    if _is_of_damage(error):
        return Refusal(DAMAGE, VerificationFailed.exit_code)
    told = OF_THE_DATABASE.get(type(error).__name__) if type(error).__module__.endswith("duckdb") else None
    return Refusal(told, MissingInput.exit_code) if told else None


def _is_of_damage(error: BaseException) -> bool:
    """Tell what a library says of a sealed table whose bytes it cannot read; it is not imported for this."""
    library = type(error).__module__.partition(".")[0]
    said = str(error).casefold()
    return library in ("pyarrow", "duckdb", "_duckdb") and any(word in said for word in OF_DAMAGE)


def _of_the_machine(error: OSError) -> str:
    """Say what and what to do. The place only by its folder: a file's own name may name a person."""
    from pathlib import Path

    name = error.filename if isinstance(error.filename, str) else ""
    where = f"in {Path(name).parent}: " if name else ""
    known = WHAT_TO_DO.get(error.errno or 0)
    return f"{where}{known or f'{error.strerror or type(error).__name__}: see to it'}; {OTHERWISE}"


def one_by_one(counties: Iterable[str], act: Callable[[str], Any], told: Callable[[str, Any], None]) -> dict[str, Any]:
    """Do something for each county, tell each result as it comes, and go on after one that is refused.

    Return each county's result, or its Refusal.
    """
    found: dict[str, Any] = {}
    for county in counties:
        try:
            result = act(county)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            result = refusal
        told(county, result)
        found[county] = result
    return found
