"""What a household is told becomes a letter: a page to print, in each language, with a font for Arabic script."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from village_credit.report.notice import percent
from village_credit.report.notice_template import OTHER, REASONS_TOLD, NoticeTemplate

ROOM = 4  # parts that a page holds in the usual size: of two languages one line each
BMP_LAST = 0xFFFF  # beyond it stand rare letters, which few fonts have
STYLE = """
@page{size:A4;margin:12mm 15mm}*{box-sizing:border-box}
body{margin:0;color:#111;font:10pt/1.45 "Noto Serif CJK SC","Songti SC",SimSun,serif}
.letter{break-after:page;page-break-after:always}.letter:last-child{break-after:auto;page-break-after:auto}
.head{display:flex;justify-content:space-between;border-bottom:1.5pt solid #111;padding-bottom:4pt;margin-bottom:8pt}
.to{margin:0 0 8pt;font-size:12pt}.hand{display:inline-block;width:50mm;border-bottom:.6pt solid #111}
article{margin:0 0 7pt;break-inside:avoid}
article[dir=rtl]{font-family:"Village Naskh","Noto Serif CJK SC",SimSun,serif;font-size:10pt;line-height:1.6}
h1{font-size:14pt;margin:0 0 4pt;text-align:center}p{margin:3pt 0}
.many{font-size:8.5pt;line-height:1.35}.many article{margin-bottom:4pt}
.many article[dir=rtl]{font-size:8.5pt;line-height:1.45}
.many h1{font-size:11pt;margin:0}.many p{margin:1.5pt 0}.many .to{font-size:10pt}
table{width:100%;border-collapse:collapse;margin:4pt 0;break-inside:avoid}
.many th,.many td{padding:1pt 4pt}
th,td{border:.6pt solid #555;padding:1.5pt 5pt;text-align:start;vertical-align:top;font-weight:normal}
th{width:17%}td{width:33%}
"""


@dataclass(frozen=True)
class Sender:
    """Who writes: the bank by language, the branch, how it is reached, and when."""

    bank_names: Mapping[str, str]
    bank: str
    branch: str
    telephone: str
    address: str | None
    on: str

    def name_in(self, language: str) -> str:
        """Return the bank's name in a language."""
        return self.bank_names.get(language, self.bank)


def is_rare(name: str) -> bool:
    """Tell whether a name has a letter that a printer may have no form of: it is written by hand then."""
    return any(ord(letter) > BMP_LAST or unicodedata.category(letter) in ("Co", "Cn") for letter in name)


def letters_page(title: str, letters: Iterable[str]) -> bytes:
    """Draw a branch's letters as one file that needs nothing beside it; each begins a page."""
    head = (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_font()}{STYLE}</style></head><body>"
    )
    return (head + "".join(letters) + "</body></html>\n").encode("utf-8")


@cache
def _font() -> str:
    """Return the subset of Noto Naskh Arabic that Uyghur and Kazakh are written with, as a rule of a style sheet."""
    font = resources.files("village_credit.report").joinpath("fonts/noto-naskh-arabic.woff2").read_bytes()
    data = base64.b64encode(font).decode("ascii")
    return f'@font-face{{font-family:"Village Naskh";src:url(data:font/woff2;base64,{data}) format("woff2")}}'


def letter(
    lines: Sequence[Mapping[str, Any]],
    sender: Sender,
    templates: Sequence[NoticeTemplate],
    charges: Sequence[Mapping[str, Any]],
) -> str:
    """Draw one household's letter.

    `lines`: what it is told of each line, with kind (granted, lost, frozen), name, village and reference, the same in
    all. `charges`: what its run says that products cost beside their interest.
    """
    first = lines[0]
    hand = '<span class="hand"></span>（字形有缺时请手写姓名）' if is_rare(first["name"]) else ""
    versions = " ".join(said.version for said in templates)
    head = (
        f'<div class="head"><b>{escape(sender.bank)}</b><span>{escape(templates[0].letter.reference)} '
        f"{escape(first['reference'])} · {escape(versions)} · {escape(sender.on)}</span></div>"
    )
    to = f'<p class="to"><bdi>{escape(first["village"] or "")}</bdi> <bdi>{escape(first["name"])}</bdi>{hand}</p>'
    parts = "".join(_part(lines, sender, said, charges) for said in templates)
    size = " many" if len(templates) * (1 + len(lines)) > ROOM else ""
    return f'<section class="letter{size}">{head}{to}{parts}</section>'


def _part(
    lines: Sequence[Mapping[str, Any]], sender: Sender, said: NoticeTemplate, charges: Sequence[Mapping[str, Any]]
) -> str:
    """Draw a letter's part in one language."""
    words = said.letter
    told = {"name": _bdi(lines[0]["name"]), "bank": _bdi(sender.name_in(said.language)), "branch": _bdi(sender.branch)}
    told["telephone"] = _ltr(sender.telephone)
    body = "".join(_line(line, said, told, charges) for line in lines)
    sign = _sentence(words.sign, told) if any(line["kind"] == "granted" for line in lines) else ""
    where = " ".join(filter(None, (_bdi(sender.branch), _bdi(sender.address or ""), told["telephone"])))
    return (
        f'<article lang="{said.language}" dir="{said.direction}"><h1>{escape(words.title)}</h1>'
        f"{_sentence(words.greeting, told)}{body}{sign}{_sentence(words.rights, told)}{_sentence(words.careful, told)}"
        f"<p>{escape(said.labels.branch)}: {where}</p></article>"
    )


def _line(
    line: Mapping[str, Any], said: NoticeTemplate, told: Mapping[str, str], charges: Sequence[Mapping[str, Any]]
) -> str:
    product = _bdi(said.products[line["product"]])
    sentence = _sentence(getattr(said.letter, line["kind"]), {**told, "product": product})
    rows = _granted(line, said, charges) if line["kind"] == "granted" else [(said.labels.reason, _reason(line, said))]
    return f"{sentence}<table>{''.join(_pairs(rows))}</table>"


def _pairs(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Draw figures two by two, so that a letter in several languages is one page."""
    cells = [f"<th>{escape(label)}</th><td>{value}</td>" for label, value in rows]
    return (f"<tr>{''.join(cells[at : at + 2])}</tr>" for at in range(0, len(cells), 2))


def _granted(
    line: Mapping[str, Any], said: NoticeTemplate, charges: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Return the figures of a line, each under its label; every figure keeps its own direction."""
    labels = said.labels
    mine = [one for one in charges if one["product"] == line["product"]]
    costs = " ".join(_charge(one, said) for one in mine) or escape(said.charges.none)
    return [
        (labels.product, _bdi(said.products[line["product"]])),
        (labels.limit, _unit(said.units.yuan, f"{line['limit_yuan']:,}")),
        (labels.term, _unit(said.units.months, str(line["term_months"]))),
        (labels.valid, f"{_ltr(str(line['valid_from']))} – {_ltr(str(line['valid_to']))}"),
        (labels.rate, _ltr(percent(line["annual_rate_bp"], 10_000))),
        (labels.cost, _ltr(percent(line["annual_cost_bp"], 10_000))),
        (labels.charges, costs),
        (labels.bound, escape(said.bound_text[line["binding_term"]])),
    ]


def _charge(one: Mapping[str, Any], said: NoticeTemplate) -> str:
    values = {"charge": _bdi(one["charge"]), "payee": _bdi(one["payee"])}
    share = _ltr(percent(one["share_ppm"], 1_000_000))
    return str(getattr(said.charges, one["basis"])).format(**values, share=share)


def _reason(line: Mapping[str, Any], said: NoticeTemplate) -> str:
    codes = [code for code in line["reason_codes"] if code in REASONS_TOLD]
    known = codes[:1] if codes[:1] == list(line["reason_codes"][:1]) else []
    return escape(said.lost_reasons[known[0] if known else OTHER])


def _sentence(text: str, told: Mapping[str, str]) -> str:
    return f"<p>{escape(text, quote=False).format(**told)}</p>"


def _unit(text: str, figure: str) -> str:
    return f"<bdi>{escape(text).format(figure=_ltr(figure))}</bdi>"


def _ltr(figure: str) -> str:
    return f'<bdi dir="ltr">{escape(figure)}</bdi>'


def _bdi(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>" if text else ""
