"""A run's tables become one page: self-contained, printable, the same figures as the views."""

from __future__ import annotations

from html import escape
from typing import Any

import duckdb
import pyarrow as pa

from data_contracts.reasons import DECISION_REASONS, EXTRACT_REASONS, ROW_REASONS, SHAPE_REASONS
from data_contracts.registry import CONTRACTS_ZH, OFFICES_ZH
from village_credit.duckdb_session import cursor_over
from village_credit.features.catalogue import FEATURES
from village_credit.policy.gate_thresholds import GATE_TEXTS
from village_credit.report.figures import plain_figure, threshold_zh
from village_credit.report.html import STYLE, bars, cards, heading, note, page, paragraph, section, table
from village_credit.report.labels import ATTRIBUTES_ZH, GROUPS_ZH
from village_credit.score.small_counts import hide_small
from village_credit.score.statistics import LEAST_GROUP
from village_credit.sql_files import sql

DECISIONS_ZH = {"granted": "授信", "declined": "未授信", "manual_review": "人工复核"}
STATES_ZH = {"complete": "齐全", "partial": "不全", "stale": "过期", "missing": "未送达", "rejected": "被退回"}
MEASURES_ZH = {
    "rows": "行数",
    "change": "与上次发布的行数之比",
    "duplicate_share": "重复行占比",
    "quarantined_share": "隔离行占比",
    "filled_share": "填写率",
    "median": "中位数",
    "dead_of_age": "登记为去世者中60岁及以上占比",
    "dead_unseen": "登记为去世者中近两年名单未再出现占比",
}
FEATURES_ZH = {"score": "评分", **{feature.name: feature.meaning_zh for feature in FEATURES}}
OUTCOMES_ZH = {
    "accepted": "通过",
    "quarantined": "隔离",
    "duplicate": "重复",
    "superseded": "被更正",
    "layout": "版式行",
}


LATE_HEADS = (
    "部门",
    "表",
    "范围",
    "情况",
    "应达到",
    "最新",
    "行数",
    "有效行",
    "缺少的农户",
    "其中授信",
    "其中复核",
    "其中未授信",
)
LINK_HEADS = ("部门", "表", "记录", "自动关联", "人工确认", "待确认", "冲突", "未关联", "关联率")
HIDDEN_NOTE = f"“—”：不足 {LEAST_GROUP} 户，或因此可由相减得出，不显示。"
VILLAGE_FORMS = (",", ".0%", ",.0f", ",.0f")
VILLAGE_HEADS = ("村", "代码", "户数", "授信户", "覆盖率", "总额（元）", "中位数（元）")
DRIFT_HEADS = ("变量", "PSI（对建模样本）", "PSI（对上次发布）", "缺失率", "建模样本缺失率", "上次发布缺失率")
GROUP_HEADS = (
    "项目",
    "组",
    "户数",
    "授信户",
    "授信率",
    "95% 区间",
    "与最高组之比",
    "户均额度（元）",
    "额度之比",
    "五分之四",
)
DRIFT_NOTE = (
    "PSI 为各分箱占比的稳定性指标：0 为无变化，惯例超过 0.1 为有变化，超过 0.25 为变化大。“—”：没有可比的发布。"
)
GROUP_NOTE = "只计有借款人的农户。“—”：不足 30 户，或因此可由相减得出，不显示；授信不足 30 户的不显示户均额度。差别是否合理由风险委员会研判。"
LINK_NOTE = "待确认的关联不计入任何数字；未关联不等于不授信，请用 links review 交人工核对。"
SHAPE_HEADS = ("文件 / 图层", "发现", "条数", "数值")
SHAPE_NOTE = "仅供核实，不影响任何面积、额度和关口；逐条见分析视图 shape_findings。"
GATES = "SELECT gate, value, threshold, verdict, explanation FROM t_gates ORDER BY list_position(['fail', 'warn', 'pass'], verdict), gate"
CHECKS = "SELECT * FROM t_extract_checks WHERE verdict <> 'pass' ORDER BY list_position(['fail', 'warn'], verdict), office, contract, measure, field"
MEDIAN = "SELECT CAST(coalesce(median(limit_yuan), 0) AS BIGINT) FROM t_decisions WHERE decision = 'granted'"
LINKED = "SELECT count(*) FROM t_links WHERE household_key IS NOT NULL"
Cells = list[tuple[str, ...]]


