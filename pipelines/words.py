"""The words that people give to a flow: which county, which run, why. The server refuses all others."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from pydantic import Field

from village_credit.policy.model import load_policy
from village_credit.settings import settings


def _service_area() -> list[str]:
    """Read the county codes that the policy allows; a new county is a line of the policy, not of code."""
    return load_policy((settings().models / "limit_policy.toml").read_text(encoding="utf-8")).service_area


# An integer enumeration, for `-p county=659900` arrives as a number.
County = IntEnum("County", {f"county_{code}": int(code) for code in _service_area()})  # type: ignore[misc]

RunId = Annotated[str, Field(pattern="^r[0-9a-f]{24}$", description="as `village-credit status` shows it")]

# Parameters are kept and shown by the server, so an ID number or a phone number has no place in a reason.
Reason = Annotated[
    str,
    Field(
        min_length=1,
        max_length=80,
        pattern=r"^[^0-9]*([0-9]{1,8}[^0-9]+)*[0-9]{0,8}$",
        description="why, in a few words; never a person's name or number",
    ),
]
