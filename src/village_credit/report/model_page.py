"""A scorecard and its evidence become one page that opens offline: points to add up by hand, curves, bands, groups."""

from __future__ import annotations

from html import escape

from village_credit.report.charts import AMBER, RED, Frame, cross, curve, legend, signed_bars, steps, svg, whisker
from village_credit.report.html import GREEN, SOFT, STYLE, cards, heading, note, page, paragraph, section, table
from village_credit.report.labels import ATTRIBUTES_ZH, GROUPS_ZH
from village_credit.report.model_cells import Cells, Evidence, Row, bounds, share, verdict
from village_credit.report.model_reach import came_back, places, selection, truth
from village_credit.score.card import cell_text, pair_labels
from village_credit.score.scorecard import ROLES, Bin, FeaturePoints, Missing, PairPoints, ProbabilityTable, Scorecard

MORE_STYLE = """
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(330px,100%),1fr));gap:14px}.feature{break-inside:avoid}
.feature h3{margin:6px 0}.pair{grid-column:1/-1}.pair td{white-space:nowrap}.probability{columns:4;font-size:12.5px}.probability table{font-size:12.5px}ul{margin:6px 0;padding-left:20px}
@media screen and (max-width:640px){.probability{columns:2}.pair{overflow-x:auto}}
@media print{body{font-size:12.5px}main{padding:0;max-width:none}section{break-inside:auto;padding:10px 12px;margin:10px 0}table{font-size:11.5px}
td,th{padding:3px 5px}th{white-space:normal}tr,svg,.feature{break-inside:avoid}h2,h3,thead{break-after:avoid}.two{grid-template-columns:1fr}#points{grid-template-columns:1fr 1fr}.probability,.probability table{font-size:11px}}
"""
COLUMN = 30  # scores in a column of the table of probabilities
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


BAND_HEADS = ("档次", "贷款", "预期违约率", "实际违约率", "95% 区间", "预期在区间内")
EARNED_HEADS = ("档次", "预期（元）", "实际（元）", "按区间上端（元）")
EARNED = "每贷出100元一年：还款者的利差减去违约损失，按现行政策农贷通的利差和违约损失率；未计运营成本。"
LIFT_HEADS = ("十分位", "贷款", "预期违约", "实际违约", "提升倍数", "累计识别")
APPROVAL_HEADS = (
    "维度",
    "组",
    "户数",
    "授信占比",
    "95% 区间",
    "与最高组之比",
    "平均额度（元）",
    "额度之比",
    "五分之四",
)
DEFAULT_HEADS = ("维度", "组", "贷款", "实际违约率", "95% 区间", "与总体之比", "预期违约率", "预期在区间内")
FLIP_HEADS = ("年份或乡镇", "分箱", "得分", "贷款", "违约率", "95% 区间", "该年或乡镇总体")
FLIPS = "得分高于平均而违约率的区间高于当年（当地）总体，或得分低于平均而区间低于总体；不足30笔的不列。同时看许多分箱，约四十分之一会偶然如此。"
FAIRNESS = "按最后一个观察日全部登记农户，以本评分卡和现行政策试算；性别和年龄（周岁）按户主，姓名形态仅在内存中判断，不保存。与最高组之比低于五分之四的提示。"
PROXIES = "单个特征（及全部特征）能在多大程度上猜出姓名形态：AUC，0.5 为猜不出；单个特征达到 0.80 的不得使用。"
PAIRS = " ＋ 各特征组合得分"
PAIR = "在两个特征各自得分之外另加的分（贷款笔数；违约率）；表中没有的取值加0分。"
SENSITIVITY = "人人都得该特征平均分时 AUC 的减少（训练样本），及该特征的得分范围。"


def points_page(card: Scorecard) -> str:
    """Draw the scorecard alone: anyone can add up a score from it, and look up its probability."""
    return _page(card, f"评分卡 {card.model_id}", [_identity(card), *_points(card)])


