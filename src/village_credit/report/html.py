"""Figures become plain HTML and SVG: no network, no script, good on paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from village_credit.report.unbroken import code, held

STYLE = """
:root{--ink:#1d2b22;--soft:#5c6b61;--line:#d9e2db;--green:#2f6b4a;--pale:#eef4ef;--amber:#8a5300;--red:#a32020}
body{margin:0;background:#f7f9f7;color:var(--ink);font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 24px}h1{font-size:24px;margin:0 0 16px}h2{font-size:18px;margin:0 0 12px}h3{font-size:15px;margin:16px 0 8px}
section{background:#fff;border:1px solid var(--line);border-radius:8px;padding:18px 20px;margin:18px 0}
.cards{display:flex;flex-wrap:wrap;gap:12px}.card{background:#fff;border:1px solid var(--line);border-radius:8px;padding:12px 18px;min-width:130px}
.card b{display:block;font-size:22px;font-variant-numeric:tabular-nums}.card span,.note,footer{color:var(--soft);font-size:13px}
table{border-collapse:collapse;width:100%;font-size:13.5px}th{text-align:left;color:var(--soft);font-weight:600;border-bottom:1px solid var(--line);padding:5px 8px}
td{border-bottom:1px solid var(--pale);padding:5px 8px;vertical-align:top;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
td:first-child{min-width:5em}.d{white-space:nowrap}.hash,.note,footer{overflow-wrap:anywhere}
td.pass,td.warn,td.fail,td.figure,th{white-space:nowrap}.pass{color:var(--green)}.warn{color:var(--amber);font-weight:600}.fail{color:var(--red);font-weight:700}svg{display:block;width:100%;height:auto}
@page{size:A4;margin:12mm}
@media screen and (max-width:640px){main{padding:16px 10px}section{padding:12px 10px}.cards{display:grid;grid-template-columns:1fr 1fr;gap:8px}.card{min-width:0;padding:8px 10px}th{white-space:normal}
.stacked,.stacked tbody{display:block}.stacked thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stacked tr{display:grid;grid-template-columns:1fr 1fr;gap:2px 12px;border-bottom:2px solid var(--line);padding:7px 0}
.stacked td{border:0;padding:1px 0;min-width:0}.stacked td:empty{display:none}.stacked td.wide,.stacked td:first-child{grid-column:1/-1}.stacked td:first-child{font-weight:600}
.stacked td::before{content:attr(data-head);display:block;color:var(--soft);font-size:11.5px;font-weight:400;line-height:1.3}}
@media print{body{background:#fff}section{break-inside:avoid;border-color:#bbb}}
"""
ROW, LABEL, WIDTH = 26, 190, 900
MOST_BESIDE = 4  # columns that a telephone has room for
WIDE_CELL = 14  # letters: from here on a cell of words has a telephone's line to itself
VERDICTS = {"@pass": ("pass", "通过"), "@warn": ("warn", "注意"), "@fail": ("fail", "不通过")}
FIGURE = re.compile(
    r"[-+−]?[\d,.]+ ?[%‰元亩户人]?(?: ?[–~-] ?[-+−]?[\d,.]+ ?[%‰元亩户人]?)?"
)  # never broken over two lines
Told = tuple[str, str]
INK, SOFT, GREEN = "#1d2b22", "#5c6b61", "#2f6b4a"


def page(title: str, style: str, *parts: str, footer: str) -> str:
    """Draw a whole page that needs nothing beside it; parts and footer are markup."""
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
        f"<body><main><h1>{held(title)}</h1>{''.join(parts)}<footer>{footer}</footer></main></body></html>"
    )


def section(title: str, *parts: str) -> str:
    """Draw a part of a page under its title; the parts are markup."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def heading(text: str) -> str:
    """Draw a title within a section."""
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str) -> str:
    """Draw a sentence on its own."""
    return f"<p>{code(text)}</p>"


def note(text: str) -> str:
    """Draw a remark in small print."""
    return f'<p class="note">{held(text)}</p>'


def cards(items: Sequence[tuple[str, str, str]]) -> str:
    """Draw headline figures: label, figure, unit."""
    return f'<div class="cards">{"".join(_card(*item) for item in items)}</div>'


def _card(label: str, figure: str, unit: str) -> str:
    return f'<div class="card"><span>{escape(label)}（{escape(unit)}）</span><b>{escape(figure)}</b></div>'


def table(header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    """Draw a table; a cell `@pass`, `@warn` or `@fail` is a verdict. A telephone shows one of many columns as a list."""
    if len(header) > MOST_BESIDE:
        return stacked(header, [[_told(text) for text in row] for row in rows])
    head = "".join(f"<th>{held(each)}</th>" for each in header)
    body = "".join(
        f"<tr>{''.join(f'<td{_styled(style)}>{told}</td>' for told, style in map(_told, row))}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def stacked(header: Sequence[str], rows: Iterable[Sequence[Told]], style: str = "") -> str:
    """Draw a table of cells (markup and style) that a telephone shows as a list: each cell says what it is of."""
    head = "".join(f'<th role="columnheader">{held(each)}</th>' for each in header)
    body = "".join(f'<tr role="row">{"".join(map(_named, header, row))}</tr>' for row in rows)
    return (
        f'<table class="{f"stacked {style}".strip()}" role="table"><thead role="rowgroup"><tr role="row">{head}</tr>'
        f'</thead><tbody role="rowgroup">{body}</tbody></table>'
    )


def _named(head: str, cell: Told) -> str:
    return f'<td role="cell" data-head="{escape(head)}"{_styled(cell[1])}>{cell[0]}</td>'


def _styled(style: str) -> str:
    return f' class="{style}"' if style else ""


def _told(text: str) -> Told:
    """Return a cell's markup and its style."""
    if text in VERDICTS:
        style, word = VERDICTS[text]
        return word, style
    if FIGURE.fullmatch(text):
        return escape(text), "figure"
    return code(text), "wide" if len(text) > WIDE_CELL else ""


def bars(items: Sequence[tuple[str, int]], unit: str = "") -> str:
    """Draw horizontal bars with their figures, as SVG that prints."""
    top = max((value for _, value in items), default=0) or 1
    room = WIDTH - LABEL - 160
    rows = [
        _bar(index * ROW, label, max(1, round(room * value / top)), f"{value:,} {unit}")
        for index, (label, value) in enumerate(items)
    ]
    return f'<svg viewBox="0 0 {WIDTH} {len(items) * ROW + 4}" role="img">{"".join(rows)}</svg>'


def _bar(y: int, label: str, width: int, figure: str) -> str:
    return (
        f'<text x="{LABEL - 8}" y="{y + 17}" text-anchor="end" font-size="13" fill="{INK}">{escape(label)}</text>'
        f'<rect x="{LABEL}" y="{y + 5}" width="{width}" height="16" rx="3" fill="{GREEN}"/>'
        f'<text x="{LABEL + width + 6}" y="{y + 17}" font-size="13" fill="{SOFT}">{escape(figure)}</text>'
    )
