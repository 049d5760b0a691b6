"""A scorecard becomes one page that a committee can read, and a score that anyone can add up by hand."""

from __future__ import annotations

from village_credit.score.scorecard import FeaturePoints, Scorecard


def card_text(card: Scorecard) -> str:
    """Write the model card in Markdown: what it is, its points, its probabilities, its figures."""
    training = card.training
    lines = [
        f"# Scorecard {card.model_id}",
        "",
        f"**{card.note}**" if card.note else "",
        "",
        f"- Valid {card.valid_from} to {card.valid_to}; impact assessment {card.impact_assessment}",
        f"- Developer {card.roles.developer}; validator {card.roles.validator or 'none yet'}; approver {card.roles.approver or 'none yet'}",
        f"- Trained on {training.rows:,} drawn loans with {training.bads:,} defaults, observed {', '.join(training.windows)}",
        f"- Default: {training.default_definition}",
        "- Only drawn loans have outcomes: of households that never drew it knows nothing",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {value} |" for name, value in training.figures.items()),
        "",
        f"Score = {card.base_points} + the points below. {card.points_to_double_odds} points more halve the odds of default.",
        "",
        *(line for feature in card.features for line in _feature(feature)),
        "## Default probability",
        "",
        "| score | per million |",
        "|---|---|",
        *(
            f"| {card.probability.from_points + i} | {ppm:,} |"
            for i, ppm in enumerate(card.probability.ppm)
            if i % 20 == 0
        ),
        "",
    ]
    return "\n".join(lines)


def _feature(feature: FeaturePoints) -> list[str]:
    head = f"## {feature.name} ({feature.unit}) · {feature.meaning_zh}"
    rows = [f"| {bin_.label} | {bin_.points:+d} |" for bin_ in feature.bins]
    return [
        head,
        "",
        f"{feature.meaning}; from {', '.join(feature.sources)}.",
        "",
        "| value | points |",
        "|---|---|",
        *rows,
        f"| missing | {feature.missing_points:+d} |",
        "",
    ]
