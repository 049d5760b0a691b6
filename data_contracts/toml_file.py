"""A TOML file that a person wrote becomes a checked model, or a refusal with every fault and its place."""

from __future__ import annotations

import tomllib
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def read_toml(text: str, model: type[Model], refused: type[ValueError]) -> Model:
    """Read a file's text; raises `refused`. A fault of the file as a whole has the place `file`; no value is repeated."""
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise refused(f"it is not TOML: {error}") from None
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        told = (f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in faults)
        raise refused("; ".join(told)) from None
