"""Attributes that nobody may be judged by, and columns that are refused at the door.

Sources: PIPL art. 28, 征信业管理条例 art. 14; bank cards are financial accounts (PIPL art. 28).
"""

from __future__ import annotations

import re

PROHIBITED_HEADERS: tuple[str, ...] = (
    "民族",
    "族别",
    "宗教",
    "信仰",
    "教派",
    "政治面貌",
    "党派",
    "党员",
    "健康",
    "疾病",
    "病史",
    "患病",
    "病种",
    "残疾",
    "血型",
    "指纹",
    "基因",
    "人脸",
    "国籍",
    "可信",
    "三类人员",
    "重点人员",
    "积分等级",
    "政审",
)
ACCOUNT_HEADERS: tuple[str, ...] = (
    "银行卡",
    "银行账号",
    "银行帐号",
    "卡号",
    "账号",
    "帐号",
    "一卡通",
    "存折",
    "开户行",
    "开户银行",
)


def prohibited_header(header: str) -> str | None:
    """Say why a column may not enter: `attribute`, `account`, or None if it may."""
    if any(word in header for word in PROHIBITED_HEADERS):
        return "attribute"
    if any(word in header for word in ACCOUNT_HEADERS):
        return "account"
    return None


# The same attributes in the words of features, models and policies; beginnings of words, so `gene` is not `general`
_LATIN = re.compile(
    r"(?<![a-z])(?:religi|ethnic|nationalit|politic|party_member|genes?(?![a-z])|genetic|fingerprint|blood|diseas|illness|health|disab|surveil|trustworth|interpunct|name_shape)"
)


def prohibited_word(text: str) -> str | None:
    """Return the first word of a text that names a prohibited attribute, or None."""
    found = _LATIN.search(text.lower())
    if found:
        return found.group(0)
    return next((word for word in PROHIBITED_HEADERS if word in text), None)
