"""Delivered text becomes canonical text, kind by kind; what cannot be made canonical stays as it came.

Only spelling is changed here, never meaning: pydantic then judges the canonical text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.fields import NO_END, Kind
from data_contracts.registry import FieldSpec
from data_contracts.spoilt import spoilt
from village_credit.texts import Texts, scattered, scattered_flags
from village_credit.validate.private_use import MOVED

Cells = list[str | None]

# What each kind's rule leaves as it is, as far as a pattern tells it: plain digits, Han, days as ISO writes them.
# These patterns are sufficient and not necessary: what they miss is asked of the rule.
_HAN = "\u4e00-\u9fa5"
_PLAIN_NUMBER = r"^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{0,11}[1-9])?$"
_ISO_DAY = r"^(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$"
_CANONICAL: dict[Kind, str] = {
    Kind.TEXT: f"^[0-9A-Za-z{_HAN}()-]+$",
    Kind.NAME: f"^[{_HAN}]+(?:\u00b7[{_HAN}]+)*$",
    Kind.ID: "^[0-9A-Z]+$",
    Kind.CODE: "^[0-9A-Za-z-]+$",
    Kind.PHONE: "^[0-9-]+$",
    Kind.DAY: _ISO_DAY,
    Kind.MONTH: _ISO_DAY,
    **dict.fromkeys((Kind.YEAR, Kind.COUNT, Kind.YUAN, Kind.MU, Kind.KILOGRAM), _PLAIN_NUMBER),
}

INTERPUNCT = "\u00b7"
_INTERPUNCTS = re.compile(
    "(?<=[^\\W\\d_])\\s*[\u2022\u30fb\u2027\uff0e.\u22c5\u2219\u25cf\u3002\u00b7\uff65\u2024\u0387\u16eb]\\s*(?=[^\\W\\d_])"
)
_BLANKS = " \t\r\n\u3000\u00a0\ufeff\u200b"
_QUOTED = re.compile(r'^="(.*)"$')
_THOUSANDS = re.compile(r"^-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?$")
_NUMBER = re.compile(r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$")
_DAY = re.compile(
    r"^((?:19|20)[0-9]{2})[-./年]([0-9]{1,2})[-./月]([0-9]{1,2})[日号]?(?:[ "
    r"T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?$"
)
_COMPACT = re.compile(r"^((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})$")
_MONTH = re.compile(r"^((?:19|20)[0-9]{2})(?:[-./年]([0-9]{1,2})月?|([0-9]{2}))$")
_SERIAL = re.compile(r"^((?:2[1-9]|[345][0-9])[0-9]{3})(?:\.0+)?$")  # 1957 to 2064; 20203 may be 2020年3月
_OCTOBER_OR_JANUARY = re.compile(r"^(?:19|20)[0-9]{2}\.1$")  # a spreadsheet keeps 2020.10 as 2020.1
_DAMAGED = re.compile(r"^([1-9])\.([0-9]{12,14})E\+?0*17$")  # zeros at the end are left out: a day has one at most
_AMOUNT = r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(万)?(元)?"
_INTERVAL = re.compile(rf"^{_AMOUNT}[-~—至到]+{_AMOUNT}$")
_BELOW = re.compile(rf"^{_AMOUNT}(?:以下|以内)$")
_ABOVE = re.compile(rf"^{_AMOUNT}以上$")
# A year that nobody lives to, or a word, says that something has no end; the serials are 2999-12-31 and Excel's last.
_NEVER = r"(?:29[0-9]{2}|3000|9[0-9]{3})"
_NO_END = re.compile(
    rf"^(?:{_NEVER}年?|{_NEVER}[-./年]?[0-9]{{2}}月?|{_NEVER}(?:[-./年][0-9]{{1,2}}[-./月][0-9]{{1,2}}|[0-9]{{4}})[日号]?"
    r"(?:T?[0-9]{1,2}:[0-9:.]+)?|(?:401768|295846[0-5])(?:\.0+)?"
    r"|[至为]?(?:长期|永久|终身|无期限|无限期|不限期?|无固定期限|无终止日期?|未到期|未结清|至今)(?:有效)?)$"
)
EXCEL_EPOCH = date(1899, 12, 30)
SUFFIXES = {Kind.YEAR: "年", Kind.COUNT: "人口只头台次天个", Kind.YUAN: "元", Kind.MU: "亩", Kind.KILOGRAM: ""}


def normalise_column(spec: FieldSpec, texts: Texts) -> tuple[Texts, int]:
    """Return the canonical column and how many cells were changed; blank becomes null.

    A value that is canonical as it stands, which most are, is told by one pattern over the column.
    """
    values = texts.values
    asked = _not_canonical(spec, values)
    delivered = values.filter(asked).to_pylist()
    if not delivered:
        return texts, 0
    rule = _rule(spec)
    known = {text: _blank_to_none(text, rule) for text in set(delivered)}
    canonical = texts.with_values(scattered(values, asked, map(known.__getitem__, delivered)))
    differs = scattered_flags(asked, [bool(text) and known[text] != text for text in delivered])
    return canonical, pc.sum(canonical.of_rows(differs), min_count=0).as_py()


def _not_canonical(spec: FieldSpec, values: pa.StringArray) -> pa.BooleanArray:
    """Tell the values that a rule must be asked of; never true of one that its rule would change."""
    pattern = None if spec.kind is Kind.LABEL else _CANONICAL[spec.kind]
    if pattern is None:
        return pc.is_valid(values)
    return pc.fill_null(pc.invert(pc.match_substring_regex(values, pattern)), fill_value=False)


def _blank_to_none(cell: str, rule: Callable[[str], str]) -> str | None:
    stripped = cell.strip(_BLANKS)
    unquoted = _QUOTED.match(stripped)
    if unquoted:
        stripped = unquoted.group(1).strip(_BLANKS)
    if spoilt(stripped):
        return stripped
    return (rule(stripped) or None) if stripped else None


def _rule(spec: FieldSpec) -> Callable[[str], str]:
    """Choose the rule of a kind; labels also know the contract's own synonyms."""
    if spec.kind is Kind.LABEL:
        synonyms = dict(spec.labels)
        synonyms = {**_logical(synonyms), **synonyms}
        return lambda text: synonyms.get(_code(text), _code(text))
    if spec.column.banded:
        return lambda text: _number(_lower_bound(half_width(text)), spec.kind)
    if spec.column.open_end:
        no_end = NO_END if spec.is_required else ""
        return lambda text: no_end if _NO_END.match(_code(text)) else day(text)
    if spec.kind in SUFFIXES:
        return lambda text: _number(half_width(text), spec.kind)
    return _TEXT_RULES[spec.kind]


