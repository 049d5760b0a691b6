"""A branch's package is sealed: an archive, encrypted for that branch alone, beside manifest and a signed statement.

Nothing that it holds in the clear is ever written down: it is packed and encrypted in memory. Who stands in it is told
by keyed hashes in the statement, so that the bank, and nobody without its keys, can say of somebody whether he is in a
package that it cannot open.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from village_credit.code_version import require_known
from village_credit.errors import VerificationFailed
from village_credit.pseudonyms import Keys, package_mark
from village_credit.publish.office_package import OFFICE
from village_credit.publish.signed_file import signed
from village_credit.publish.signed_manifest import MANIFEST, READY
from village_credit.recipients import encrypted_for
from village_credit.signatures import canonical_json, purposed, verify_signature
from village_credit.store.store import sha256_of

ARCHIVE, STATEMENT = "package.age", "sealed.json"
OWN = {MANIFEST, ARCHIVE, STATEMENT, READY}
TOLD = ("county_code", "branch_code", "publication_id", "sequence")  # of the manifest, in the statement too
OWNER_ALONE = 0o600
NAMING = ("household_ref", "身份证号码")  # columns that say who it is
BODY = 17  # of an ID number, without its check character


def sealed_files(keys: Keys, files: Mapping[str, bytes], recipients: Sequence[str]) -> dict[str, bytes]:
    """Return the files of a sealed package by name, READY last.

    `files`: those of the package in the clear, its manifest and READY among them. The manifest stays the same bytes, so
    that what is known by its hash is so whether it is sealed or not.
    """
    sealed = encrypted_for(recipients, archive_of(files))
    manifest = json.loads(files[MANIFEST])
    statement = {
        **{name: manifest[name] for name in TOLD},
        "manifest_sha256": sha256_of(files[MANIFEST]),
        "sha256": sha256_of(sealed),
        "bytes": len(sealed),
        "recipients": sorted(recipients),
        "named": marks_of(keys, manifest["publication_id"], _named_in(files)),
    }
    text = json.dumps(signed(keys, "sealing", statement), ensure_ascii=False, sort_keys=True, indent=1)
    return {MANIFEST: files[MANIFEST], ARCHIVE: sealed, STATEMENT: text.encode("utf-8"), READY: files[READY]}


def marks_of(keys: Keys, publication_id: str, texts: Iterable[str]) -> list[str]:
    """Return what stands for ID numbers and references in a publication's sealed packages, sorted."""
    return sorted(
        {package_mark(keys, publication_id, text[:BODY] if len(text) == BODY + 1 else text) for text in texts}
    )


def _named_in(files: Mapping[str, bytes]) -> Iterator[str]:
    """Return whatever says in a package's tables who it is; `limits.csv`, the register and the offers name all."""
    for name in (name for name in files if name.endswith(".csv")):
        for row in csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))):
            yield from (text for column in NAMING if (text := (row.get(column) or "").strip()))


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """Write files as a plain tar, in their order, with nothing of the machine or the moment in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), OWNER_ALONE
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def is_sealed(folder: Path) -> bool:
    """Tell whether a package is sealed, whole or not."""
    return (folder / ARCHIVE).is_file() or (folder / STATEMENT).is_file()


def counted_sealed(outbox: Path) -> tuple[int, int]:
    """Count a publication's branch packages that are sealed, and those in the clear."""
    sealed = [is_sealed(folder) for folder in outbox.glob("[!.]*") if folder.is_dir() and folder.name != OFFICE]
    return sum(sealed), len(sealed) - sum(sealed)


def require_sealed(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a sealed package's statement; raises VerificationFailed where a file beside it is not what was signed.

    `manifest`: as it was read and verified there. The content is not opened.
    """
    statement = _statement(folder, manifest)
    of_manifest = sha256_of((folder / MANIFEST).read_bytes()) == statement.get("manifest_sha256")
    if not of_manifest or any(statement.get(name) != manifest.get(name) for name in TOLD):
        raise VerificationFailed(
            f"package {folder.name}: {STATEMENT} tells of another package than {MANIFEST}; do not import it"
        )
    sealed = folder / ARCHIVE
    if not sealed.is_file() or sha256_of(sealed.read_bytes()) != statement.get("sha256"):
        raise VerificationFailed(f"package {folder.name}: {ARCHIVE} is not the file that was signed")
    if others := sorted({path.name for path in folder.iterdir()} - OWN):
        raise VerificationFailed(
            f"package {folder.name}: {len(others)} files are no part of what was signed ({others[0]}); do not import it"
        )
    return statement


def sealed_for(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Return for whom a package is sealed; nobody: it lies there in the clear."""
    return [str(one) for one in require_sealed(folder, manifest)["recipients"]] if is_sealed(folder) else []


def _statement(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Read the statement; raises VerificationFailed where the manifest's key did not sign it, and for this purpose."""
    try:
        said = json.loads((folder / STATEMENT).read_text(encoding="utf-8"))
        number, signature = said["format"], str(said.pop("signature"))
        is_whole = isinstance(number, int)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_whole, said, number, signature = False, {}, 0, ""
    if is_whole:
        require_known("sealing", number, f"package {folder.name}")
    message = purposed("sealing", canonical_json(said))
    if not is_whole or not verify_signature(bytes.fromhex(manifest["public_key"]), message, signature):
        raise VerificationFailed(
            f"package {folder.name}: {STATEMENT} is missing, or not what was signed with its manifest; ask the bank "
            f"for the package again and do not import this one"
        )
    return said  # type: ignore[no-any-return]


def unpacked(content: bytes, expected: set[str], whose: str) -> dict[str, bytes]:
    """Return the files of a decrypted archive by name.

    Raises VerificationFailed where it holds anything but plain files of the expected names, each once: no path, link or
    size of an archive's own is followed. `whose`: the package that the sentence names.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                name = _expected(member, expected - found.keys(), len(content))  # before a byte of it is read
                found[name] = _content(archive, member)
    except (tarfile.TarError, ValueError, EOFError, OverflowError, OSError):
        found = {}
    if found.keys() != expected:
        raise VerificationFailed(
            f"package {whose}: what {ARCHIVE} holds is not what its manifest says; nothing was written, do not "
            f"import it"
        )
    return found


def _expected(member: tarfile.TarInfo, lacking: set[str], size: int) -> str:
    """Return a member's name; raises ValueError where it is no plain file of a name that still lacks, or too large."""
    is_plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
    if not is_plain or member.name not in lacking or not 0 <= member.size <= size:
        raise ValueError("no member of a package")
    return member.name


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    content = b"" if file is None else file.read()
    if len(content) != member.size:
        raise ValueError("cut off")
    return content
