"""What a night has to tell somebody goes out by the addresses of a file: mail, webhook, whatever apprise knows.

The file (VILLAGE_CREDIT_ALERTS, TOML) has `[[alert]]` with `to`, an apprise address, and `on`, what it is told of.
What goes out are counties, gates, counts and days; an address that does not answer is logged without itself, and no
night fails over it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import apprise
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from village_credit.errors import MissingInput, why_unread

VARIABLE = "VILLAGE_CREDIT_ALERTS"
OF_OTHERS = 0o077  # the rights of a group and of others
LATE, ENDING = "deliveries", "model_valid"  # gates: a table that is owed, a scorecard that ends

Event = Literal["failed", "gate", "late_office", "to_sign", "ending"]


class Alert(BaseModel):
    """Whom to tell, and of what."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    to: Annotated[str, Field(min_length=1)]
    on: tuple[Event, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    alert: tuple[Alert, ...]


@dataclass(frozen=True)
class Told:
    """One thing to tell: what kind it is, and a sentence."""

    event: Event
    sentence: str


def load_alerts(path: Path) -> tuple[Alert, ...]:
    """Read whom to tell; raises MissingInput where the file is unsound or open to others: addresses hold passwords."""
    try:
        if path.stat().st_mode & OF_OTHERS:
            raise MissingInput(f"{path.name} is open to others, and its addresses hold passwords: chmod 600 it")
        alerts = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).alert
    except FileNotFoundError:
        raise MissingInput(f"{VARIABLE} names a file that is not there: {path.name}") from None
    except OSError as error:
        raise MissingInput(f"{path.name}, which {VARIABLE} names, cannot be read: {why_unread(error)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise MissingInput(f"{path.name} is no TOML file") from None
    except ValidationError as error:
        places = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False))
        raise MissingInput(f"{path.name}: see to {places}; `to` is an address, `on` some of its events") from None
    unknown = [number for number, alert in enumerate(alerts, 1) if apprise.Apprise.instantiate(alert.to) is None]
    if unknown:
        raise MissingInput(f"{path.name}: apprise knows no such address as that of alert {unknown[0]}")
    return alerts


def tell(told: Sequence[Told], warn: Callable[..., None], path: str | None = None) -> int:
    """Send each address what it is to be told of, in one message; return how many were sent."""
    path = path or os.environ.get(VARIABLE)
    if not path or not told:
        return 0
    sent = 0
    for number, alert in enumerate(_alerts_or_none(Path(path), warn), 1):
        mine = [one for one in told if one.event in alert.on]
        if mine and _sent(alert, mine):
            sent += 1
        elif mine:
            warn("alert %d of the file of alerts was not taken by its address", number)
    return sent


def _alerts_or_none(path: Path, warn: Callable[..., None]) -> tuple[Alert, ...]:
    """Read whom to tell; nobody, with a warning, where the file is unsound: what was done stands all the same."""
    try:
        return load_alerts(path)
    except MissingInput as refusal:
        warn("nobody was told: %s", refusal)
        return ()


def _sent(alert: Alert, told: Sequence[Told]) -> bool:
    service = apprise.Apprise()
    service.add(alert.to)
    events = ", ".join(dict.fromkeys(one.event.replace("_", " ") for one in told))
    try:
        return bool(service.notify(title=f"village-credit: {events}", body="\n".join(one.sentence for one in told)))
    except Exception:  # noqa: BLE001  # whatever a service's library raises: its text may hold the address
        return False


def of_run(run: Mapping[str, Any]) -> list[Told]:
    """Return what a staged run tells: that it waits for a signature, gates that fail, lateness, a scorecard's end."""
    who = f"county {run['county']} as of {run['as_of']}"
    gates = {gate["gate"]: gate for gate in run["gates"] if gate["verdict"] != "pass"}
    failed = sorted(name for name, gate in gates.items() if gate["verdict"] == "fail")
    told = [] if run["noop"] else [Told("to_sign", f"{who}: run {run['run_id']} waits for a signature")]
    if failed:
        told.append(Told("gate", f"{who}: failed gates: {', '.join(failed)}"))
    if LATE in gates:
        told.append(Told("late_office", f"{who}: {_figure(gates[LATE])} tables are late or lacking"))
    if ENDING in gates:
        told.append(Told("ending", f"{who}: the scorecard is valid for {_figure(gates[ENDING])} days more"))
    return told


def _figure(gate: Mapping[str, Any]) -> str:
    return "nobody knows how many" if gate["value"] is None else f"{gate['value']:,.0f}"
