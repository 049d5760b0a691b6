"""What changes between two sets of decisions, and why, as text."""

from __future__ import annotations

MOVERS = "top movers (personal data: for who prepares and who signs)"
KEPT_FLIPS = 10  # of a text; --json has all
TYPE_CHECKING = False  # not typing's: --help must not pay for it
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from village_credit.services.queries.diff import Difference
    from village_credit.services.queries.simulate import Simulated


def difference_text(found: Difference) -> str:
    """Write a difference: counts, sums, why, groups, top movers."""
    text = [f"against {found.against}", *map(_change_text, found.changes), *_why_text(found), *_groups_text(found)]
    text += [
        f"  relief {m['measure']:<26} {_hidden(m['before']):>8} → {_hidden(m['after']):>8} households"
        for m in found.measures
    ]
    if found.movers:
        text += [f"  {MOVERS}", *map(_mover_text, found.movers)]
    return "\n".join(text)


def _measure_text(m: dict[str, Any]) -> str:
    return f"  relief {m['measure']:<26} {_hidden(m['before']):>8} → {_hidden(m['after']):>8} households"


def _change_text(c: dict[str, Any]) -> str:
    before, after = _hidden(c["before_yuan"]), _hidden(c["after_yuan"])
    return f"  {c['change']:<8} {_hidden(c['households']):>8} households  {before:>14} → {after:>14} yuan"


def _why_text(found: Difference) -> Iterator[str]:
    """Say why, one cause after another, in yuan that add up; of one household too, where it is asked for."""
    if found.why_not is not None:
        yield f"  why: {found.why_not}"
        return
    if found.causes:
        yield f"  {'why, one after another':<24}{'households':>10}{'more yuan':>15}{'less yuan':>15}{'in all':>15}"
        yield from map(_cause_text, found.causes)
        total = found.causes_yuan
        total = sum(cause["yuan"] for cause in found.causes) if total is None else total
        yield f"    {'in all':<22}{'':>10}{'':>15}{'':>15}{total:>+15,}"
    if found.why_joined is not None:
        yield f"    causes stay joined: {found.why_joined}"
    if found.household is not None:
        yield from _household_text(found.household)


def _cause_text(c: dict[str, Any]) -> str:
    name = _named(c["cause"])
    figures = "".join(f"{_hidden(c[each], '+,'):>15}" for each in ("raised_yuan", "lowered_yuan", "yuan"))
    return f"    {name:<22}{_hidden(c['households']):>10}{figures}"


def _named(cause: str) -> str:
    """Name a cause; several that the stored tables do not tell apart are one."""
    return cause.replace("+", " + ")


def _household_text(parts: list[dict[str, Any]]) -> Iterator[str]:
    yield "  this household" if parts else "  this household: no cause changes its limit"
    for part in parts:
        yield f"    {part['product']:<22}{_named(part['cause']):<26}{part['yuan']:>+12,} yuan"


def _groups_text(found: Difference) -> Iterator[str]:
    yield from map(_group_text, found.groups)
    for village in found.villages:
        name = _named(village["change"])
        figures = f"{_hidden(village['households']):>8}  {_hidden(village['yuan'], '+,'):>14}"
        yield f"  {village['group']:<22} {name:<22} {figures}"
    if any(row["households"] is None for row in (*found.changes, *found.causes, *found.groups, *found.villages)):
        yield "  (*: too few households to be shown)"


def _group_text(g: dict[str, Any]) -> str:
    return (
        f"  {g['group']:<22} {g['change']:<8} {_hidden(g['households']):>8}  "
        f"{_hidden(g['before_yuan']):>14} → {_hidden(g['after_yuan']):>14}"
    )


def _mover_text(m: dict[str, Any]) -> str:
    causes = ", ".join(f"{_named(one['cause'])} {one['yuan']:+,}" for one in m.get("causes", ()))
    why = f"  [{causes}]" if causes else ""
    return f"    {m['household_key']}  {m['before_yuan']:>9,} → {m['after_yuan']:>9,}  {_moved(m)}{why}"


def _hidden(count: int | None, form: str = ",") -> str:
    return "*" if count is None else f"{count:{form}}"


def _moved(mover: dict[str, Any]) -> str:
    """Say what moved a limit: a term, with its figure on either side where known, or a reason."""
    figures = [mover["term_before_yuan"], mover["term_after_yuan"]]
    known = all(figure is not None for figure in figures)
    return f"{mover['moved_by']} {figures[0]:,} → {figures[1]:,}" if known else mover["moved_by"]


def simulated_text(found: Simulated, by: str | None) -> str:
    """Write a simulation: what it is not, the difference, by one kind of group or most, figures, rules and flips."""
    from village_credit.services.queries.diff import Difference

    head = (
        f"NOT AUTHORITATIVE: county {found.county_code}, policy {found.policy} as of {found.policy_day} "
        f"on {found.households:,} households as of {found.as_of}; written nowhere"
    )
    difference = difference_text(Difference(found.against, found.changes, _groups_of(found, by), found.movers, []))
    return "\n".join([head, difference, *_figures_text(found), *_rules_text(found), *_flips_text(found)])


def _figures_text(found: Simulated) -> Iterator[str]:
    """Say what each changed figure does alone, and what is left for all of them together."""
    if not found.figures:
        yield "  no figure is another than it was"
        return
    yield f"  each changed figure alone{'households':>31}{'more yuan':>15}{'less yuan':>15}{'in all':>15}"
    yield from map(_figure_text, found.figures)
    yield f"    {'what they do together beyond that':<82}{_hidden(found.interplay_yuan, '+,'):>15}"


def _figure_text(f: dict[str, Any]) -> str:
    whom = f" ({f['whom']})" if f["whom"] else ""
    values = "" if f["before"] == f["after"] else f" {f['before'] or 'none'} → {f['after'] or 'none'}"
    figures = "".join(f"{_hidden(f[name], '+,'):>15}" for name in ("raised_yuan", "lowered_yuan", "yuan"))
    return f"    {f['name'] + whom + values:<44} {_hidden(f['households']):>7}{figures}"


def _rules_text(found: Simulated) -> Iterator[str]:
    """Say how many households each rule decides, given the rules before it, and which decide nobody."""
    yield f"  rules in the order in which they decide{'households':>25}"
    for rule in found.rules:
        yield f"    {rule['rule']:<40} {_hidden(rule['before']):>8} → {_hidden(rule['after']):>8}"
    yield f"  rules that decide nobody: {', '.join(found.never) or 'none'}"


def _flips_text(found: Simulated) -> Iterator[str]:
    """Write the most frequent ways from one rule to another, and how many are of too few households to be shown."""
    told = [flip for flip in found.flips if flip["households"] is not None]
    if found.flips:
        yield "  households that another rule decides now, and the middle limit of them"
    for flip in told[:KEPT_FLIPS]:
        way = f"{flip['from_rule']} → {flip['to_rule']}"
        middle = f"{flip['middle_before_yuan']:,} → {flip['middle_after_yuan']:,} yuan"
        yield f"    {way:<50} {flip['households']:>8,}  {middle:>22}"
    if len(found.flips) > len(told):
        yield f"    {len(found.flips) - len(told):,} more ways (*: too few households to be shown)"


def _groups_of(found: Simulated, by: str | None) -> list[dict[str, Any]]:
    """Return the groups of one kind, or of all kinds but the villages."""
    kinds = {"village": found.by_village, "band": found.by_band, "reason": found.by_reason, "group": found.by_group}
    return kinds[by] if by else [*found.by_band, *found.by_reason, *found.by_group]
