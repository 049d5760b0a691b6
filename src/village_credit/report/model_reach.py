"""How far a scorecard's evidence reaches: who never drew, each place, traders, a synthetic world's truth."""

from __future__ import annotations

from village_credit.report.charts import signed_bars
from village_credit.report.html import heading, note, paragraph, section, table
from village_credit.report.model_cells import Cells, Evidence, Row, bounds, number, share, verdict

ASSUMPTIONS_ZH = {
    "drawn_only": "只用有结果的贷款",
    "band_times_1": "同本档用信者一样违约",
    "band_times_2": "本档用信者违约率的2倍",
    "band_times_3": "本档用信者违约率的3倍",
    "parcelling": "同本分数段（十段）用信者一样违约",
    "fuzzy_augmentation": "按自身违约概率，违约与正常各计一部分",
}
SELECTION_HEADS = ("假定", "AUC", "分数变动", "总体违约率", "最低档之上", "其中违约率")
SELECTION = (
    "只有用过信的农户才有结果。这里假定三分之二的村里从未用信的农户如各行所说，与用信者一起重新拟合"
    "（平滑分步法，只与第一行比较）；AUC 按其余村的用信贷款；分数平均变动（分）、违约率和最低档之上的占比"
    "按其余村的全部农户。这是敏感度，任何一行都不是本评分卡的指标。"
)
REACHED_ZH = {"not_granted": "未授信", "not_contracted": "授信未签约", "not_drawn": "签约未用信", "drawn": "用信"}
CAME_BACK = (
    "已发布批次的农户一年内走到哪一步：只有用信者有还款结果，谁用信由本行的授信和农户自己决定。"
    "因此这些结果只适用于与用信者相似的人；未授信和未用信者的结果无人知道，下面的敏感度说明其影响。"
    "用信和还款没有到期日，欠款自额度最后一日之后才算逾期；信用社的还款记录更严的，以记录为准。"
)
SOURCES_ZH = {
    "drew": "已发布批次：上表用信且有结果的农户",
    "conduct": "已发布批次：没有回流用信、只由信用社还款记录得知结果的农户",
    "published": "已发布批次：有结果的农户",
}
LEARNT = "上表数的是已发布批次的全部农户，用以学习的只有其中有结果的；另有各历史观察日的贷款。各项之和即样本。"
KINDS_ZH = {"county": "县", "township": "乡镇"}
PLACE_HEADS = ("地区", "贷款", "违约", "预期违约率", "实际违约率", "95% 区间", "在区间内", "AUC", "PSI", "末日比首日")
PLACES = (
    "每笔贷款由未见过其村的拟合预测；区间按村重抽；PSI 为该地区的分数与其他同级地区相比，"
    "末日比首日为该地区最后一个观察日与第一个相比（PSI）。"
    "许多地区同看，约二十分之一会偶然落在区间外。"
)
FACTS_ZH = {
    "ability": "经营能力",
    "will": "还款意愿",
    "debt": "民间负债与收入之比",
    "income": "人均收入",
    "income_sources": "收入来源数",
    "past_arrears": "逾期记录",
    "long_past_arrears": "超过30天的逾期记录",
    "village_year": "来年的年景",
    "chance": "偶然",
    "proven_relief": "来年受灾并获证明",
}
KNOWN_ZH = {"delivered": "部门掌握", "undelivered": "无部门掌握", "later": "当日无人能知"}
TRUTH = (
    "合成世界里每笔贷款的真实违约概率是知道的，因此知道任何人最多能做到多好。下图从评分卡的分数出发，"
    "逐个告知世界的一项事实（每次取增加最多的一项），各项之和就是差距。只适用于合成世界，不说明真实的县。"
)


def selection(evidence: Evidence) -> str:
    """Draw what would change if who never drew were as bad as each assumption says."""
    rows = evidence["selection"]
    shown = [_assumption(row) for row in rows] + _spread(evidence["selection_spread"])
    drawn = table(SELECTION_HEADS, shown) if rows else paragraph("样本不足，无从比较。")
    return section("若从未用信者也有结果（敏感度）", note(SELECTION), drawn)


def _assumption(row: Row) -> tuple[str, ...]:
    shares = (share(row[name]) for name in ("bad_rate", "above_lowest", "above_lowest_bad_rate"))
    return ASSUMPTIONS_ZH[row["assumption"]], f"{row['auc']:.4f}", f"{row['points_moved']:.1f}", *shares


def _spread(found: Row) -> Cells:
    """Write from where to where the assumptions reach."""
    forms = {"auc": ".4f", "points_moved": ".1f"}
    cells = [" – ".join(f"{one:{forms.get(name, '.2%')}}" for one in ends) for name, ends in found.items()]
    return [("各假定的范围", *cells)] if cells else []


