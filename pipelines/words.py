"""The words that people give to a flow: which county, which run, why. The server refuses all others.

A form shows of a parameter its name, the line of its flow's docstring, and the lists below. A county is chosen by code
and name on the page; a command gives the code alone, which arrives as a number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from data_contracts.toml_file import names_nobody
from village_credit.errors import MissingInput
from village_credit.policy.model import load_policy
from village_credit.services.rules import load_terms
from village_credit.settings import settings


def _service_area() -> dict[str, str]:
    """Name the counties that the policy allows, by code; a new county is a line of the policy, not of code."""
    paths = settings()
    policy = load_policy((paths.models / "limit_policy.toml").read_text(encoding="utf-8"))
    return {code: f"{code} {_name(paths.counties, code)}".strip() for code in policy.service_area}


def _name(counties: Path | None, code: str) -> str:
    """Return what a county is called; nothing where its terms are unsound: its own scoring says so, no other's."""
    try:
        return load_terms(counties, code)[0].name
    except MissingInput:
        return ""


COUNTIES = _service_area()


def county_code(said: Any) -> str:
    """Return the code of a county that somebody chose by code and name, or by its code; raises ValueError."""
    code = str(said).partition(" ")[0]
    if code not in COUNTIES or str(said) not in (code, COUNTIES[code]):
        raise ValueError("no county of the policy's service_area")
    return code


County = Annotated[
    str,
    BeforeValidator(county_code),
    WithJsonSchema(
        {
            "anyOf": [
                {"title": "by name", "type": "string", "enum": [COUNTIES[code] for code in sorted(COUNTIES)]},
                {"title": "by code", "type": "integer", "enum": [int(code) for code in sorted(COUNTIES)]},
            ]
        }
    ),
]

RunId = Annotated[str, Field(pattern="^r[0-9a-f]{24}$")]

# Parameters are kept and shown by the server, so an ID number or a phone number has no place in a reason, in whatever
# dress: eight digits or numerals in all are a day, and a telephone has eleven.
DIGITS = (
    "0-9\uff10-\uff19\u2460-\u2468\u2070-\u2079\u2080-\u2089\u0660-\u0669\u06f0-\u06f9"
    "〇零一幺壹二贰三叁四肆五伍六陆七柒八捌九玖"
)
FEW_DIGITS = f"^([^{DIGITS}]*[{DIGITS}]){{0,8}}[^{DIGITS}]*$"
Inbox = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(names_nobody)]
Reason = Annotated[str, Field(min_length=1, max_length=80, pattern=FEW_DIGITS), AfterValidator(names_nobody)]
