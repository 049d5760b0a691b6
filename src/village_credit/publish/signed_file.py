"""What leaves says of itself who signed it, for which purpose; of exports and disclosures it is read again here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from village_credit.code_version import FORMATS, require_known
from village_credit.errors import VerificationFailed
from village_credit.pseudonyms import Keys
from village_credit.signatures import KnownKey, canonical_json, key_id, purposed, verify_signature

Form = Literal["disclosure", "export", "package", "sealing"]


def signed(keys: Keys, form: Form, content: dict[str, Any]) -> dict[str, Any]:
    """Return content with its form's number, the key that signs it, and the signature, which is over all the rest."""
    named = {"format": FORMATS[form], "key_id": keys.signing_key_id, "public_key": keys.public_key().hex()}
    told = content | named
    return told | {"signature": keys.sign(form, told)}


def require_signed(said: dict[str, Any], form: Form, known: Sequence[KnownKey], act: int, what: str) -> None:
    """Raise VerificationFailed where something is not signed, as of an act's number, by a key that its reader knows.

    MissingInput where later code wrote it in another form.
    """
    number = said.get("format")
    require_known(form, number if isinstance(number, int) else 0, what)
    message = purposed(form, canonical_json({name: value for name, value in said.items() if name != "signature"}))
    mine = [key for key in known if verify_signature(key.public_key, message, str(said.get("signature")))]
    if not mine:
        names = ", ".join(key_id(key.public_key) for key in known)
        raise VerificationFailed(
            f"{what} is not signed with key {names}, or was altered since: do not use it; ask the bank, by another "
            f"way, for its key"
        )
    if not any(key.vouches_for(act) for key in mine):
        raise VerificationFailed(
            f"{what} tells of act {act:,}, and is signed with key {key_id(mine[0].public_key)}, which was replaced "
            f"after act {mine[0].last_act:,}: whoever signed it has no right to the key any more"
        )
