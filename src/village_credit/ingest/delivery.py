"""A county's whole delivery, rows and maps, unless it is remembered what it became."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import pyarrow as pa

from data_contracts.county_terms import CountyTerms
from village_credit.extract.grid import DeliveredFile
from village_credit.ingest.county import take_in
from village_credit.ingest.remembered import intake_memo, intake_of, is_of_this_machine
from village_credit.ingest.shapes import Looked, look_at_shapes
from village_credit.intake import Intake
from village_credit.link.verdicts import Verdicts
from village_credit.memos import Memo, Memos
from village_credit.signatures import canonical_json


@dataclass(frozen=True)
class Delivery:
    """A county's files in reading order, and everything that decides what they become.

    `looked_with`: the library that shapes are looked at with, by its versions; None where they are not looked at.
    """

    files: Sequence[DeliveredFile]
    county_code: str
    as_of: date
    terms: CountyTerms
    verdicts: Verdicts
    looked_with: Mapping[str, str] | None

    @cached_property
    def content(self) -> tuple[str, ...]:
        """Name all of it but the terms, which are the ground that memos stand on."""
        looked_with = canonical_json(self.looked_with).decode("utf-8")
        files = (word for file in self.files for word in (file.file_name, file.sha256))
        return (self.county_code, self.as_of.isoformat(), self.verdicts.content, looked_with, *files)


def take_in_delivery(delivery: Delivery, memos: Memos) -> tuple[Intake, Looked]:
    """Take in a county's files, and look at its maps; raises NoRegister where nobody can be scored."""
    found = memos.recall("delivery", *delivery.content) if delivery.verdicts.content else None
    if found is not None:
        return intake_of(found)
    intake = take_in(
        delivery.files, delivery.as_of, delivery.county_code, delivery.terms, delivery.verdicts, memos=memos
    )
    looked = look_at_shapes(delivery.files, intake.settled["land_parcel"], delivery.looked_with)
    if delivery.verdicts.content and not is_of_this_machine(intake.sources):
        memos.keep(intake_memo(intake, looked), "delivery", *delivery.content)
    return intake, looked


def remembered_table(
    delivery: Delivery, intake: Intake, memos: Memos, name: str, make: Callable[[], pa.Table]
) -> pa.Table:
    """Return a table that a delivery as it was taken in alone gives, made where it is not remembered.

    `name` says what makes it.
    """
    if is_of_this_machine(intake.sources):
        return make()
    found = memos.recall("table", name, *delivery.content)
    if found is not None:
        return found.tables[name]
    table = make()
    memos.keep(Memo(None, {name: table}), "table", name, *delivery.content)
    return table