def came_back(evidence: Evidence) -> str:
    """Draw how far the households of published runs came: whose outcomes teach, and whose nobody knows."""
    rows = evidence["came_back"]
    bands = list(dict.fromkeys(row["band"] for row in rows))
    told = {(row["band"], row["reached"]): row for row in rows}
    shown = [(band or "未评分", *(_reached(told.get((band, stage))) for stage in REACHED_ZH)) for band in bands]
    heads = ["档次", *REACHED_ZH.values()]
    return section("回流样本：谁有结果", note(CAME_BACK), table(heads, shown), _learnt(evidence.get("learnt_from", [])))


def _learnt(rows: list[Row]) -> str:
    """Draw where the loans come from that taught: parts that add up to the page's sample."""
    if not rows:
        return ""
    parts = [(SOURCES_ZH.get(row["source"], f"历史 {row['source']}"), f"{row['loans']:,}") for row in rows]
    total = ("合计：本评分卡的样本", f"{sum(row['loans'] for row in rows):,}")
    return heading("样本从何而来") + note(LEARNT) + table(["来源", "贷款（笔）"], [*parts, total])


def _reached(row: Row | None) -> str:
    """Write a count; of the drawn also their outcomes, where they are not of few."""
    if row is None:
        return "0"
    if row["households"] is None:
        return "不足30户，不列"
    count = f"{row['households']:,}"
    return count if row["with_outcome"] is None else f"{count}（有结果 {row['with_outcome']:,}，违约 {row['bads']:,}）"


def places(evidence: Evidence) -> str:
    """Draw counties and townships beside each other, and whether traders deserve a card of their own."""
    return section(
        "各县与各乡镇的校准与稳定性（留出村）",
        note(PLACES),
        table(PLACE_HEADS, [_place(row) for row in evidence["places"]]),
        heading("商户"),
        paragraph(_traders(evidence["traders"])),
    )


def _place(row: Row) -> tuple[str, ...]:
    name = f"{KINDS_ZH[row['kind']]} {row['place']}"
    if row["is_hidden"]:
        return name, "不足30笔", "", "", "", "", "", "", "", ""
    expected = (share(row[name]) for name in ("expected", "observed"))
    measured = (*(number(row[name], ".3f") for name in ("auc", "psi", "psi_over_time")),)
    return (name, f"{row['loans']:,}", f"{row['bads']:,}", *expected, bounds(row, ".2%"), verdict(row), *measured)


def _traders(row: Row) -> str:
    """Say in a sentence whether traders have defaults enough for a card of their own, and what it would be worth."""
    told = f"县里推荐的商户有 {row['loans']:,} 笔贷款，违约 {row['bads']:,} 笔"
    if row["is_enough"]:
        own, shared = f"{row['own_auc']:.4f}", f"{row['shared_auc']:.4f}"
        return f"{told}，够单独建卡：按留出村，商户自己的评分卡 AUC {own}，本评分卡在同样的贷款上 {shared}。"
    least = f"至少要 {row['least_defaults']:,} 笔违约，且分布在几个村"
    return f"{told}，不够单独建卡（{least}）：商户与农户同用本评分卡。"


def truth(evidence: Evidence) -> str:
    """Draw how near the card comes to the best that its synthetic world allows, and which facts carry the gap."""
    found = evidence["truth"]
    title = "离这个合成世界的上限还有多远"
    if found is None:
        return section(title, paragraph("这份历史没有附真实违约概率（truth/），无从比较；重新生成合成历史就有。"))
    levels = [
        ("本评分卡（留出村）", f"{found['card_auc']:.4f}"),
        ("部门掌握的事实，若毫无误差", f"{found['deliverable_auc']:.4f}"),
        ("当日存在的全部事实", f"{found['known_auc']:.4f}"),
        ("真实违约概率：上限", f"{found['best_auc']:.4f}"),
    ]
    gap = f"与上限之差 {found['gap']:+.4f}（95% 区间 {found['low']:+.4f} 至 {found['high']:+.4f}）。"
    return section(title, note(TRUTH), table(["知道什么", "AUC"], levels), paragraph(gap), _facts(found["facts"]))


def _facts(rows: list[Row]) -> str:
    return signed_bars([_fact(row) for row in rows], 520, "各项事实使 AUC 增加多少")


def _fact(row: Row) -> tuple[str, float, str]:
    name = FACTS_ZH[row["fact"]]
    return name, row["gained"], f"{row['gained']:+z.4f}（{KNOWN_ZH[row['known']]}）"
