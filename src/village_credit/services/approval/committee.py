"""The committee's meeting behind a signature: read from its file, and held against the quorum of the run's policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from data_contracts.meeting import Meeting, MeetingRefused, Member, read_meeting
from village_credit.errors import GateRefused, MissingInput, UsageError
from village_credit.policy.quorum import Quorum, quorum_of
from village_credit.signatures import folded_name, same_person


def meeting_in(path: Path | None) -> Meeting | None:
    """Read a meeting's file; raises MissingInput where there is none, UsageError with every fault and its place."""
    if path is None:
        return None
    if not path.is_file():
        raise MissingInput(f"meeting file {path.name} is missing")
    try:
        return read_meeting(path.read_text(encoding="utf-8"))
    except (MeetingRefused, UnicodeDecodeError) as refusal:
        raise UsageError(f"{path.name}: {refusal}") from None


def require_quorum(
    manifest: dict[str, Any], preparer: str, meeting: Meeting | None, on: date, staged: date | None = None
) -> None:
    """Raise GateRefused where a run's meeting may not have decided it; `on`: the day of the signature.

    `staged`: the day on which the run was there to be decided; none: the ledger does not say. The preparer may sit, to
    answer questions; they do not vote and are not counted.
    """
    run_id, quorum = manifest["run_id"], quorum_of(manifest)
    if meeting is None:
        if quorum is not None:
            raise GateRefused(
                f"run {run_id}: its policy asks for a meeting of {quorum.members} members, of whom a share of "
                f"{quorum.share_for} vote for; give it with --meeting FILE"
            )
        return
    as_of = date.fromisoformat(manifest["as_of"])
    faults = [*_day_faults(meeting.date, as_of, staged, on), *_member_faults(meeting, quorum, preparer)]
    if faults:
        raise GateRefused(f"run {run_id}: the meeting cannot decide it: {'; '.join(faults)}")


def _day_faults(sat: date, as_of: date, staged: date | None, on: date) -> Iterator[str]:
    if sat < as_of:
        yield f"it is dated {sat}, before the run's day, {as_of}"
    elif staged is not None and sat < staged:
        yield f"it is dated {sat}, before the run was staged, on {staged}: nobody had it before them"
    if sat > on:
        yield f"it is dated {sat}, after {on}"


def _member_faults(meeting: Meeting, quorum: Quorum | None, preparer: str) -> Iterator[str]:
    """Spellings of one staff number are one person, who is counted once."""
    numbers = [folded_name(member.number) for member in meeting.members]
    if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
        yield f"members twice: {', '.join(twice)}"
    if any(same_person(member.number, preparer) and member.vote != "abstain" for member in meeting.members):
        yield f"{preparer} prepared the run and voted; the preparer may sit, not vote"
    if quorum is not None:
        people = dict(zip(numbers, meeting.members, strict=True))
        voting = [member for number, member in people.items() if number != folded_name(preparer)]
        if fault := quorum.fault(len(voting), _votes_for(voting)):
            yield fault


def _votes_for(members: list[Member]) -> int:
    return sum(member.vote == "for" for member in members)