def assessment_page(card: Scorecard, evidence: Evidence) -> str:
    """Draw the evidence and the scorecard on one page."""
    drawn = (
        *(_outcomes, _discrimination, *([truth] if evidence["is_synthetic"] else []), _calibration, places, _lift),
        *(_stability, _flips, _sensitivity, *([came_back] if evidence.get("came_back") else [])),
        *(selection, _fairness, _proxies),
        *([_challenger] if evidence.get("challenger_card") else []),
    )
    sections = [_headline(card, evidence), *(draw(evidence) for draw in drawn), _identity(card), *_points(card)]
    return _page(card, f"评分卡评估 {card.model_id}", sections)


def _page(card: Scorecard, title: str, sections: list[str]) -> str:
    warning = f'<p class="warn">{escape(card.note)}</p>' if card.note else ""
    footer = f"内容校验 {card.content_sha256}；本页不含任何个人信息。"
    return page(title, STYLE + MORE_STYLE, warning, *sections, footer=footer)


def _figures(name: str, rows: list[Row]) -> Cells:
    """Write a sample's (or a model's) figures with their intervals."""
    return [(name, FIGURES_ZH[row["figure"]], f"{row['value']:.4f}", bounds(row)) for row in rows]


def _headline(card: Scorecard, evidence: Evidence) -> str:
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
    return cards(shown) + section("委员会需要看的事项", _concerns([chinese for _, chinese in evidence["concerns"]]))


def _concerns(concerns: list[str]) -> str:
    if not concerns:
        return paragraph("没有需要特别提示的事项。")
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in concerns) + "</ul>"


def _outcomes(evidence: Evidence) -> str:
    rows = [(OUTCOMES_ZH.get(name, name), f"{count:,}") for name, count in evidence["outcomes"].items()]
    return section("样本与结果", table(["观察日后12个月的结果", "户次"], rows), note(SELECTION))


def _discrimination(evidence: Evidence) -> str:
    later = _figures("跨期（用较早的观察日预测最后一个）", evidence["out_of_time"])
    return section(
        "区分度",
        f'<div class="two">{_roc(evidence)}{_scores(evidence["score_shares"])}</div>',
        table(["样本", "指标", "数值", "95% 区间"], _figures("留出村", evidence["out_of_village"]) + later),
        _price(evidence["price"]),
        *([_direction_price(evidence["directions"])] if "directions" in evidence else []),
        heading("各折"),
        table(["折", "贷款", "违约", "AUC", "KS", "挑战者 AUC"], _folds(evidence["by_fold"])),
    )


def _roc(evidence: Evidence) -> str:
    frame = Frame(1.0, 1.0, "被拒的正常贷款占比", "识别出的违约占比")
    drawn = (
        frame.axes()
        + curve(frame, [(0, 0), (1, 1)], SOFT, dashed=True)
        + curve(frame, evidence["roc_challenger"], AMBER)
        + curve(frame, evidence["roc"], GREEN)
        + legend([(GREEN, "评分卡"), (AMBER, "挑战者（梯度提升）")])
    )
    return svg(drawn, "ROC 曲线：留出村")


def _price(price: Row) -> str:
    """Say what a scorecard that people can read costs against one that they cannot."""
    return paragraph(
        f"挑战者是带单调约束的梯度提升，AUC {price['challenger_auc']:.4f}，与评分卡之差 {price['gap']:+.4f}"
        f"（95% 区间 {price['low']:+.4f} 至 {price['high']:+.4f}）：这就是可读性的代价。"
    )


def _direction_price(price: Row) -> str:
    """Say what the promised directions, and bins that never contradict their neighbours, cost."""
    return paragraph(
        f"不设方向约束的同一评分卡，AUC {price['free_auc']:.4f}，与评分卡之差 {price['gap']:+.4f}"
        f"（95% 区间 {price['low']:+.4f} 至 {price['high']:+.4f}）：这就是方向约束的代价。"
    )


def _folds(rows: list[Row]) -> Cells:
    counts, figures = ("rows", "bads"), ("auc", "ks", "challenger_auc")
    return [
        (str(row["fold"]), *(f"{row[name]:,}" for name in counts), *(f"{row[name]:.4f}" for name in figures))
        for row in rows
    ]


