"""What a household is told becomes a letter: a page to print, in each of its languages."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from village_credit.report.account_tables import plain
from village_credit.report.notice_template import GRANTED_BECAUSE, HELPED, OTHER, REASONS_TOLD, NoticeTemplate
from village_credit.report.percent import percent
from village_credit.report.printed_html import article, bdi, charge, ltr, sentence, table, unit
from village_credit.report.unbroken import held

ROOM = 4  # parts that a page holds in the usual size: of two languages one line each
HELPS_TOLD = 2  # things of one line; `explain` has all
BMP_LAST = 0xFFFF  # beyond it stand rare letters, which few fonts have


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


def letter(
    lines: Sequence[Mapping[str, Any]],
    sender: Sender,
    templates: Sequence[NoticeTemplate],
    charges: Sequence[Mapping[str, Any]],
) -> str:
    """Draw one household's letter.

    `lines`: what it is told of each line, with kind (granted, lost, frozen), name, village and reference, the same in
    all; of one that is granted `seasons`, of one that is lost `helps` too. `charges`: what its run says that
    products cost beside their interest.
    """
    first = lines[0]
    words = templates[0].letter
    hand = f'<span class="hand"></span>{escape(words.hand)}' if is_rare(first["name"]) else ""
    versions = " ".join(said.version for said in templates)
    head = (
        f'<div class="head"><b>{escape(sender.bank)}</b><span>{escape(words.reference)} '
        f"{escape(first['reference'])} · {held(versions)} · {held(sender.on)}</span></div>"
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
    told = {"name": bdi(lines[0]["name"]), **_sender_told(sender, said)}
    body = "".join(_line(line, said, told, charges) for line in lines)
    sign = sentence(words.sign, told) if any(line["kind"] == "granted" for line in lines) else ""
    where = " ".join(filter(None, (bdi(sender.branch), bdi(sender.address or ""), told["telephone"])))
    ends = [sentence(text, told) for text in (words.rights, words.careful)]
    at = f"<p>{escape(said.labels.branch)}: {where}</p>"
    return article(said, words.title, sentence(words.greeting, told), body, sign, *ends, at)


def _sender_told(sender: Sender, said: NoticeTemplate) -> dict[str, str]:
    bank, branch = bdi(sender.name_in(said.language)), bdi(sender.branch)
    return {"bank": bank, "branch": branch, "telephone": ltr(sender.telephone)}


def told_of_line(
    line: Mapping[str, Any], sender: Sender, said: NoticeTemplate, charges: Sequence[Mapping[str, Any]]
) -> str:
    """Draw what a letter says of one line: figures or reason, where to sign, and what the household may do."""
    told = _sender_told(sender, said)
    sign = sentence(said.letter.sign, told) if line["kind"] == "granted" else ""
    return _line(line, said, told, charges) + sign + sentence(said.letter.rights, told)


def _line(
    line: Mapping[str, Any], said: NoticeTemplate, told: Mapping[str, str], charges: Sequence[Mapping[str, Any]]
) -> str:
    product = bdi(said.products[line["product"]])
    begins = sentence(getattr(said.letter, line["kind"]), {**told, "product": product})
    if line["kind"] == "granted":
        return begins + table(_granted(line, said, charges)) + _seasons(line, said)
    return begins + table([(said.labels.reason, _reason(line, said)), *_because(line, said)]) + _helps(line, said)


def _seasons(line: Mapping[str, Any], said: NoticeTemplate) -> str:
    """Say from when to when how much may be drawn, a sentence a season; nothing where the template has no words."""
    rows = line.get("seasons", ()) if said.letter.season else ()
    return "".join(
        sentence(
            said.letter.season,
            {
                "season": bdi(one["season"]),
                "amount": unit(said.units.yuan, f"{one['amount_yuan']:,}"),
                **{name: ltr(str(one[f"{name}_on"])) for name in ("opens", "closes", "due")},
            },
        )
        for one in rows
    )


def _because(line: Mapping[str, Any], said: NoticeTemplate) -> list[tuple[str, str]]:
    """Return what cost most points, where it is told; a letter has none, for it may be one member's."""
    features = [escape(one) for one in line.get("features", ())]
    between = "، " if said.direction == "rtl" else "、"
    return [(said.labels.because, between.join(features))] if features and said.labels.because else []


def _helps(line: Mapping[str, Any], said: NoticeTemplate) -> str:
    """Say what alone could help, as a possibility; nothing where nothing does, or the template has no words for it."""
    told = [one for one in line.get("helps", ()) if one["what"] in HELPED][:HELPS_TOLD] if said.helps else []
    if not told:
        return ""
    things = (
        said.helps[one["what"]].format(amount=ltr(plain(one["amount"])), crop=bdi(one["crop"] or "")) for one in told
    )
    text = escape(said.helps["lead"], quote=False).format(things=said.helps["between"].join(things))
    return f"<p>{escape(said.helps['label'])}: {text}</p>"


def _granted(
    line: Mapping[str, Any], said: NoticeTemplate, charges: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Return the figures of a line, each under its label; every figure keeps its own direction."""
    labels = said.labels
    mine = [one for one in charges if one["product"] == line["product"]]
    costs = " ".join(charge(one, said) for one in mine) or escape(said.charges.none)
    return [
        (labels.product, bdi(said.products[line["product"]])),
        (labels.limit, unit(said.units.yuan, f"{line['limit_yuan']:,}")),
        *_former(line, said),
        (labels.term, unit(said.units.months, str(line["term_months"]))),
        (labels.valid, f"{ltr(str(line['valid_from']))} – {ltr(str(line['valid_to']))}"),
        *_cost(line, said, costs),
        (labels.bound, escape(said.bound_text[line["binding_term"]])),
        *_hangs_on(line, said),
    ]


def _hangs_on(line: Mapping[str, Any], said: NoticeTemplate) -> list[tuple[str, str]]:
    """Return what a granted line hangs on besides: a person's word, a document that is to come, a declared window."""
    told = [said.reason_of(code) for code in line["reason_codes"] if code in GRANTED_BECAUSE]
    return [(said.labels.reason, escape(text)) for text in told if text]


def _cost(line: Mapping[str, Any], said: NoticeTemplate, charges: str) -> list[tuple[str, str]]:
    """Return what a line costs; nothing of a run that is older than these figures."""
    if line.get("annual_cost_bp") is None:
        return []
    rate, cost = (ltr(percent(line[f"annual_{name}_bp"], 10_000)) for name in ("rate", "cost"))
    return [(said.labels.rate, rate), (said.labels.cost, cost), (said.labels.charges, charges)]


def _former(line: Mapping[str, Any], said: NoticeTemplate) -> list[tuple[str, str]]:
    """Return the limit that the household had, where it is another now."""
    before = line.get("previous_yuan") or 0
    if before in (0, line["limit_yuan"]) or not said.labels.former:
        return []
    return [(said.labels.former, unit(said.units.yuan, f"{before:,}"))]


def _reason(line: Mapping[str, Any], said: NoticeTemplate) -> str:
    """Return the reason that decided, where a letter says it; never one behind it.

    Of `is_open` lines, which are told to whoever stands at the counter, every reason is said.
    """
    first = (line["reason_codes"] or [line["binding_term"] if line.get("is_open") else OTHER])[0]
    if line.get("is_open"):
        return escape(said.reason_of(first) or first)
    return escape(said.lost_reasons[first if first in REASONS_TOLD else OTHER])
