"""A TOML file that a person wrote becomes a checked model, or a refusal with every fault and its place.

Its words name nobody.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

Model = TypeVar("Model", bound=BaseModel)
BYTE_ORDER_MARK = "\ufeff"  # an editor of Windows puts it first
# A telephone's digits or more: the ledger is kept for ever, and names nobody. Up to three signs may stand between two
# of them, one between numerals that are written as words; a day or a time of day is no part of such a number.
_LONG_NUMBER = re.compile(r"\d(?:\D{0,3}\d){10}")
_LONG_NUMERAL = re.compile(r"\d(?:[^\w]?\d){10}")
_DAY = re.compile(r"(?<!\d)(?:19|20)\d\d([-./年])(?:1[0-2]|0?[1-9])([-./月])(?:3[01]|[12]\d|0?[1-9])(?!\d)")
_TIME = re.compile(r"(?<!\d)[012]?\d:[0-5]\d(?::[0-5]\d)?(?!\d)")
# An ID number has a day in its middle, and is none for it
_WITH_A_DAY = re.compile(r"\d{6}\D{0,3}(?:19|20)\d\d\D{0,3}\d{1,2}\D{0,3}\d{1,2}\D{0,3}\d{3}[\dXx](?![-./年]?\d)")
_NUMERALS = str.maketrans("〇零一幺壹二贰三叁四肆五伍六陆七柒八捌九玖", "001112233445566778899")


def has_long_number(text: str) -> bool:
    """Tell whether words hold what may be a person's number, in digits of any script, whatever stands between."""
    digits = "".join(_digit(letter) for letter in text)
    plain = _TIME.sub("@@@@", _DAY.sub("@@@@", digits))
    return bool(
        _WITH_A_DAY.search(digits) or _LONG_NUMBER.search(plain) or _LONG_NUMERAL.search(plain.translate(_NUMERALS))
    )


def _digit(letter: str) -> str:
    """Return a digit of whatever script, circled or raised, as one of ours."""
    value = unicodedata.digit(letter, None)
    return letter if value is None else str(value)


def names_nobody(text: str) -> str:
    """Return words back; raises ValueError where they hold what may be a person's number."""
    if has_long_number(text):
        raise ValueError("it holds what may be a person's number")
    return text


# Words that go from a file into the ledger, and from there into the analysts' views
Text = Annotated[str, Field(pattern=r"^\S(.{0,98}\S)?$"), AfterValidator(names_nobody)]


def read_toml(text: str, model: type[Model], refused: type[ValueError]) -> Model:
    """Read a file's text; raises `refused`. A fault of the file as a whole has the place `file`.

    No value is repeated.
    """
    try:
        return model.model_validate(tomllib.loads(text.removeprefix(BYTE_ORDER_MARK)))
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        told = (f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in faults)
        raise refused("; ".join(told)) from None
    except (ValueError, RecursionError) as error:  # the second: brackets within brackets, without end
        raise refused(f"it is not TOML: {error}") from None
