"""A decision becomes the message that its household gets: the same limit and the same binding reason as `explain`."""

from __future__ import annotations

from typing import Any

from data_contracts.branch import PRODUCTS_ZH
from data_contracts.reasons import DECISION_REASONS

TEMPLATE_VERSION = "zh-2026.2"
REASONS_TOLD = 3  # of a declined score: the features that lost most points
TEMPLATES = {
    "granted": (
        "您好，您家的{product}预授信额度为{limit_yuan:,}元，期限{term_months}个月，"
        "自{valid_from}至{valid_to}。{reason}。持身份证到服务您的网点签约后，可按需用信。"
        "如不同意由系统作出决定或对数据有异议，请告知网点。"
    ),
    "declined": "您好，您家的{product}本次没有授信额度。{reason}。如对数据有异议，或希望由人工复核，请告知网点。",
    "manual_review": "您好，您家的{product}正由人工复核。{reason}。网点会与您联系。",
}


def notice(decision: dict[str, Any], points_lost: list[str]) -> str:
    """Write one household's message from its stored decision.

    Who is declined for the score is told what cost most points.

    `points_lost`: Chinese reasons of the household's features, most points lost first, as `score_points` holds them.
    """
    codes = decision["reason_codes"] or [decision["binding_term"]]
    reason = DECISION_REASONS.get(codes[0], codes[0])
    if codes[0] == "LOWEST_BAND" and points_lost:
        reason += f"，主要因为{'、'.join(points_lost[:REASONS_TOLD])}"
    return TEMPLATES[decision["decision"]].format(
        product=PRODUCTS_ZH[decision["product"]],
        reason=reason,
        **{k: decision[k] for k in ("limit_yuan", "term_months", "valid_from", "valid_to")},
    )