def _scores(bins: list[Row]) -> str:
    """Draw how the scores of good and bad loans are spread."""
    edges = [*(row["from"] for row in bins), bins[-1]["from"] + 20]
    goods, bads = _shares(bins, "goods"), _shares(bins, "bads")
    low, span = edges[0], edges[-1] - edges[0]
    frame = Frame(span, max(*goods, *bads), "分数", "占比")
    places = [edge - low for edge in edges]
    ticks = [(edge - low, str(edge)) for edge in edges[:: max(1, len(edges) // 6)]]
    drawn = frame.axes(ticks) + steps(frame, places, goods, GREEN) + steps(frame, places, bads, RED)
    return svg(drawn + legend([(GREEN, "正常"), (RED, "违约")]), "分数分布（训练样本）")


def _shares(bins: list[Row], name: str) -> list[float]:
    total = sum(row[name] for row in bins) or 1
    return [row[name] / total for row in bins]


def _calibration(evidence: Evidence) -> str:
    later = evidence.get("out_of_time_bands")
    return section(
        "校准（留出村）",
        _expected_and_observed([row for row in evidence["bands"] if row["loans"]]),
        _bands(evidence["bands"]),
        _earned([row for row in evidence["bands"] if row["loans"] and "earned_expected" in row]),
        _line(evidence["calibration"]),
        heading("跨期") + _bands(later) if later else "",
    )


def _expected_and_observed(rows: list[Row]) -> str:
    """Draw each band's observed default rate as an interval, with what was expected beside it."""
    most = max([row["high"] for row in rows] + [row["expected"] for row in rows]) * 1.05
    frame = Frame(len(rows) + 1, most, "档次", "违约率")
    marks = "".join(
        whisker(frame, place, row["low"], row["high"], row["observed"]) + cross(frame, place + 0.18, row["expected"])
        for place, row in enumerate(rows, start=1)
    )
    ticks = [(float(place), row["band"]) for place, row in enumerate(rows, start=1)]
    names = legend([(GREEN, "实际（95% 区间）"), (AMBER, "预期")])
    return svg(frame.axes(ticks) + marks + names, "各档预期与实际违约率")


def _line(line: Row) -> str:
    return paragraph(
        f"校准线：截距 {line['intercept']:+.3f}，斜率 {line['slope']:.3f}（理想为 0 和 1）。"
        f"总体预期 {line['expected']:.2%}，实际 {line['observed']:.2%}。"
        f"按校准线重新校准后 Brier 由 {line['brier']:.5f} 变为 {line['brier_recalibrated']:.5f}。"
    )


def _bands(rows: list[Row]) -> str:
    shown = [
        (
            row["band"],
            f"{row['loans']:,}",
            *(share(row[name]) for name in ("expected", "observed")),
            bounds(row, ".2%"),
            verdict(row),
        )
        for row in rows
    ]
    return table(BAND_HEADS, shown)


def _earned(rows: list[Row]) -> str:
    """Write what each band would have earned or lost, in the committee's currency."""
    names = ("expected", "observed", "high")
    shown = [(row["band"], *(f"{row[f'earned_{name}']:+.2f}" for name in names)) for row in rows]
    return heading("各档每百元一年的盈亏") + note(EARNED) + table(EARNED_HEADS, shown) if rows else ""


def _lift(evidence: Evidence) -> str:
    return section("提升度（风险从高到低十等分，留出村）", table(LIFT_HEADS, [_tenth(row) for row in evidence["lift"]]))


def _tenth(row: Row) -> tuple[str, ...]:
    return (
        str(row["tenth"]),
        f"{row['loans']:,}",
        f"{row['expected']:.1f}",
        f"{row['observed']:,}",
        f"{row['lift']:.2f}",
        share(row["caught"]),
    )


def _stability(evidence: Evidence) -> str:
    rows = evidence["stability"]
    if not rows:
        return section("稳定性", paragraph("只有一个观察日，无从比较。"))
    days = sorted({row["day"] for row in rows})
    head = f"与 {rows[0]['against']} 相比的稳定性指数（分数：PSI；特征：CSI）"
    custom = note("习惯上 0.1 以下为稳定，0.25 以上为明显变化。")
    return section("稳定性", table([head, *days], _by_feature(rows, days)), custom)


def _by_feature(rows: list[Row], days: list[str]) -> Cells:
    """Write a line for each feature, with its index on each day."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(row["feature"], {})[row["day"]] = row["psi"]
    return [(name, *(f"{by_day[day]:.3f}" for day in days)) for name, by_day in found.items()]


def _flips(evidence: Evidence) -> str:
    """Name the bins whose defaults in one year or township speak against their points."""
    rows = [
        (
            row["part"],
            f"{row['feature']} {row['bin']}",
            f"{row['points']:+d}",
            f"{row['loans']:,}",
            share(row["observed"]),
            bounds(row, ".2%"),
            share(row["usual"]),
        )
        for row in evidence.get("flips", [])
    ]
    shown = table(FLIP_HEADS, rows) if rows else paragraph("没有。")
    return section("某一年或某一乡镇与得分方向相反的分箱", note(FLIPS), shown)


def _sensitivity(evidence: Evidence) -> str:
    rows = sorted(evidence["sensitivity"], key=lambda row: -row["auc_lost"])
    bars = signed_bars(
        [
            (row["feature"], row["auc_lost"], f"{row['auc_lost']:+z.4f}（{row['least']:+d} 至 {row['most']:+d} 分）")
            for row in rows
        ],
        520,
        "各特征使 AUC 减少多少",
    )
    return section("对各特征的敏感度", note(SENSITIVITY), bars)


def _fairness(evidence: Evidence) -> str:
    return section(
        "公平性",
        note(FAIRNESS),
        table(APPROVAL_HEADS, [_approval(row) for row in evidence["groups"]]),
        heading("违约（留出村，用信农户）"),
        table(DEFAULT_HEADS, [_defaults(row) for row in evidence["group_defaults"]]),
    )


def _group_names(row: Row) -> tuple[str, str]:
    group: str = row["group"]
    return ATTRIBUTES_ZH[row["attribute"]].split("（")[0], GROUPS_ZH.get(group, group)


def _approval(row: Row) -> tuple[str, ...]:
    """Write how often and how much a group is granted; too small a group shows next to nothing."""
    if row["is_hidden"]:
        return (*_group_names(row), "不足30户", share(row.get("approval")), "", "", "", "", "")
    return (
        *_group_names(row),
        f"{row['households']:,}",
        share(row.get("approval")),
        bounds(row, ".1%"),
        f"{row['approval_ratio']:.2f}",
        f"{row['mean_limit_yuan']:,.0f}",
        f"{row['limit_ratio']:.2f}",
        "@warn" if row["is_flagged"] else "@pass",
    )


def _defaults(row: Row) -> tuple[str, ...]:
    """Write how often a group's loans failed; too small a group shows next to nothing."""
    observed, expected = share(row.get("observed")), share(row.get("expected"))
    if row["is_hidden"]:
        return (*_group_names(row), "不足30笔", observed, "", "", expected, "")
    ratio = f"{row['default_ratio']:.2f}"
    return (*_group_names(row), f"{row['loans']:,}", observed, bounds(row, ".2%"), ratio, expected, verdict(row))


def _proxies(evidence: Evidence) -> str:
    shown = [_proxy(row) for row in evidence["proxies"]]
    return section(
        "代理特征与歧视更少的替代",
        note(PROXIES),
        table(["特征", "AUC", "结论"], shown) if shown else paragraph("某一组不足30户，不作判断。"),
        heading("去掉一个特征会怎样"),
        _alternatives(evidence["alternatives"]),
    )


def _proxy(row: Row) -> tuple[str, ...]:
    name = "全部特征合起来" if row["feature"] == "all together" else row["feature"]
    return name, f"{row['auc']:.3f}", f"@{row['verdict']}"


def _alternatives(rows: list[Row]) -> str:
    """Draw what each feature's absence changes; the first row is the card with all of them."""
    changed = [
        (
            row["without"],
            f"{row['auc_lost']:+z.4f}",
            f"{row['ratio_gained']:+z.3f}",
            "是" if row["is_alternative"] else "",
        )
        for row in rows[1:]
    ]
    base = _base(rows[0]) if rows else paragraph("样本不足，无从比较。")
    return base + table(["去掉", "AUC 减少", "最低占比之比的变化", "可作替代"], changed)


def _base(row: Row) -> str:
    return note(
        f"基准：AUC {row['auc']:.4f}，最低授信占比之比 {row['worst_ratio']:.2f}（平滑分步法，三分之一的村留出）。"
    )


def _challenger(evidence: Evidence) -> str:
    other = evidence["challenger_card"]
    names = {"authoritative": "本评分卡", "challenger": f"挑战者 {other['model_id']}"}
    shown = [cells for name, rows in other["figures"].items() for cells in _figures(names[name], rows)]
    return section(
        "挑战者（不作依据，不进入任何名单）",
        table(["模型", "指标", "数值", "95% 区间"], shown),
        _approved(other["approved"]),
        note("两者都在训练样本上计分，仅供比较。"),
    )


def _approved(counts: dict[str, int]) -> str:
    return paragraph(
        f"均在最低档之上 {counts['both']:,}；仅本评分卡 {counts['only_authoritative']:,}；"
        f"仅挑战者 {counts['only_challenger']:,}；均不在 {counts['neither']:,}。"
    )


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
    return section("身份与签字", table(["项目", "内容"], rows))


def _points(card: Scorecard) -> list[str]:
    """Every number that a score needs, and nothing to compute but a sum and a look-up."""
    drawn = "".join(_feature(feature) for feature in card.features) + "".join(_pair(card, pair) for pair in card.pairs)
    head = (
        f'<p>分数 ＝ 基础分 <b id="base">{card.base_points}</b> ＋ 各特征得分之和{PAIRS if card.pairs else ""}。每多 {card.points_to_double_odds} 分，违约与否之比减半。'
        "区间含左端、不含右端；失分 ＝ 仅该特征改为最佳取值时可多得的分，按失分从多到少说明原因。</p>"
    )
    return [section("评分表", head, f'<div class="two" id="points">{drawn}</div>'), _probability(card.probability)]


def _probability(levels: ProbabilityTable) -> str:
    """Draw the probability of every score that there is, in columns of thirty."""
    rows = [(str(levels.from_points + n), f"{ppm}") for n, ppm in enumerate(levels.ppm)]
    columns = [table(["分数", "百万分之"], rows[start : start + COLUMN]) for start in range(0, len(rows), COLUMN)]
    drawn = "".join(f'<div class="feature">{column}</div>' for column in columns)
    return section(
        "分数对应的违约概率（百万分之）",
        note(f"低于 {rows[0][0]} 或高于 {rows[-1][0]} 的分数不会出现。"),
        f'<div class="probability" id="probability">{drawn}</div>',
    )


def _feature(feature: FeaturePoints) -> str:
    rows = [_bin(bin_.label, bin_) for bin_ in feature.bins] + [_bin("missing", feature.missing)]
    bars = signed_bars(
        [(bin_.label, float(bin_.points), f"{bin_.points:+d}") for bin_ in feature.bins], 240, "各取值的得分"
    )
    about = f"{escape(feature.name)}（{escape(feature.unit)}）；IV {feature.information_value:.3f}"
    return (
        f'<div class="feature" data-feature="{escape(feature.name)}">'
        f'<h3>{escape(feature.meaning_zh)} <span class="note">{about}</span></h3>'
        f"{table(['取值', '得分', '贷款', '违约率'], rows)}{bars}</div>"
    )


def _pair(card: Scorecard, pair: PairPoints) -> str:
    """Draw what two features add together, as a grid of their groups."""
    named = {feature.name: feature for feature in card.features}
    first, second = named[pair.first], named[pair.second]
    rows, columns = pair_labels(card, pair)
    cells = [(label, *map(cell_text, row)) for label, row in zip(rows, pair.cells, strict=True)]
    return (
        f'<div class="feature pair" data-pair="{escape(pair.first)} {escape(pair.second)}">'
        f"<h3>{escape(first.meaning_zh)} × {escape(second.meaning_zh)} "
        f'<span class="note">{escape(pair.first)}（行） × {escape(pair.second)}（列）</span></h3>'
        f"{table(['', *columns], cells)}{note(PAIR)}</div>"
    )


def _bin(label: str, counted: Bin | Missing) -> tuple[str, ...]:
    bad = share(counted.bads / counted.rows) if counted.rows else ""
    return label, f"{counted.points:+d}", f"{counted.rows:,}", bad
