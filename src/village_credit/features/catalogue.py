"""What each feature is: unit, source contracts, meaning and the direction that the committee expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Feature:
    """One feature. `direction`: how the default probability may move as the value rises."""

    name: str
    family: str
    unit: str
    sources: tuple[str, ...]
    meaning: str
    meaning_zh: str
    direction: Literal["falls", "rises", "free"]


FEATURES: tuple[Feature, ...] = (
    Feature(
        "land_mu",
        "land",
        "mu",
        ("land_parcel", "land_transfer"),
        "land worked: registered, less leased out, plus leased in",
        "经营土地面积",
        "falls",
    ),
    Feature(
        "crop_count",
        "land",
        "crops",
        ("crop_declaration",),
        "crops in the latest year declared",
        "种植作物种数",
        "free",
    ),
    Feature(
        "cotton_share",
        "land",
        "share 0-1",
        ("crop_declaration",),
        "cotton's share of the land declared",
        "棉花面积占比",
        "free",
    ),
    Feature(
        "income_per_person_yuan",
        "economy",
        "yuan a year",
        ("household_economy",),
        "earned income a person, three-year mean",
        "人均经营与务工收入",
        "falls",
    ),
    Feature(
        "debt_to_income", "economy", "ratio", ("household_economy",), "debts over earned income", "负债收入比", "rises"
    ),
    Feature(
        "income_volatility",
        "economy",
        "ratio",
        ("household_economy",),
        "spread of earned income over its mean",
        "收入波动",
        "rises",
    ),
    Feature(
        "wage_share",
        "economy",
        "share 0-1",
        ("household_economy",),
        "wages' share of earned income",
        "务工收入占比",
        "free",
    ),
    Feature(
        "livestock_share",
        "economy",
        "share 0-1",
        ("household_economy",),
        "livestock's share of earned income",
        "养殖收入占比",
        "free",
    ),
    Feature(
        "cost_to_planting",
        "economy",
        "ratio",
        ("household_economy",),
        "production cost over planting income",
        "生产成本率",
        "rises",
    ),
    Feature(
        "labour_share", "economy", "share 0-1", ("household_economy",), "labourers over persons", "劳动力占比", "falls"
    ),
    Feature(
        "assets_per_person_yuan",
        "economy",
        "yuan",
        ("household_economy",),
        "assets of the book a person",
        "人均家庭资产",
        "falls",
    ),
    Feature(
        "loans_known",
        "conduct",
        "loans",
        ("bank_conduct",),
        "loans with the bank whose conduct is known",
        "已有贷款笔数",
        "free",
    ),
    Feature(
        "worst_days_overdue",
        "conduct",
        "days",
        ("bank_conduct",),
        "worst arrears, proven relief excused",
        "历史最长逾期天数",
        "rises",
    ),
    Feature(
        "bank_balance_yuan", "conduct", "yuan", ("bank_exposure",), "balances owed to the bank", "现有贷款余额", "rises"
    ),
)
