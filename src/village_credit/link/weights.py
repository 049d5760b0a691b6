"""The frozen weights of agreement: what a file says, checked, and as SQL."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, model_validator


class Weights(BaseModel):
    """Bits per field and level of agreement; a level without a weight, and a field that is null, weigh nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    source: str
    accept_bits: float
    margin_bits: float
    block_pairs: int
    fields: dict[str, dict[str, float]]

    @model_validator(mode="before")
    @classmethod
    def _gather_fields(cls, given: dict[str, object]) -> dict[str, object]:
        """Tables of the file are fields; everything else is a figure."""
        if "fields" in given:
            return given
        fields = {name: value for name, value in given.items() if isinstance(value, dict)}
        return {name: value for name, value in given.items() if name not in fields} | {"fields": fields}

    def sql(self) -> str:
        """Return the score of a row that holds one level per field, in bits."""
        cases = {
            field: " ".join(f"WHEN '{level}' THEN {bits!r}" for level, bits in levels.items())
            for field, levels in self.fields.items()
        }
        return " + ".join(f"CASE {field} {case} ELSE 0.0 END" for field, case in cases.items())


@cache
def standard_weights() -> Weights:
    """Read the weights that come with the program; their version stands in every link's rules version."""
    text = resources.files("village_credit.link").joinpath("weights.toml").read_text(encoding="utf-8")
    return Weights.model_validate(tomllib.loads(text))
