r"""The shared types of all contracts: canonical text in, typed values out.

A delivered cell is first normalised per kind (`Kind`) into canonical text; only that text reaches
pydantic, because its own conversions are lax: '0' is a date, '1e3' a decimal, '１２' matches `\\d`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import mul
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Kind(enum.Enum):
    """How a cell is normalised before its contract judges it."""

    TEXT = "text"
    NAME = "name"
    ID = "id"
    CODE = "code"
    PHONE = "phone"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    COUNT = "count"
    YUAN = "yuan"
    MU = "mu"
    KILOGRAM = "kilogram"
    LABEL = "label"


NO_END = "2099-12-31"  # what 长期, 永久 or 9999-12-31 become in a column that may not be empty
Sensitivity = Literal["C1", "C2", "C3"]  # JR/T 0171-2020: C1 internal, C2 personal, C3 authentication


@dataclass(frozen=True)
class Column:
    """One delivered column: its canonical header, other spellings, and how its values are to be read."""

    header: str
    aliases: tuple[str, ...] = ()
    sensitivity: Sensitivity = "C1"
    unit: str | None = None  # canonical: yuan, mu, kilogram
    header_required: bool | None = None  # None: as required as its value
    ancillary: bool = False  # an unreadable value becomes null with a finding
    banded: bool = False  # an interval is accepted, its lower bound counts
    open_end: bool = False  # "no end" may stand here: empty where the column may be, else NO_END
    labels: tuple[tuple[str, str], ...] = field(default=())  # delivered label → canonical value
    ranked: tuple[tuple[str, ...], ...] = ()  # chains: where a table has two of one chain, the earlier counts


@dataclass(frozen=True)
class CanonicalText:
    """A pattern that the text must match in full before it is converted, all inside pydantic's core."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Chain the pattern before the type's own conversion."""
        text = core_schema.str_schema(pattern=rf"^(?:{self.pattern})$")
        return core_schema.chain_schema([text, handler(source)])


@dataclass(frozen=True)
class ExtractRules:
    """What a delivered table must be as a whole: under a minimum it is noted, over a maximum it is rejected."""

    minimum_rows: int = 1
    maximum_quarantined_share: float = 0.9  # asked from `asked_from_rows` rows on: then the extract is at fault
    asked_from_rows: int = 20


class Contract(BaseModel):
    """One row of one delivered table; a subclass states its office, rules and what a row is."""

    # raised with every change that an office can notice; its published folder is never written over
    contract_version: ClassVar[str] = "1.0.1"
    extract_rules: ClassVar[ExtractRules] = ExtractRules()
    is_adverse: ClassVar[bool] = False  # what a row says may stand against its person: it must not get lost
    # SQL over the typed fields, true only of rows that every rule over several fields accepts; rows of which it is not
    # true are asked one by one, so that it may be narrower than the rules and never wider
    sound_where: ClassVar[str] = ""
    is_of_head: ClassVar[bool] = False  # of 姓名 and 户主姓名 the latter is the row's person

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", frozen=True)


WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
CHECK_CHARACTERS = "10X98765432"


def check_character(first_17: str) -> str:
    """Return the check character of the first 17 digits of a resident ID (GB 11643, MOD 11-2)."""
    return CHECK_CHARACTERS[sum(map(mul, WEIGHTS, map(int, first_17))) % 11]


_DAY = r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_WHOLE = r"0|[1-9][0-9]{0,11}"
_MONEY = r"-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,2})?"
_AREA = r"-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,4})?"

PlainText = Annotated[str, Kind.TEXT, Field(min_length=1, max_length=254)]
PersonName = Annotated[str, Kind.NAME, Field(min_length=1, max_length=50)]  # 民委发〔2016〕33号: 50 fit
ResidentId = Annotated[str, Kind.ID, Field(pattern=r"^(?:[0-9]{17}[0-9X]|[0-9]{15}|[0-9*]{17}[0-9X*]|[0-9*]{15})$")]
IssuerCode = Annotated[str, Kind.CODE, Field(pattern=r"^[0-9]{14}$")]
ContractorCode = Annotated[str, Kind.CODE, Field(pattern=r"^[0-9]{18}$")]
ParcelCode = Annotated[str, Kind.CODE, Field(pattern=r"^[0-9]{19}$")]
TownshipCode = Annotated[str, Kind.CODE, Field(pattern=r"^[0-9]{9}$")]
AreaCode = Annotated[str, Kind.CODE, Field(pattern=r"^(?:[0-9]{6}|[0-9]{9}|[0-9]{12})$")]
CreditCode = Annotated[str, Kind.CODE, Field(pattern=r"^[0-9A-HJ-NPQRTUW-Y]{18}$")]  # GB 32100-2015
ShortCode = Annotated[str, Kind.CODE, Field(pattern=r"^[0-9A-Za-z-]{1,40}$")]
Reference = Annotated[str, Kind.TEXT, Field(min_length=1, max_length=100)]
Phone = Annotated[str, Kind.PHONE, Field(pattern=r"^[0-9-]{7,20}$")]
Day = Annotated[date, Kind.DAY, CanonicalText(_DAY)]
Month = Annotated[date, Kind.MONTH, CanonicalText(_DAY)]
Year = Annotated[int, Kind.YEAR, CanonicalText(r"(?:19|20)[0-9]{2}")]
Count = Annotated[int, Kind.COUNT, CanonicalText(_WHOLE)]
PositiveCount = Annotated[int, Kind.COUNT, CanonicalText(_WHOLE), Field(ge=1, le=99)]
Yuan = Annotated[Decimal, Kind.YUAN, CanonicalText(_MONEY), Field(ge=0)]
Mu = Annotated[Decimal, Kind.MU, CanonicalText(_AREA), Field(ge=0)]
Kilograms = Annotated[Decimal, Kind.KILOGRAM, CanonicalText(_MONEY), Field(ge=0)]
YesNo = Annotated[Literal["是", "否"], Kind.LABEL]

YES_NO: tuple[tuple[str, str], ...] = (
    ("1", "是"),
    ("0", "否"),
    ("2", "否"),
    ("Y", "是"),
    ("N", "否"),
    ("有", "是"),
    ("无", "否"),
)
