"""A scorecard and its evidence become one page that opens offline: points to add up by hand, curves, bands, groups."""

from __future__ import annotations

from html import escape
from typing import Any

from village_credit.report.charts import (
    AMBER,
    GREEN,
    RED,
    SOFT,
    Frame,
    cross,
    curve,
    legend,
    signed_bars,
    steps,
    svg,
    whisker,
)
from village_credit.report.html import STYLE, cards, table
from village_credit.report.labels import ATTRIBUTES_ZH, GROUPS_ZH
from village_credit.score.scorecard import ROLES, FeaturePoints, Scorecard

MORE_STYLE = """
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(330px,1fr));gap:14px}.feature{break-inside:avoid}
.feature h3{margin:6px 0}.probability{columns:4;font-size:12.5px}.probability table{font-size:12.5px}ul{margin:6px 0;padding-left:20px}
"""
ROLES_ZH = {"developer": "开发", "validator": "验证", "approver": "批准"}
OUTCOMES_ZH = {
    "never_drawn": "未用信",
    "drawn_repaid": "用信并按期",
    "late": "逾期不超过90天",
    "relief_extended": "纾困展期",
    "overdue_with_proof": "逾期但有纾困证明",
    "overdue": "逾期超过90天（违约）",
    "in_default_before": "观察日前已违约",
    "immature": "观察期不足",
}
FIGURES_ZH = {"auc": "AUC", "ks": "KS", "brier": "Brier", "log_loss": "对数损失"}
SELECTION = "只有用过信的农户才有还款结果；从未用信的农户表现如何，这些数字并不知道。用信与否不是随机的，因此区分度和违约率只适用于与用信农户相似的人，首次授信后应以实际用信重新检验。"


def points_page(card: Scorecard) -> str:
    """Draw the scorecard alone: anyone can add up a score from it, and look up its probability."""
    return _page(card, f"评分卡 {card.model_id}", [_identity(card), *_points(card)])


def assessment_page(card: Scorecard, evidence: dict[str, Any]) -> str:
    """Draw the evidence and the scorecard on one page."""
    sections = [
        _headline(card, evidence),
        _outcomes(evidence),
        _discrimination(evidence),
        _calibration(evidence),
        _lift(evidence),
        _stability(evidence),
        _sensitivity(evidence),
        _fairness(evidence),
        _proxies(evidence),
        *_challenger(evidence),
        _identity(card),
        *_points(card),
    ]
    return _page(card, f"评分卡评估 {card.model_id}", sections)


def _page(card: Scorecard, title: str, sections: list[str]) -> str:
    note = f'<p class="warn">{escape(card.note)}</p>' if card.note else ""
    return (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{escape(title)}</title><meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}{MORE_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{note}{''.join(sections)}"
        f"<footer>内容校验 {card.content_sha256}；本页不含任何个人信息。</footer></main></body></html>"
    )


def _section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def _share(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.2%}"  # noqa: PLR0124  # NaN is not itself


def _range(row: dict[str, Any], form: str = ".4f") -> str:
    return f"{row['low']:{form}} – {row['high']:{form}}"


def _headline(card: Scorecard, evidence: dict[str, Any]) -> str:
    by_name = {row["figure"]: row for row in evidence["out_of_village"]}
    later = {row["figure"]: row for row in evidence["out_of_time"]}
    shown = [
        ("AUC", f"{by_name['auc']['value']:.3f}", "留出村"),
        ("KS", f"{by_name['ks']['value']:.3f}", "留出村"),
        ("AUC", f"{later['auc']['value']:.3f}" if later else "无", "跨期"),
        ("可读性的代价", f"{evidence['price']['gap']:+.4f}", "AUC，挑战者－评分卡"),
        ("样本", f"{card.training.rows:,}", "笔"),
        ("违约", f"{card.training.bads:,}", "笔"),
    ]
    concerns = [chinese for _, chinese in evidence["concerns"]]
    listed = (
        "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in concerns) + "</ul>"
        if concerns
        else "<p>没有需要特别提示的事项。</p>"
    )
    return cards(shown) + _section("委员会需要看的事项", listed)


def _outcomes(evidence: dict[str, Any]) -> str:
    rows = [(OUTCOMES_ZH.get(name, name), f"{count:,}") for name, count in evidence["outcomes"].items()]
    return _section("样本与结果", table(["观察日后12个月的结果", "户次"], rows), f'<p class="note">{SELECTION}</p>')


