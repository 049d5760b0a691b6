"""A scorecard becomes one page that a committee can read, and a score that anyone can add up by hand."""

from __future__ import annotations

from village_credit.score.scorecard import ROLES, FeaturePoints, Scorecard


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
        "- Points lost, which rank the reasons, are the most that a feature can give less what it gives",
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


def _rate(bads: int, rows: int) -> str:
    return f"{bads / rows:.1%}" if rows else ""
