"""A TOML file that a person wrote becomes a checked model, or a refusal with every fault and its place.

Its words name nobody.
"""

from __future__ import annotations

import re
import tomllib
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

Model = TypeVar("Model", bound=BaseModel)
BYTE_ORDER_MARK = "\ufeff"  # an editor of Windows puts it first
_LONG_NUMBER = re.compile(r"\d{11}")  # a telephone's or longer: the ledger is kept for ever, and names nobody


def has_long_number(text: str) -> bool:
    """Tell whether words hold what may be a person's number, in digits of any script."""
    return _LONG_NUMBER.search(text) is not None


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
