"""A household's stored rows become the account of its decision: inputs, points, terms, versions, signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from data_contracts.branch import PRODUCTS_ZH
from data_contracts.reasons import DECISION_REASONS
from data_contracts.registry import OFFICES_ZH
from data_contracts.relief import CAUSES_ZH, MEASURES_ZH
from village_credit.catalogue import terms

DECISIONS_ZH = {"granted": "授信", "declined": "未授信", "manual_review": "转人工复核"}
REVIEWS_ZH = {"grant": "授信", "decline": "不授信", "keep": "维持复核"}
CONDITIONS_ZH = {"open": "尚未补交", "supplied": "已补交", "lapsed": "逾期未交"}
HOLDS_ZH = {"hold": "暂停用信", "release": "解除暂停"}


def explain_rows(run: Path, household_key: str) -> dict[str, Any]:
    """Gather a household's rows from a sealed run: decision, waterfall, points, inputs by office, file and line."""
    connection = duckdb.connect()

    def rows(table: str, order: str) -> list[dict[str, Any]]:
        query = f"SELECT * FROM read_parquet($path) WHERE household_key = $key ORDER BY {order}"
        found: list[dict[str, Any]] = (
            connection.sql(query, params={"path": str(run / f"{table}.parquet"), "key": household_key})
            .to_arrow_table()
            .to_pylist()
        )
        return found

    def optional(table: str, order: str) -> list[dict[str, Any]]:
        """Return a household's rows of a table that runs of older code lack."""
        return rows(table, order) if (run / f"{table}.parquet").is_file() else []

    lines = [
        row for row in rows("reconciliation", "office, file_name, sheet, line_number") if row["outcome"] == "accepted"
    ]
    links = {(row["file_name"], row["sheet"], row["line_number"]): row for row in rows("links", "line_number")}
    for line in lines:
        link = links.get((line["file_name"], line["sheet"], line["line_number"]), {})
        line["link"] = link.get("status")
        line |= {
            name: link.get(name)
            for name in ("stage", "pass", "agreement", "score", "margin", "rules_version", "roster_file", "roster_line")
        }
    return {
        "decision": next(iter(rows("decisions", "product")), None),
        "waterfall": next(iter(rows("waterfall", "product")), None),
        "crops": rows("crop_terms", "crop"),
        "points": rows("score_points", "rank"),
        "inputs": lines,
        "relief": optional("relief", "starts_on, document"),
        "relief_kept": next(iter(optional("relief_kept", "product")), None),
        "relief_measures": optional("relief_measures", "document, measure, due_on"),
        "conditions": optional("conditions", "due_on"),
    }


def explain_text(found: dict[str, Any], versions: dict[str, Any], signatures: list[dict[str, Any]]) -> str:
    """Write the account in Chinese, figure by figure."""
    decision, waterfall = found["decision"], found["waterfall"]
    lines = [
        (
            f"农户 {decision['household_key']}  产品 {PRODUCTS_ZH[decision['product']]}  决定："
            f"{DECISIONS_ZH[decision['decision']]}"
        )
    ]
    lines += _decision_lines(decision)
    lines += [
        f"人工复核：{REVIEWS_ZH[said['verdict']]} {said['limit_yuan']:,} 元，{said['by']}，{said['at']}"
        for said in found["reviews"]
    ]
    lines += _authority_lines(found["authority"])
    lines += [f"{HOLDS_ZH[act['act']]}：{act['by']}，{act['at']}" for act in found["holds"]]
    lines.append(_three_figures(waterfall, found["branch_limit"]))
    lines += _other_lines(found)
    lines += _relief_lines(found)
    lines += ["", "一、额度测算（每一项及单位）"]
    for name, term in terms().items():
        value = waterfall.get(name)
        mark = (
            "  ← 约束项" if waterfall["binding_term"] and name.startswith(waterfall["binding_term"] + "_yuan") else ""
        )
        lines.append(f"  {term.label_zh}：{'无' if value is None else f'{value:,} {term.unit_zh}'}{mark}")
    lines += [f"  · {DECISION_REASONS.get(code, code)}" for code in waterfall["findings"]]
    lines += ["", "二、评分（按失分排列）"]
    lines += [_points_line(row) for row in found["points"]]
    lines += ["", "三、数据来源（部门、文件、行）"]
    lines += [_input_line(item) for item in found["inputs"]]
    lines += [
        "",
        "四、版本与签字",
        (
            f"  政策 {versions['policy']}；评分卡 {versions['scorecard']}；关联规则 {versions['linkage']}；"
            f"程序 {versions['code']}"
        ),
    ]
    lines += [
        f"  {s['act']}：{s['by']}，{s['at']}{'，纪要 ' + s['minutes'] if 'minutes' in s else ''}" for s in signatures
    ]
    return "\n".join(lines)


