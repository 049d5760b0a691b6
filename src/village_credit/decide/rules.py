"""The rules of the limit in the order in which they decide: the first that holds against a household is its rule."""

from __future__ import annotations

# What is asked of a household before its terms, in the order of sql/screen.sql
SCREEN = (
    "HELD",
    "CONSENT_WITHDRAWN",
    "RELATED_PARTY",
    "NEGATIVE_LIST",
    "OVERDUE_90",
    "NO_LEGAL_BASIS",
    "OVERDUE",
    "OUT_OF_AREA",
    "NO_BORROWER",
    "AGE_TERM",
    "OTHER_PRODUCT",
    "OBJECTION",
    "DISPUTED_DATUM",
    "NO_INCOME_SOURCE",
    "LINK_UNCONFIRMED",
    "RECODED",
    "NOT_SCORED",
    "TRADER_MODEL_DECLINE",
    "LOWEST_BAND",
    "GREY_LIST",
    "RENEWAL_DUE",
)
# Who passes it and has no limit all the same
NO_LIMIT = (
    "NO_ROOM_CAPACITY",
    "NO_ROOM_BAND",
    "NO_ROOM_NEED",
    "NO_ROOM_HEADROOM",
    "NO_ROOM_RISE",
    "BRANCH_REFUSED",
    "BELOW_SMALLEST_TICKET",
    "REVIEW_DECLINED",
    "BUDGET_EXHAUSTED",
)
# What bounds the limit of who has one
BOUNDS = ("capacity", "band", "need", "headroom", "rise", "branch", "review", "holdout", "budget", "relief")
RULES = (*SCREEN, *NO_LIMIT, *BOUNDS)
