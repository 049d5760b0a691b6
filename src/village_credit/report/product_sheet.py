"""A product of the policy in force becomes a sheet to hand out: what it offers, costs and asks, in each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from village_credit.report.letter import ROOM, Sender
from village_credit.report.notice_template import NoticeTemplate
from village_credit.report.percent import percent
from village_credit.report.printed_html import article, bdi, charge, ltr, printed_page, sentence, table, unit

BP = 10_000


@dataclass(frozen=True)
class Product:
    """What a policy offers of a product in a county on a day; ranges are over the bands that are lent to.

    Yuan, months, basis points a year, years of age. `charges`: charge, payee, basis, share_ppm. `is_draft`: a figure
    of it is verified by nobody yet.
    """

    name: str
    least_yuan: int
    most_yuan: int
    months: tuple[int, int]
    rate_bp: tuple[int, int]
    cost_bp: tuple[int, int]
    charges: Sequence[Mapping[str, Any]]
    age: int
    repayment: str
    purposes: str
    policy_id: str
    since: str
    is_draft: bool


def product_sheet(product: Product, sender: Sender, templates: Sequence[NoticeTemplate]) -> bytes:
    """Draw a product's sheet, one page."""
    head = f'<div class="head"><b>{escape(sender.bank)}</b><span>{escape(sender.on)}</span></div>'
    parts = "".join(_part(product, sender, said) for said in templates)
    size = " many" if 2 * len(templates) > ROOM else ""
    title = f"{sender.bank} {templates[0].products[product.name]}"
    return printed_page(title, [f'<section class="letter{size}">{head}{parts}</section>'])


def _part(product: Product, sender: Sender, said: NoticeTemplate) -> str:
    words = said.sheet
    bank, telephone = bdi(sender.name_in(said.language)), ltr(sender.telephone)
    told = {"bank": bank, "branch": bdi(sender.branch) or bank, "telephone": telephone}
    draft = f"<p><b>{escape(words.draft)}</b></p>" if product.is_draft else ""
    ends = [sentence(text, told) for text in (said.letter.sign, said.letter.rights, said.letter.careful)]
    title = f"{words.title} · {said.products[product.name]}"
    return article(said, title, draft, sentence(words.lead, told), table(_rows(product, said)), *ends)


def _rows(product: Product, said: NoticeTemplate) -> list[tuple[str, str]]:
    labels, words = said.labels, said.sheet
    yuan, months = (unit(text, "{}") for text in (said.units.yuan, said.units.months))
    rates = [tuple(percent(one, BP) for one in pair) for pair in (product.rate_bp, product.cost_bp)]
    return [
        (labels.limit, _range(said, [f"{one:,}" for one in (product.least_yuan, product.most_yuan)], yuan)),
        (labels.term, _range(said, [str(one) for one in product.months], months)),
        (labels.rate, _range(said, rates[0], ltr("{}"))),
        (labels.cost, _range(said, rates[1], ltr("{}"))),
        (labels.charges, " ".join(charge(one, said) for one in product.charges) or escape(said.charges.none)),
        (words.age, unit(words.years, str(product.age))),
        (words.repayment, escape(getattr(words, product.repayment))),
        (words.purposes, bdi(product.purposes)),
        (words.policy, sentence(words.since, {"policy": bdi(product.policy_id), "day": ltr(product.since)})),
    ]


def _range(said: NoticeTemplate, ends: Sequence[str], form: str) -> str:
    """Draw the least and the most of a figure, or one where they are the same."""
    low, high = (form.format(end) for end in ends)
    return low if low == high else escape(said.sheet.range).format(low=low, high=high)