def _logical(synonyms: dict[str, str]) -> dict[str, str]:
    """Return what a logical value means where a list of values has 是 and 否, as labels or as its own values."""
    words = {**{value: value for value in synonyms.values()}, **synonyms}
    meant = {"TRUE": words.get("是"), "FALSE": words.get("否"), "T": words.get("是"), "F": words.get("否")}
    known = {word: value for word, value in meant.items() if value}
    return {spelling: value for word, value in known.items() for spelling in (word, word.title(), word.lower())}


def half_width(text: str) -> str:
    """Turn full-width letters, digits and brackets into half-width; leaves ① and ½ alone."""
    if text.isascii():
        return text
    return "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else " " if c == "\u3000" else c for c in text)


def name(text: str) -> str:
    """Normalise a person's name: one code point a character, NFKC, one interpunct (U+00B7), no blanks between Han."""
    folded = unicodedata.normalize("NFKC", _INTERPUNCTS.sub(INTERPUNCT, text.translate(MOVED)))
    folded = _INTERPUNCTS.sub(INTERPUNCT, folded)
    return re.sub(r"\s+", "", folded) if not folded.isascii() else re.sub(r"\s+", " ", folded)


def _code(text: str) -> str:
    return half_width(text).replace(" ", "").removeprefix("'")


