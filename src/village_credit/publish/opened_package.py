"""A branch opens its sealed package: verified, decrypted and unpacked in memory, and written for its owner alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from village_credit.errors import MissingInput, UsageError, VerificationFailed, why_unread
from village_credit.publish.branch_package import verify_package
from village_credit.publish.sealed_package import ARCHIVE, OWNER_ALONE, is_sealed, unpacked
from village_credit.publish.signed_manifest import MANIFEST, READY
from village_credit.recipients import HEADER, identities_in, opened_with
from village_credit.signatures import KnownKey
from village_credit.store.whole_files import folder_beside, move_to_place


def open_package(
    folder: Path, identity_file: Path, out: Path, known: Sequence[KnownKey], on: date, after: int | None = None
) -> dict[str, Any]:
    """Write what a sealed package holds into a new folder, READY last, and return its manifest.

    Raises as `verify_package` does, of the sealed package and of what it holds; MissingInput where the identity is not
    its branch's, UsageError where the package is not sealed or the folder is there already.
    """
    if out.exists():
        raise UsageError(f"{out.name} is there already: name a folder that is not")
    manifest = verify_package(folder, known, on, after)
    if not is_sealed(folder):
        raise UsageError(f"package {folder.name} is not sealed: import it as it lies there")
    files = _content(folder, identity_file, {*manifest["files"], MANIFEST, READY})
    with folder_beside(out) as beside:
        _write(beside, files)
        verify_package(beside, known, on, after)
    move_to_place(beside, out)
    return manifest


def _content(folder: Path, identity_file: Path, expected: set[str]) -> dict[str, bytes]:
    """Return the files of a sealed package by name; its own manifest is the one beside it, to the byte."""
    plain = opened_with(_identities(identity_file), (folder / ARCHIVE).read_bytes())
    if plain is None:
        raise MissingInput(
            f"package {folder.name}: no identity of {identity_file.name} opens it; give the file of the key that the "
            f"bank has of this branch, a former one where the package is of before a change"
        )
    files = unpacked(plain, expected, folder.name)
    if files[MANIFEST] != (folder / MANIFEST).read_bytes():
        raise VerificationFailed(f"package {folder.name}: {ARCHIVE} holds another package; do not import it")
    return files


def _identities(file: Path) -> list[Any]:
    """Read an identity file; raises MissingInput, which never quotes it, where it has none."""
    try:
        content = file.read_bytes()
        found = [] if content.startswith(HEADER) else identities_in(content.decode("utf-8"))
    except OSError as error:
        raise MissingInput(
            f"identity {file.name} cannot be read ({why_unread(error)}); check path and rights"
        ) from None
    except ValueError:
        content, found = b"", []
    if not found:
        why = (
            "is protected by a passphrase: open it with `age` itself"
            if content.startswith(HEADER)
            else "has no identity"
        )
        raise MissingInput(f"identity {file.name} {why}; it is the file that `age-keygen -o FILE` writes")
    return found


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files that their owner alone may read, READY last."""
    folder.chmod(0o700)
    for name in sorted(files, key=lambda name: (name == READY, name)):
        (folder / name).touch(mode=OWNER_ALONE)
        (folder / name).write_bytes(files[name])