def _discrimination(evidence: dict[str, Any]) -> str:
    frame = Frame(1.0, 1.0, "被拒的正常贷款占比", "识别出的违约占比")
    drawn = svg(
        frame.axes()
        + curve(frame, [(0, 0), (1, 1)], SOFT, dashed=True)
        + curve(frame, evidence["roc_challenger"], AMBER)
        + curve(frame, evidence["roc"], GREEN)
        + legend([(GREEN, "评分卡"), (AMBER, "挑战者（梯度提升）")]),
        "ROC 曲线：留出村",
    )
    shown = [
        (where, FIGURES_ZH[row["figure"]], f"{row['value']:.4f}", _range(row))
        for where, rows in (
            ("留出村", evidence["out_of_village"]),
            ("跨期（用较早的观察日预测最后一个）", evidence["out_of_time"]),
        )
        for row in rows
    ]
    folds = [
        (
            str(row["fold"]),
            f"{row['rows']:,}",
            f"{row['bads']:,}",
            f"{row['auc']:.4f}",
            f"{row['ks']:.4f}",
            f"{row['challenger_auc']:.4f}",
        )
        for row in evidence["by_fold"]
    ]
    price = evidence["price"]
    text = f"<p>挑战者是带单调约束的梯度提升，AUC {price['challenger_auc']:.4f}，与评分卡之差 {price['gap']:+.4f}（95% 区间 {price['low']:+.4f} 至 {price['high']:+.4f}）：这就是可读性的代价。</p>"
    bins = evidence["score_shares"]
    edges = [*(row["from"] for row in bins), bins[-1]["from"] + 20]
    return _section(
        "区分度",
        f'<div class="two">{drawn}{_scores(edges, bins)}</div>',
        table(["样本", "指标", "数值", "95% 区间"], shown),
        text,
        "<h3>各折</h3>",
        table(["折", "贷款", "违约", "AUC", "KS", "挑战者 AUC"], folds),
    )