def run_page(run_id: str, manifest: dict[str, Any], tables: dict[str, pa.Table]) -> str:
    """Draw the page of a run from its tables."""
    connection = cursor_over({f"t_{name}": rows for name, rows in tables.items()})
    return page(
        f"整村授信运行报告 · {_county(connection, manifest['county_code'])} · {manifest['as_of']}",
        STYLE,
        _head(connection, manifest, run_id),
        *_sections(connection, manifest),
        footer=_footer(run_id, manifest["versions"]),
    )


def _county(connection: duckdb.DuckDBPyConnection, county_code: str) -> str:
    """Name the county, with its code."""
    ((name,),) = _rows(connection, "SELECT max(place_name) FROM t_places WHERE level = 'county'")
    return f"{name}（{county_code}）" if name and name != county_code else county_code


def _sections(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> list[str]:
    drawn = (_gates, _deliveries, _links, _quarantine, _villages, _decisions, _stability)
    return [
        _funnel(connection, manifest),
        *(draw(connection) for draw in drawn),
        *_shapes(connection, manifest),
        _extracts(manifest),
    ]


def _footer(run_id: str, versions: dict[str, str]) -> str:
    return (
        f"运行 {run_id}；政策 {escape(versions['policy'])}；评分卡 {escape(versions['scorecard'])}；"
        "本页数字与分析视图同源。本页不含任何个人信息。"
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the one figure that a query asks for."""
    ((found,),) = _rows(connection, query)
    return int(found)


def _office(code: str) -> str:
    return OFFICES_ZH.get(code, code)


def _names(office: str, contract: str) -> tuple[str, str]:
    """Name an office and its table in Chinese."""
    return _office(office), CONTRACTS_ZH.get(contract, contract)


def _known(value: float | None, unknown: str) -> str:
    """Write a figure that may be lacking."""
    return unknown if value is None else plain_figure(value)


def _figure(value: float | None, form: str) -> str:
    return "—" if value is None else format(value, form)


def _head(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], run_id: str) -> str:
    households = manifest["counts"]["households"]
    figures = [
        ("登记农户", manifest["counts"]["registered"], "户"),
        ("授信", households.get("granted", 0), "户"),
        ("授信总额", manifest["sum_limit_yuan"], "元"),
        ("额度中位数", _one(connection, MEDIAN), "元"),
        ("人工复核", households.get("manual_review", 0), "户"),
    ]
    drawn = cards([(label, f"{value:,}", unit) for label, value, unit in figures])
    return drawn + note(f"运行编号 {run_id}，截至 {manifest['as_of']}。")


def _funnel(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> str:
    """From delivered lines to limits."""
    lines = manifest["counts"]["lines"]
    outcome = [(OUTCOMES_ZH[name], f"{count:,}") for name, count in lines.items()]
    return section(
        "从送达行到授信",
        bars(_steps(manifest["counts"], _one(connection, LINKED))),
        heading("物理行的去向"),
        table(["去向", "行数"], outcome),
    )


def _steps(counts: dict[str, Any], linked: int) -> list[tuple[str, int]]:
    """Name what is left after each step."""
    lines = counts["lines"]
    return [
        ("送达的物理行", sum(lines.values())),
        ("数据行", sum(lines.values()) - lines.get("layout", 0)),
        ("通过的行", lines.get("accepted", 0)),
        ("关联到农户的记录", linked),
        ("登记农户", counts["registered"]),
        ("授信农户", counts["households"].get("granted", 0)),
    ]


def _gates(connection: duckdb.DuckDBPyConnection) -> str:
    shown = [
        (
            gate,
            _known(value, "无数据"),
            threshold_zh(threshold),
            f"@{verdict}",
            GATE_TEXTS[gate].sentence_zh if gate in GATE_TEXTS else text,
        )
        for gate, value, threshold, verdict, text in _rows(connection, GATES)
    ]
    return section("关口", table(["关口", "数值", "要求", "结论", "说明"], shown))


def _deliveries(connection: duckdb.DuckDBPyConnection) -> str:
    """What the calendar owes and is not whole, with what that did to decisions; then figures out of bounds."""
    late, bounds = _late(connection), _out_of_bounds(connection)
    parts = [table(LATE_HEADS, late) if late else paragraph("应报的表均已送达。")]
    if bounds:
        parts += [heading("整表检查"), table(["部门", "表", "项目", "数值", "下限", "上限", "结论"], bounds)]
    return section("应报与送达", *parts)


def _late(connection: duckdb.DuckDBPyConnection) -> Cells:
    rows = _rows(connection, sql("report", "deliveries"))
    told = _without_by_decision([row[-3:] for row in rows])
    return [
        (
            *_names(office, contract), place, STATES_ZH[state], owed, newest,
            *(_figure(count, ",") for count in (lines, current, _shown(without), *told[number])),
        )
        for number, (office, contract, place, state, owed, newest, lines, current, without, *_) in enumerate(rows)
    ]  # fmt: skip


def _without_by_decision(counts: list[tuple[int, ...]]) -> list[list[int | None]]:
    """Return households without a table by decision, a row a table, small ones hidden."""
    cells = [
        {"group": row, "change": place, "households": count}
        for row, each in enumerate(counts)
        for place, count in enumerate(each)
    ]
    hidden = iter(hide_small([cell for cell in cells if cell["households"]]))
    told = [next(hidden)["households"] if cell["households"] else 0 for cell in cells]
    return [told[start : start + 3] for start in range(0, len(told), 3)]


def _shown(count: int) -> int | None:
    return count if count == 0 or count >= LEAST_GROUP else None


def _out_of_bounds(connection: duckdb.DuckDBPyConnection) -> Cells:
    return [
        (
            *_names(office, contract),
            f"{MEASURES_ZH[measure]} {field}".strip(),
            _known(value, "无数据"),
            *(_known(bound, "") for bound in bounds),
            f"@{verdict}",
        )
        for office, contract, measure, field, value, *bounds, verdict in _rows(connection, CHECKS)
    ]


def _links(connection: duckdb.DuckDBPyConnection) -> str:
    """What became of each list's records, and the villages that are furthest behind."""
    shown = [
        (*_names(office, contract), *(f"{count:,}" for count in counts), f"{share:.1%}")
        for office, contract, *counts, share in _rows(connection, sql("report", "links"))
    ]
    behind = [
        (name or code, code, f"{records:,}", f"{share:.1%}")
        for name, code, records, share in _rows(connection, sql("report", "links_2"))
    ]
    lowest = heading("关联率最低的村") + table(["村", "代码", "记录", "关联率"], behind)
    return section("关联到农户", table(LINK_HEADS, shown), lowest, note(LINK_NOTE))


def _quarantine(connection: duckdb.DuckDBPyConnection) -> str:
    rows = _rows(connection, sql("report", "quarantine"))
    if not rows:
        return section("隔离", paragraph("没有被隔离的行。"))
    shown = [(_office(office), code, ROW_REASONS.get(code, code), f"{count:,}") for office, code, count in rows]
    by_office = _rows(connection, sql("report", "quarantine_2"))
    chart = bars([(_office(office), count) for office, count in by_office])
    return section("隔离（按部门和原因）", chart, table(["部门", "代码", "原因与期望", "行数"], shown))


def _villages(connection: duckdb.DuckDBPyConnection) -> str:
    rows = [(name or "登记外个体户", *rest) for name, *rest in _rows(connection, sql("report", "villages"))]
    told = _granted_by_village(rows)
    shown = [
        (name, code, f"{count:,}", *(_figure(each, form) for each, form in zip(told[code], VILLAGE_FORMS, strict=True)))
        for name, code, count, *_ in rows
    ]
    totals = [(name, told[code][2]) for name, code, *_ in rows]
    chart = bars([(name, int(total)) for name, total in totals if total is not None][:40], unit="元")
    return section("各村额度", chart, table(VILLAGE_HEADS, shown), note(HIDDEN_NOTE))


def _granted_by_village(rows: list[tuple[Any, ...]]) -> dict[str, tuple[float | None, ...]]:
    """Return each village's granted households, their share, sum and median; all null where few are or few are not."""
    cells = []
    for _, code, count, granted, total, middle in rows:
        told = {"share": granted / count, "total": total, "middle": middle}
        cells.append({"group": code, "change": "granted", "households": granted, **told})
        cells.append({"group": code, "change": "not", "households": count - granted, **dict.fromkeys(told)})
    return {
        cell["group"]: (cell["households"], cell["share"], cell["total"], cell["middle"])
        for cell in hide_small(cells)
        if cell["change"] == "granted"
    }


def _decisions(connection: duckdb.DuckDBPyConnection) -> str:
    cells = [
        {"group": (product, decision), "change": why, "households": count, "total": total}
        for product, decision, why, count, total in _rows(connection, sql("report", "decisions"))
    ]
    shown = [
        (product, DECISIONS_ZH[decision], DECISION_REASONS.get(why, why), *(_figure(each, ",.0f") for each in figures))
        for (product, decision), why, *figures in (cell.values() for cell in hide_small(cells))
    ]
    heads = ["产品", "决定", "原因", "户数", "额度合计（元）"]
    return section("决定及首要原因", table(heads, shown), note(HIDDEN_NOTE))


def _stability(connection: duckdb.DuckDBPyConnection) -> str:
    """How far the county is from the training and the last publication, and how groups of borrowers fare."""
    return section(
        "稳定性与公平",
        table(DRIFT_HEADS, _drifted(connection)),
        note(DRIFT_NOTE),
        heading("按组的授信率和额度"),
        table(GROUP_HEADS, _groups(connection)),
        note(GROUP_NOTE),
    )


def _drifted(connection: duckdb.DuckDBPyConnection) -> Cells:
    return [
        (
            FEATURES_ZH.get(feature, feature),
            *(_figure(psi, ".4f") for psi in (training, published)),
            *(_figure(share, ".1%") for share in shares),
        )
        for feature, training, published, *shares in _rows(connection, sql("report", "stability"))
    ]


def _groups(connection: duckdb.DuckDBPyConnection) -> Cells:
    return [
        (
            ATTRIBUTES_ZH[attribute],
            GROUPS_ZH.get(group, group),
            *(_figure(count, ",") for count in (households, granted)),
            _figure(share, ".1%"),
            "—" if low is None else f"{low:.1%} 至 {high:.1%}",
            _figure(ratio, ".2f"),
            _figure(limit, ","),
            _figure(limit_ratio, ".2f"),
            "@warn" if is_flagged else "",
        )
        for attribute, group, households, granted, share, low, high, ratio, limit, limit_ratio, is_flagged in _rows(
            connection, sql("report", "stability_2")
        )
    ]


def _shapes(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> list[str]:
    """What was found of delivered maps, or that nobody looked; nothing where none was delivered."""
    said = manifest["shapes"]
    if not said or not said["maps"]:
        return []
    if said["looked_with"] is None:
        return [section("地块图形", paragraph(SHAPE_REASONS["SHAPES_NOT_LOOKED_AT"]))]
    shown = [
        (
            " / ".join(filter(None, (file_name, sheet))),
            SHAPE_REASONS[code],
            "整图" if first is None else f"{count:,} 条，首条第 {first:,} 行",
            _known(value, ""),
        )
        for file_name, sheet, code, count, first, value in _rows(connection, sql("report", "shapes"))
    ]
    drawn = table(SHAPE_HEADS, shown) if shown else paragraph("图形与登记相符，没有发现问题。")
    return [section("地块图形", drawn, note(SHAPE_NOTE))]


def _extracts(manifest: dict[str, Any]) -> str:
    """Every table delivered, with what was noted of it; rejected ones first."""
    sources = sorted(manifest["sources"], key=lambda s: (s["rejected"] is None, s["file_name"], s["sheet"]))
    heads = ["文件 / 表", "契约", "行数", "说明", "丢弃的列"]
    return section("送达的表", table(heads, [_source(source) for source in sources]))


def _source(source: dict[str, Any]) -> tuple[str, ...]:
    dropped = (f"{why} {len(headers)}" for why, headers in source["dropped_columns"].items())
    return (
        " / ".join(filter(None, (source["file_name"], source["sheet"]))),
        source["contract"] or "未识别",
        f"{source['lines']:,}",
        "重复副本" if source["is_copy"] else _notes(source),
        "、".join(dropped),
    )


def _notes(source: dict[str, Any]) -> str:
    """Say why a table was rejected, or what was noted of it."""
    notes = [source["rejected"]] if source["rejected"] else source["notes"]
    return "；".join(f"{EXTRACT_REASONS.get(code, code)}（{detail}）" for code, detail in notes)
