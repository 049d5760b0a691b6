"""Chinese words for what pages say of groups, the same on a run's page and on a scorecard's."""

from __future__ import annotations

ATTRIBUTES_ZH = {
    "sex": "借款人性别",
    "age": "借款人年龄（周岁）",
    "land": "土地面积",
    "monitored": "防返贫监测名单",
    "name_shape": "姓名形态（仅在内存中判断，不保存）",
}
GROUPS_ZH = {
    "female": "女",
    "male": "男",
    "66 and more": "66 及以上",
    "under 10 mu": "不足 10 亩",
    "10-30 mu": "10 至 30 亩",
    "over 30 mu": "30 亩以上",
    "yes": "在册",
    "no": "不在册",
    "long": "长译名",
    "short": "短名",
    "unknown": "不详",
}
DECISIONS_ZH = {"granted": "授信", "declined": "未授信", "manual_review": "人工复核"}
STATES_ZH = {"complete": "齐全", "partial": "不全", "stale": "过期", "missing": "未送达", "rejected": "被退回"}
OUTCOMES_ZH = {
    "accepted": "通过",
    "quarantined": "隔离",
    "duplicate": "重复",
    "superseded": "被更正",
    "layout": "版式行",
}
DIRECTIONS_ZH = {"falls": "下降", "rises": "上升", "free": "不限"}
RETAINED_ZH = {
    "superseded_vaults": "被取代批次的加密部分",
    "simulation_inputs": "试算输入",
    "confirmed_packages": "已确认的名单包",
    "unsigned_runs": "未签批的批次",
    "contract_records": "合同记录",
}
