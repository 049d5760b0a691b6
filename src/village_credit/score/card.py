"""A scorecard becomes one page that a committee can read, and a score that anyone can add up by hand."""

from __future__ import annotations

from village_credit.score.scorecard import ROLES, Cell, FeaturePoints, PairPoints, Scorecard


def card_text(card: Scorecard) -> str:
    """Write the model card in Markdown: what it is, its points, its probabilities, its figures."""
    training = card.training
    signed = "; ".join(f"{role} {card.signer(role) or 'not signed yet'}" for role in ROLES)
    lines = [
        f"# Scorecard {card.model_id}",
        "",
        *([f"**{card.note}**", ""] if card.note else []),
        f"- Valid {card.valid_from} to {card.valid_to}; impact assessment {card.impact_assessment}",
        f"- {signed}",
        (
            f"- Trained on {training.rows:,} drawn loans with {training.bads:,} defaults, observed "
            f"{', '.join(training.windows)}; {training.method}"
        ),
        f"- Default: {training.default_definition}",
        f"- Outcomes: {', '.join(f'{name} {count:,}' for name, count in training.outcomes.items() if count)}",
        "- Only drawn loans have outcomes: of households that never drew it knows nothing",
        "- Points lost, which rank the reasons, are what a feature alone at its best would add",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {value} |" for name, value in training.figures.items()),
        "",
        (
            f"Score = {card.base_points} + the points below. {card.points_to_double_odds} points more halve "
            f"the odds of default."
        ),
        "",
        *(line for feature in card.features for line in _feature(feature)),
        *(line for pair in card.pairs for line in _pair(card, pair)),
        "## Default probability",
        "",
        "| score | per million |",
        "|---|---|",
        *(
            f"| {card.probability.from_points + i} | {ppm:,} |"
            for i, ppm in enumerate(card.probability.ppm)
            if (card.probability.from_points + i) % 20 == 0
        ),
        "",
    ]
    return "\n".join(lines)


def _feature(feature: FeaturePoints) -> list[str]:
    rows = [
        f"| {bin_.label} | {bin_.points:+d} | {bin_.rows:,} | {_rate(bin_.bads, bin_.rows)} |" for bin_ in feature.bins
    ]
    missing = feature.missing
    return [
        f"## {feature.name} ({feature.unit}) · {feature.meaning_zh}",
        "",
        f"{feature.meaning}; from {', '.join(feature.sources)}; information value {feature.information_value}.",
        "",
        "| value | points | loans | defaults |",
        "|---|---|---|---|",
        *rows,
        f"| missing | {missing.points:+d} | {missing.rows:,} | {_rate(missing.bads, missing.rows)} |",
        "",
    ]


def _pair(card: Scorecard, pair: PairPoints) -> list[str]:
    sides = pair_labels(card, pair)
    return [
        f"## {pair.first} × {pair.second}",
        "",
        "Added to the points of either; loans and defaults behind them. A value that the grid does not name adds 0.",
        "",
        "| | " + " | ".join(sides[1]) + " |",
        "|---" * (len(sides[1]) + 1) + "|",
        *(f"| {label} | {' | '.join(map(cell_text, row))} |" for label, row in zip(sides[0], pair.cells, strict=True)),
        "",
    ]


def pair_labels(card: Scorecard, pair: PairPoints) -> tuple[list[str], list[str]]:
    """Name the groups of a pair's two features."""
    features = {feature.name: feature for feature in card.features}
    first, second = features[pair.first], features[pair.second]
    return (
        [_group_label(first, group) for group in pair.first_groups],
        [_group_label(second, group) for group in pair.second_groups],
    )


def _group_label(feature: FeaturePoints, places: list[int]) -> str:
    """Name a group of bins; neighbouring ranges are one range."""
    ranges = [place for place in places if place < len(feature.ranges)]
    others = [place for place in places if place >= len(feature.ranges)]
    labels = [*(bin_.label for bin_ in feature.bins), "missing"]
    runs = [_run_label(labels[ranges[0]], labels[ranges[-1]])] if ranges else []
    return ", ".join([*runs, *(labels[place] for place in others)])


def _run_label(first: str, last: str) -> str:
    """Join the words of the first and the last of neighbouring ranges."""
    if first == last:
        return first
    low = None if first.startswith("< ") else first.removeprefix(">= ").split(" to ")[0]
    high = None if last.startswith(">= ") else last.removeprefix("< ").split(" to ")[-1]
    if low is None:
        return "all" if high is None else f"< {high}"
    return f">= {low}" if high is None else f"{low} to {high}"


def cell_text(cell: Cell) -> str:
    """Write what a cell adds, and the loans and defaults behind it."""
    return f"{cell.points:+d} ({cell.rows:,}; {_rate(cell.bads, cell.rows) or '–'})"


def _rate(bads: int, rows: int) -> str:
    return f"{bads / rows:.1%}" if rows else ""