def _identity(text: str) -> str:
    """Normalise an ID number; 15 digits that a spreadsheet kept become those digits and three stars."""
    code = _code(text).upper().replace("×", "X")
    damaged = _DAMAGED.match(code)
    return f"{damaged.group(1)}{damaged.group(2).ljust(14, '0')}***" if damaged else code


def _number(text: str, kind: Kind) -> str:
    """Normalise a number: thousands separators, sign, needless zeros and the column's own unit word."""
    bare = text.replace(" ", "").removeprefix("'").removeprefix("¥").removeprefix("￥")
    bare = bare.rstrip(SUFFIXES[kind]) if SUFFIXES[kind] else bare
    if _THOUSANDS.match(bare):
        bare = bare.replace(",", "")
    return plain_decimal(bare) if _NUMBER.match(bare) else text


def plain_decimal(text: str) -> str:
    """Write a decimal without sign of plus, leading zeros, or zeros after the last decimal."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    written = format(value, "f")
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return "0" if written in {"-0", ""} else written


def _lower_bound(text: str) -> str:
    """Return the lower bound of a banded value: `5万-20万` is 50000, `5万以下` is 0; a band upside down stays."""
    bare = text.replace(" ", "")
    if _BELOW.match(bare):
        return "0"
    if above := _ABOVE.match(bare):
        return _scaled(above.group(1), above.group(2))
    interval = _INTERVAL.match(bare)
    return (_lower_of(*interval.groups()) or text) if interval else text


def _lower_of(
    low: str, low_wan: str | None, low_yuan: str | None, high: str, high_wan: str | None, _: str | None
) -> str:
    """Return the lower amount in yuan: of `5-20万` it is 万 too, of `5000-2万` and `5000元-2万元` it is not."""
    is_shared = high_wan and not low_yuan and Decimal(low) <= Decimal(high)
    lower = _scaled(low, low_wan or (high_wan if is_shared else None))
    return lower if Decimal(lower) <= Decimal(_scaled(high, high_wan)) else ""


def _scaled(number: str, ten_thousand: str | None) -> str:
    return plain_decimal(str(Decimal(number) * 10000)) if ten_thousand else number


def is_interval(text: str) -> bool:
    """Tell a banded value (`5万-20万`, `5万元以下`)."""
    bare = half_width(text).replace(" ", "")
    return bool(_INTERVAL.match(bare) or _BELOW.match(bare) or _ABOVE.match(bare))


def day(text: str) -> str:
    """Write a day as ISO; a month alone is its first day, a spreadsheet's serial number its day."""
    bare = half_width(text).strip().removeprefix("'")
    found = _DAY.match(bare) or _COMPACT.match(bare)
    if found:
        return f"{found.group(1)}-{int(found.group(2)):02d}-{int(found.group(3)):02d}"
    month = _MONTH.match(bare)
    if month and not _OCTOBER_OR_JANUARY.match(bare):
        return f"{month.group(1)}-{int(month.group(2) or month.group(3)):02d}-01"
    serial = _SERIAL.match(bare)
    if serial:
        return (EXCEL_EPOCH + timedelta(days=int(serial.group(1)))).isoformat()
    return "" if set(bare) == {"0"} else bare


_TEXT_RULES: dict[Kind, Callable[[str], str]] = {
    Kind.TEXT: lambda text: unicodedata.normalize("NFC", text.translate(MOVED)),
    Kind.NAME: name,
    Kind.ID: _identity,
    Kind.CODE: _code,
    Kind.PHONE: _code,
    Kind.DAY: day,
    Kind.MONTH: day,
}