def _authority_lines(above: dict[str, Any] | None) -> list[str]:
    """Say who signed a household that is above a step of the authority ladder."""
    if above is None:
        return []
    signed = above["signature"]
    who = f"{signed['signed_role']} {signed['signed_by']}，{signed['signed_at']}" if signed else "尚未签批"
    return [f"逐户签批（超过 {above['above_yuan']:,} 元，{above['role']}）：{who}"]


def _other_lines(found: dict[str, Any]) -> list[str]:
    """Name the household's lines of other products that are in force beside the one that is told."""
    return [
        f"另有在用额度：{PRODUCTS_ZH[line['product']]} {line['limit_yuan']:,} 元，"
        f"{line['valid_from']} 至 {line['valid_to']}，发布 {line['publication_id']}"
        for line in found.get("lines", [])
        if line["product"] != found["decision"]["product"] and line["valid_to"] is not None
    ]


def _relief_lines(found: dict[str, Any]) -> list[str]:
    """Say what a declared window did.

    What it excused, which limit it keeps, what is offered and still to be brought.
    """
    lines = [
        (
            f"纾困：{CAUSES_ZH[row['cause']]}，{row['document']}，{row['starts_on']} 至 {row['ends_on']}；"
            f"不计入的逾期 {row['excused_days']:,} 天，撤下名单 {row['lifted_entries']:,} 条"
        )
        for row in found["relief"]
    ]
    if kept := found["relief_kept"]:
        lines.append(
            f"纾困期内额度保持 {kept['kept_limit_yuan']:,} 元；否则为{DECISIONS_ZH[kept['would_decision']]} "
            f"{kept['would_limit_yuan']:,} 元"
        )
    lines += [
        f"可提供的纾困措施：{MEASURES_ZH[row['measure']]}（{row['product_name']}，余额 {row['balance_yuan']:,} 元）"
        for row in found["relief_measures"]
    ]
    lines += [
        f"待补材料：{row['item']}，{row['due_on']} 前；{CONDITIONS_ZH[row['state']]}" for row in found["conditions"]
    ]
    return lines


def _three_figures(waterfall: dict[str, Any], said: dict[str, Any] | None) -> str:
    """Set apart what the model gives, what the policy caps it to, and what the branch approved, by whom and when."""
    text = (
        f"三项额度：模型额度 {waterfall['model_limit_yuan']:,} 元；政策额度 "
        f"{waterfall['policy_limit_yuan']:,} 元；支行核定额度 "
    )
    if said is None:
        return text + "未另行核定"
    return text + (
        f"{said['limit_yuan']:,} 元（支行 {said['branch_code']}，{said['received_on']}；{said['by']} 于 "
        f"{said['at']} 录入）"
    )


def _points_line(row: dict[str, Any]) -> str:
    why = f"（{row['reason_zh']}）" if row["reason_zh"] else ""
    return (
        f"  {row['feature']}：{_value(row['value'])}，分箱 {row['bin']}，得分 {row['points']}，失分 "
        f"{row['points_lost']}{why}"
    )


def _value(value: float | None) -> str:
    return "缺失" if value is None else f"{value:,.6g}"


def _decision_lines(decision: dict[str, Any]) -> list[str]:
    lines = [f"授信额度 {decision['limit_yuan']:,} 元"]
    if decision["term_months"]:
        lines[0] += (
            f"，期限 {decision['term_months']} 个月（{decision['valid_from']} 至 {decision['valid_to']}），"
            f"{decision['review_due_on']} 前复审"
        )
    if decision["binding_term"]:
        lines.append(f"约束项：{DECISION_REASONS.get(decision['binding_term'], decision['binding_term'])}")
    lines += [f"原因：{DECISION_REASONS.get(code, code)}（{code}）" for code in decision["reason_codes"]]
    if decision["borrower_reason"]:
        lines.append(f"借款人：{DECISION_REASONS[decision['borrower_reason']]}")
    return lines


def _input_line(item: dict[str, Any]) -> str:
    place = " / ".join(part for part in (item["file_name"], item["sheet"]) if part)
    doubt = {"provisional": "（待确认，不计入）", "confirmed": "（人工确认）"}.get(item["link"] or "", "")
    grounds = [f"姓名{item['agreement']}"] if item.get("agreement") not in (None, "code") else []
    grounds += [f"得分 {item['score']:.1f}"] if item.get("score") is not None else []
    grounds += [f"差距 {item['margin']:.1f}"] if item.get("margin") is not None else []
    grounds += [f"登记簿第 {item['roster_line']} 行"] if item.get("roster_line") is not None else []
    doubt += f"［{'，'.join(grounds)}］" if grounds else ""
    return (
        f"  {OFFICES_ZH.get(item['office'], item['office'])}  {item['contract']}  {place}  第 "
        f"{item['line_number']} 行  关联：{item['pass'] or '无'}{doubt}"
    )
