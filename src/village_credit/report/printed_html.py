"""Texts and figures become HTML to print: every figure keeps its direction, and Arabic script has its font with it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from village_credit.report.notice_template import NoticeTemplate
from village_credit.report.percent import percent

STYLE = """
@page{size:A4;margin:12mm 15mm}*{box-sizing:border-box}
body{margin:0;color:#111;font:10pt/1.45 "Noto Serif CJK SC","Songti SC",SimSun,serif}
.letter{break-after:page;page-break-after:always}.letter:last-child{break-after:auto;page-break-after:auto}
.head{display:flex;justify-content:space-between;border-bottom:1.5pt solid #111;padding-bottom:4pt;margin-bottom:8pt}
bdi[dir=ltr],.d{white-space:nowrap}
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
@media screen{body{max-width:190mm;margin:0 auto;padding:12px}
.letter{border-bottom:1px solid #999;margin-bottom:24px}}
@media screen and (max-width:640px){table,tbody{display:block}tr{display:grid;grid-template-columns:2fr 3fr}
th,td{width:auto;overflow-wrap:break-word}.head{flex-wrap:wrap}}
"""


def printed_page(title: str, parts: Iterable[str]) -> bytes:
    """Draw a file that needs nothing beside it; the parts are markup."""
    head = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{font_face()}{STYLE}</style></head><body><main>"
    )
    return (head + "".join(parts) + "</main></body></html>\n").encode("utf-8")


@cache
def font_face() -> str:
    """Return the subset of Noto Naskh Arabic that Uyghur and Kazakh are written with, as a rule of a style sheet."""
    font = resources.files("village_credit.report").joinpath("fonts/noto-naskh-arabic.woff2").read_bytes()
    data = base64.b64encode(font).decode("ascii")
    return f'@font-face{{font-family:"Village Naskh";src:url(data:font/woff2;base64,{data}) format("woff2")}}'


def article(said: NoticeTemplate, title: str, *parts: str) -> str:
    """Draw the part in one language under its title; the parts are markup."""
    return f'<article lang="{said.language}" dir="{said.direction}"><h1>{escape(title)}</h1>{"".join(parts)}</article>'


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Draw figures (markup) each under its label, two by two, so that several languages are one page."""
    cells = [f"<th>{escape(label)}</th><td>{value}</td>" for label, value in rows]
    pairs = (f"<tr>{''.join(cells[at : at + 2])}</tr>" for at in range(0, len(cells), 2))
    return f"<table>{''.join(pairs)}</table>"


def sentence(text: str, told: Mapping[str, str]) -> str:
    """Draw a sentence, filled with markup."""
    return f"<p>{escape(text, quote=False).format(**told)}</p>"


def unit(text: str, figure: str) -> str:
    """Draw a figure with its unit, apart from the text around it."""
    return f"<bdi>{escape(text).format(figure=ltr(figure))}</bdi>"


def charge(one: Mapping[str, Any], said: NoticeTemplate) -> str:
    """Draw what a loan costs beside its interest: what for, how much, who takes it."""
    values = {"charge": bdi(one["charge"]), "payee": bdi(one["payee"])}
    share = ltr(percent(one["share_ppm"], 1_000_000))
    return str(getattr(said.charges, one["basis"])).format(**values, share=share)


def ltr(figure: str) -> str:
    """Draw digits, a date or a telephone: from left to right wherever they stand."""
    return f'<bdi dir="ltr">{escape(figure)}</bdi>'


def bdi(text: str) -> str:
    """Draw a name in whatever script, apart from the text around it; nothing of an empty one."""
    return f"<bdi>{escape(text)}</bdi>" if text else ""
