"""Record an act: its entry is written, and what analysts see follows; nobody has to remember to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from village_credit.code_version import FORMATS
from village_credit.errors import why_unread
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry, append
from village_credit.ledger.signed_acts import require_signed_end
from village_credit.publish.warehouse import build_warehouse
from village_credit.signatures import signer
from village_credit.store.act_files import keep_in_volumes
from village_credit.store.store import Store

LOG = logging.getLogger(__name__)


def record(
    store: Store,
    act: str,
    by: str,
    run_id: str,
    details: dict[str, Any],
    still_holds: Callable[[Ledger], None] | None = None,
    prepare: Callable[[Ledger], dict[str, Any]] | None = None,
) -> Entry:
    """Write an act into the ledger and rebuild the analysts' views; return its entry.

    `still_holds` looks at the ledger as it is just before each try, and raises where the act no longer may be.
    `prepare` does what must be done before the act stands, and returns what its entry says of that. Raises RunConflict
    where the ledger stays busy, UsageError where `by` names a person outright, VerificationFailed where the act before
    is not this store's.
    """
    by = signer(by)
    look = partial(_still_holds, store, still_holds)
    first = {"keys": store.keys.ids(), "format": FORMATS["ledger"]}
    done = None if prepare is None else lambda entries: prepare(Ledger(entries))
    sign = partial(_signed, store)
    entry = append(store.ledger_folder, act, by, run_id, details, look, first, done, sign)
    build_warehouse(store)
    _keep_in_volumes(store)
    return entry


def _keep_in_volumes(store: Store) -> None:
    """Put acts of long ago into volumes; the act stands whether or not there is room for them now."""
    try:
        keep_in_volumes(store.ledger_folder)
    except OSError as error:
        LOG.warning("acts of long ago were not put into volumes: %s; the next act tries again", why_unread(error))


def _still_holds(store: Store, still_holds: Callable[[Ledger], None] | None, entries: Sequence[Entry]) -> None:
    """Look at what an act would follow: its signature vouches for that too."""
    require_signed_end(entries, store.keys.known_keys())
    if still_holds is not None:
        still_holds(Ledger(entries))


def _signed(store: Store, said: bytes) -> str:
    """Sign an act with the key of this moment: after a rotation stands in the ledger, the former one signs none."""
    return store.keys.sign_bytes("act", said)