def _scores(edges: list[int], bins: list[dict[str, Any]]) -> str:
    goods, bads = sum(row["goods"] for row in bins) or 1, sum(row["bads"] for row in bins) or 1
    heights = [row["goods"] / goods for row in bins], [row["bads"] / bads for row in bins]
    low, span = edges[0], edges[-1] - edges[0]
    frame = Frame(span, max(*heights[0], *heights[1]), "分数", "占比")
    places = [edge - low for edge in edges]
    ticks = [(edge - low, str(edge)) for edge in edges[:: max(1, len(edges) // 6)]]
    drawn = frame.axes(ticks) + steps(frame, places, heights[0], GREEN) + steps(frame, places, heights[1], RED)
    return svg(drawn + legend([(GREEN, "正常"), (RED, "违约")]), "分数分布（训练样本）")


def _calibration(evidence: dict[str, Any]) -> str:
    rows = [row for row in evidence["bands"] if row["loans"]]
    frame = Frame(
        len(rows) + 1, max([row["high"] for row in rows] + [row["expected"] for row in rows]) * 1.05, "档次", "违约率"
    )
    marks = "".join(
        whisker(frame, place, row["low"], row["high"], row["observed"]) + cross(frame, place + 0.18, row["expected"])
        for place, row in enumerate(rows, start=1)
    )
    ticks = [(float(place), row["band"]) for place, row in enumerate(rows, start=1)]
    drawn = svg(
        frame.axes(ticks) + marks + legend([(GREEN, "实际（95% 区间）"), (AMBER, "预期")]), "各档预期与实际违约率"
    )
    line = evidence["calibration"]
    text = f"<p>校准线：截距 {line['intercept']:+.3f}，斜率 {line['slope']:.3f}（理想为 0 和 1）。总体预期 {line['expected']:.2%}，实际 {line['observed']:.2%}。按校准线重新校准后 Brier 由 {line['brier']:.5f} 变为 {line['brier_recalibrated']:.5f}。</p>"
    return _section(
        "校准（留出村）",
        drawn,
        _bands(evidence["bands"]),
        text,
        *(["<h3>跨期</h3>", _bands(evidence["out_of_time_bands"])] if evidence.get("out_of_time_bands") else []),
    )


def _bands(rows: list[dict[str, Any]]) -> str:
    shown = [
        (
            row["band"],
            f"{row['loans']:,}",
            _share(row["expected"]),
            _share(row["observed"]),
            _range(row, ".2%"),
            "@pass" if row["holds"] else "@warn",
        )
        for row in rows
    ]
    return table(["档次", "贷款", "预期违约率", "实际违约率", "95% 区间", "预期在区间内"], shown)


def _lift(evidence: dict[str, Any]) -> str:
    shown = [
        (
            str(row["tenth"]),
            f"{row['loans']:,}",
            f"{row['expected']:.1f}",
            f"{row['observed']:,}",
            f"{row['lift']:.2f}",
            _share(row["caught"]),
        )
        for row in evidence["lift"]
    ]
    return _section(
        "提升度（风险从高到低十等分，留出村）",
        table(["十分位", "贷款", "预期违约", "实际违约", "提升倍数", "累计识别"], shown),
    )


def _stability(evidence: dict[str, Any]) -> str:
    if not evidence["stability"]:
        return _section("稳定性", "<p>只有一个观察日，无从比较。</p>")
    days = sorted({row["day"] for row in evidence["stability"]})
    by_feature: dict[str, dict[str, float]] = {}
    for row in evidence["stability"]:
        by_feature.setdefault(row["feature"], {})[row["day"]] = row["psi"]
    shown = [(name, *(f"{found[day]:.3f}" for day in days)) for name, found in by_feature.items()]
    first = evidence["stability"][0]["against"]
    return _section(
        "稳定性",
        table([f"与 {first} 相比的稳定性指数（分数：PSI；特征：CSI）", *days], shown),
        '<p class="note">习惯上 0.1 以下为稳定，0.25 以上为明显变化。</p>',
    )


def _sensitivity(evidence: dict[str, Any]) -> str:
    rows = sorted(evidence["sensitivity"], key=lambda row: -row["auc_lost"])
    bars = signed_bars(
        [
            (row["feature"], row["auc_lost"], f"{row['auc_lost']:+.4f}（{row['least']:+d} 至 {row['most']:+d} 分）")
            for row in rows
        ],
        520,
    )
    return _section(
        "对各特征的敏感度",
        '<p class="note">人人都得该特征平均分时 AUC 的减少（训练样本），及该特征的得分范围。</p>',
        bars,
    )


def _fairness(evidence: dict[str, Any]) -> str:
    shown = [
        (
            ATTRIBUTES_ZH[row["attribute"]],
            GROUPS_ZH.get(row["group"], row["group"]),
            "不足30户" if row["is_hidden"] else f"{row['households']:,}",
            _share(row.get("approval")),
            "" if row["is_hidden"] else _range(row, ".1%"),
            "" if row["is_hidden"] else f"{row['approval_ratio']:.2f}",
            "" if row["is_hidden"] else f"{row['mean_limit_yuan']:,.0f}",
            "" if row["is_hidden"] else f"{row['limit_ratio']:.2f}",
            "" if row["is_hidden"] else "@warn" if row["is_flagged"] else "@pass",
        )
        for row in evidence["groups"]
    ]
    defaults = [
        (
            ATTRIBUTES_ZH[row["attribute"]],
            GROUPS_ZH.get(row["group"], row["group"]),
            "不足30笔" if row["is_hidden"] else f"{row['loans']:,}",
            _share(row.get("observed")),
            "" if row["is_hidden"] else _range(row, ".2%"),
            "" if row["is_hidden"] else f"{row['default_ratio']:.2f}",
            _share(row.get("expected")),
            "" if row["is_hidden"] else "@pass" if row["holds"] else "@warn",
        )
        for row in evidence["group_defaults"]
    ]
    return _section(
        "公平性",
        '<p class="note">按最后一个观察日全部登记农户，以本评分卡和现行政策试算；性别和年龄按户主。与最高组之比低于五分之四的提示。</p>',
        table(
            ["维度", "组", "户数", "授信占比", "95% 区间", "与最高组之比", "平均额度（元）", "额度之比", "五分之四"],
            shown,
        ),
        "<h3>违约（留出村，用信农户）</h3>",
        table(["维度", "组", "贷款", "实际违约率", "95% 区间", "与总体之比", "预期违约率", "预期在区间内"], defaults),
    )


def _proxies(evidence: dict[str, Any]) -> str:
    shown = [
        (
            "全部特征合起来" if row["feature"] == "all together" else row["feature"],
            f"{row['auc']:.3f}",
            f"@{row['verdict']}",
        )
        for row in evidence["proxies"]
    ]
    rows = evidence["alternatives"]
    changed = [
        (
            row["without"],
            f"{row['auc_lost']:+.4f}",
            f"{row['ratio_gained']:+.3f}",
            "是" if row["is_alternative"] else "",
        )
        for row in rows[1:]
    ]
    base = (
        f'<p class="note">基准：AUC {rows[0]["auc"]:.4f}，最低授信占比之比 {rows[0]["worst_ratio"]:.2f}（平滑分步法，三分之一的村留出）。</p>'
        if rows
        else "<p>样本不足，无从比较。</p>"
    )
    return _section(
        "代理特征与歧视更少的替代",
        '<p class="note">单个特征（及全部特征）能在多大程度上猜出姓名形态：AUC，0.5 为猜不出；单个特征达到 0.80 的不得使用。</p>',
        table(["特征", "AUC", "结论"], shown) if shown else "<p>某一组不足30户，不作判断。</p>",
        "<h3>去掉一个特征会怎样</h3>",
        base,
        table(["去掉", "AUC 减少", "最低占比之比的变化", "可作替代"], changed),
    )


def _challenger(evidence: dict[str, Any]) -> list[str]:
    other = evidence.get("challenger_card")
    if other is None:
        return []
    shown = [
        (
            {"authoritative": "本评分卡", "challenger": f"挑战者 {other['model_id']}"}[name],
            FIGURES_ZH[row["figure"]],
            f"{row['value']:.4f}",
            _range(row),
        )
        for name, rows in other["figures"].items()
        for row in rows
    ]
    counts = other["approved"]
    text = f"<p>均在最低档之上 {counts['both']:,}；仅本评分卡 {counts['only_authoritative']:,}；仅挑战者 {counts['only_challenger']:,}；均不在 {counts['neither']:,}。</p>"
    return [
        _section(
            "挑战者（不作依据，不进入任何名单）",
            table(["模型", "指标", "数值", "95% 区间"], shown),
            text,
            '<p class="note">两者都在训练样本上计分，仅供比较。</p>',
        )
    ]


def _identity(card: Scorecard) -> str:
    training = card.training
    rows = [
        ("编号", card.model_id),
        ("有效期", f"{card.valid_from} 至 {card.valid_to}"),
        ("影响评估", card.impact_assessment),
        *((ROLES_ZH[role], card.signer(role) or "尚未签字") for role in ROLES),
        ("观察日", "、".join(training.windows)),
        ("样本", f"{training.rows:,} 笔用信，其中违约 {training.bads:,} 笔"),
        ("违约定义", training.default_definition),
        ("方法", training.method),
    ]
    return _section("身份与签字", table(["项目", "内容"], rows))


def _points(card: Scorecard) -> list[str]:
    """Every number that a score needs, and nothing to compute but a sum and a look-up."""
    drawn = "".join(_feature(feature) for feature in card.features)
    head = (
        f'<p>分数 ＝ 基础分 <b id="base">{card.base_points}</b> ＋ 各特征得分之和。每多 {card.points_to_double_odds} 分，违约与否之比减半。'
        "区间含左端、不含右端；失分 ＝ 该特征最高得分 － 实际得分，按失分从多到少说明原因。</p>"
    )
    table_ = card.probability
    rows = [(str(table_.from_points + n), f"{ppm}") for n, ppm in enumerate(table_.ppm)]
    parts = [rows[start : start + 40] for start in range(0, len(rows), 40)]
    levels = "".join(f'<div class="feature">{table(["分数", "百万分之"], part)}</div>' for part in parts)
    lowest, highest = rows[0][0], rows[-1][0]
    return [
        _section("评分表", head, f'<div class="two" id="points">{drawn}</div>'),
        _section(
            "分数对应的违约概率（百万分之）",
            f'<p class="note">低于 {lowest} 或高于 {highest} 的分数不会出现。</p><div class="probability" id="probability">{levels}</div>',
        ),
    ]


def _feature(feature: FeaturePoints) -> str:
    rows = [
        (bin_.label, f"{bin_.points:+d}", f"{bin_.rows:,}", _share(bin_.bads / bin_.rows) if bin_.rows else "")
        for bin_ in feature.bins
    ]
    missing = feature.missing
    rows.append(
        (
            "missing",
            f"{missing.points:+d}",
            f"{missing.rows:,}",
            _share(missing.bads / missing.rows) if missing.rows else "",
        )
    )
    bars = signed_bars([(bin_.label, float(bin_.points), f"{bin_.points:+d}") for bin_ in feature.bins], 240)
    return (
        f'<div class="feature" data-feature="{escape(feature.name)}"><h3>{escape(feature.meaning_zh)} <span class="note">{escape(feature.name)}（{escape(feature.unit)}）；IV {feature.information_value:.3f}</span></h3>'
        f"{table(['取值', '得分', '贷款', '违约率'], rows)}{bars}</div>"
    )
