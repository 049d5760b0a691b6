"""What people said of doubtful links, by the ledger: the last word on each record and household."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from village_credit.ledger import link_samples
from village_credit.ledger.log import Entry
from village_credit.link.verdicts import SAME, VERDICTS, Verdicts
from village_credit.pseudonyms import Keys, household_key, row_key_hash
from village_credit.signatures import canonical_json
from village_credit.store.store import sha256_of

ACT = "link_verdicts"


def link_verdicts(entries: Sequence[Entry], county_code: str) -> list[dict[str, str]]:
    """Return what holds for a county: the last word on each record and household, in a fixed order.

    A record is of one household: whoever says which takes back what was said before of another.
    """
    last: dict[tuple[str, str], dict[str, str]] = {}
    homes: dict[str, str] = {}  # by record, the household that it was last said to be of
    for entry in entries:
        if entry.act == ACT and entry.details["county_code"] == county_code:
            for verdict in entry.details["verdicts"]:
                record, household = verdict["record_key"], verdict["household_key"]
                if verdict["verdict"] == SAME:
                    before = last.get((record, homes.get(record, "")))
                    if before and before["verdict"] == SAME:
                        del last[record, before["household_key"]]
                    homes[record] = household
                last[record, household] = verdict
    return [last[key] for key in sorted(last)]


def verdicts_of(
    entries: Sequence[Entry], county_code: str, keys: Keys, successors: Iterable[tuple[str, str]] = ()
) -> Verdicts:
    """Make what linkage needs of a county's verdicts.

    `successors`: keys of households whose code changed, each with the key that the new code gives: what was said of the
    one holds for the other, until something is said of that.
    """
    said = link_verdicts(entries, county_code)
    known = {(verdict["record_key"], verdict["household_key"]) for verdict in said}
    became: dict[str, list[str]] = {}
    for key, own_key in successors:
        became.setdefault(key, []).append(own_key)
    followed = [v | {"household_key": own} for v in said for own in became.get(v["household_key"], ())]
    said += [v for v in followed if (v["record_key"], v["household_key"]) not in known]
    table = pa.Table.from_pylist(said, schema=VERDICTS)
    revoked = link_samples.revoked_passes(entries, county_code)
    return Verdicts(
        table,
        lambda text: row_key_hash(keys, "record|" + text),
        lambda code: household_key(keys, code),
        revoked,
        content=sha256_of(canonical_json([said, list(revoked), keys.pseudonym_key_id])),
    )
