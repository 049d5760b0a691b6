"""A household's stored rows become the account of its decision: inputs, points, terms, versions, signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.branch import PRODUCTS_ZH
from data_contracts.reasons import DECISION_REASONS
from data_contracts.registry import OFFICES_ZH
from data_contracts.relief import CAUSES_ZH, MEASURES_ZH
from village_credit.catalogue import Term, filled, terms
from village_credit.duckdb_session import query_cursor
from village_credit.report.notice import percent
from village_credit.sql_files import sql

DECISIONS_ZH = {"granted": "授信", "declined": "未授信", "manual_review": "转人工复核"}
REVIEWS_ZH = {"grant": "授信", "decline": "不授信", "keep": "维持复核"}
CONDITIONS_ZH = {"open": "尚未补交", "supplied": "已补交", "lapsed": "逾期未交"}
ROLES_ZH = {
    "goes_on": "接续原户",
    "merged": "并入原户",
    "split_off": "分自原户",
    "anew": "现用编码原属他户",
    "replaced": "成员证件与上次全部不同（待核实），原户",
    "proposed": "可能承继（待核实）原户",
}
CAUSES_OF_CHANGE_ZH = {"merge": "合户，", "split": "分户，", "recode": "重新编码，"}
BASES_ZH = {"listed": "据编码变更表", "confirmed": "经人工核实", "shared_numbers": "据相同证件"}
HOLDS_ZH = {"hold": "暂停用信", "release": "解除暂停"}


INPUTS = sql("report", "household_inputs")
LINK = ("stage", "pass", "agreement", "score", "margin", "rules_version", "roster_file", "roster_line")


def explain_rows(run: Path, household_key: str, linked_rows: pa.Table | None) -> dict[str, Any]:
    """Gather a household's rows from a sealed run: decision, waterfall, points, inputs by office, file and line.

    `linked_rows`: what the vault keeps of the run's lines; None where it has them no longer.
    """
    rows = _Household(query_cursor(), run, household_key)
    return {
        "decision": rows.first("decisions", "product"),
        "waterfall": rows.first("waterfall", "product"),
        "crops": rows.all("crop_terms", "crop"),
        "points": rows.all("score_points", "rank"),
        "inputs": _inputs(rows, linked_rows),
        "relief": rows.all("relief", "starts_on, document"),
        "relief_kept": rows.first("relief_kept", "product"),
        "relief_measures": rows.all("relief_measures", "document, measure, due_on"),
        "conditions": rows.all("conditions", "due_on"),
        "lineage": rows.all("lineage", "since, from_key"),
    }


@dataclass(frozen=True)
class _Household:
    """A household's rows in the tables of a sealed run."""

    connection: duckdb.DuckDBPyConnection
    run: Path
    household_key: str

    def all(self, table: str, order: str) -> list[dict[str, Any]]:
        """Return the rows of a table in an order; none where the run is older than the table."""
        path = self.run / f"{table}.parquet"
        if not path.is_file():
            return []
        query = (
            f"SELECT * FROM read_parquet($path, hive_partitioning = false) WHERE household_key = $key ORDER BY {order}"
        )
        values = {"path": str(path), "key": self.household_key}
        found: list[dict[str, Any]] = self.connection.sql(query, params=values).to_arrow_table().to_pylist()
        return filled(table, found)

    def first(self, table: str, order: str) -> dict[str, Any] | None:
        """Return the first row of a table, where there is one."""
        return next(iter(self.all(table, order)), None)


def _inputs(rows: _Household, linked_rows: pa.Table | None) -> list[dict[str, Any]] | None:
    """Return the accepted lines, each with how it was linked; None where nobody knows them any more."""
    if linked_rows is None:
        return _of_older_run(rows)
    rows.connection.register("linked_rows", linked_rows)
    found: list[dict[str, Any]] = (
        rows.connection.sql(INPUTS, params={"key": rows.household_key}).to_arrow_table().to_pylist()
    )
    return found


def _of_older_run(rows: _Household) -> list[dict[str, Any]] | None:
    """Return the same of a run that older code sealed: its tables name lines and households side by side."""
    lines_of = rows.run / "reconciliation.parquet"
    if "household_key" not in pq.read_schema(lines_of).names:
        return None
    links = {_place(row): row for row in rows.all("links", "line_number")}
    lines = rows.all("reconciliation", "office, file_name, sheet, line_number")
    return [line | _linked(links.get(_place(line), {})) for line in lines if line["outcome"] == "accepted"]


def _place(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["file_name"], row["sheet"], row["line_number"]


def _linked(link: dict[str, Any]) -> dict[str, Any]:
    return {"link": link.get("status"), **{name: link.get(name) for name in LINK}}


def explain_text(found: dict[str, Any], versions: dict[str, Any], signatures: list[dict[str, Any]]) -> str:
    """Write the account in Chinese, figure by figure."""
    parts = (
        ("", _outcome_lines(found)),
        ("一、额度测算（每一项及单位）", _waterfall_lines(found["waterfall"])),
        ("二、评分（按失分排列）", _points_lines(found["points"], found["decision"])),
        ("三、数据来源（部门、文件、行）", _input_lines(found["inputs"])),
        ("四、版本与签字", _version_lines(versions, signatures)),
    )
    return "\n".join(line for title, lines in parts for line in [*(["", title] if title else []), *lines])


def _outcome_lines(found: dict[str, Any]) -> list[str]:
    """Say what was decided, by whom it was changed or held since, and what relief did."""
    return [
        *_withdrawn_lines(found.get("withdrawn")),
        *_decision_lines(found["decision"]),
        *(_review_line(said) for said in found["reviews"]),
        *_authority_lines(found["authority"]),
        *_erased_lines(found),
        *(f"{HOLDS_ZH[act['act']]}：{act['by']}，{act['at']}" for act in found["holds"]),
        _three_figures(found["waterfall"], found["branch_limit"]),
        *_other_lines(found),
        *(_lineage_line(row) for row in found.get("lineage", [])),
        *_relief_lines(found),
    ]


def _input_lines(inputs: list[dict[str, Any]] | None) -> list[str]:
    if inputs is None:
        return ["  （哪些行属于本户的记录已不在保险库中）"]
    return [_input_line(item) for item in inputs]


def _withdrawn_lines(said: dict[str, Any] | None) -> list[str]:
    if said is None:
        return []
    return [f"本县授信已于 {said['on']} 整体撤回（台账链第 {said['act']} 号），现无有效额度；以下是撤回前的决定"]


def _erased_lines(found: dict[str, Any]) -> list[str]:
    said = found.get("erased")
    return [f"身份信息已删除：{said['on']}，台账链第 {said['act']} 号（决定本身仍保留，不再记载是谁）"] if said else []


def _review_line(said: dict[str, Any]) -> str:
    return f"人工复核：{REVIEWS_ZH[said['verdict']]} {said['limit_yuan']:,} 元，{said['by']}，{said['at']}"


def _waterfall_lines(waterfall: dict[str, Any]) -> list[str]:
    """Write every term of the limit with its unit, the one that bound it marked, then what was found."""
    binding = waterfall["binding_term"]
    return [
        *(
            _term_line(term, waterfall.get(name), is_binding=bool(binding) and name.startswith(f"{binding}_yuan"))
            for name, term in terms().items()
        ),
        *(f"  · {_reason(code)}" for code in waterfall["findings"]),
    ]


def _term_line(term: Term, value: float | None, *, is_binding: bool) -> str:
    figure = "无" if value is None else f"{value:,} {term.unit_zh}"
    return f"  {term.label_zh}：{figure}{'  ← 约束项' if is_binding else ''}"


def _reason(code: str) -> str:
    return DECISION_REASONS.get(code, code)


def _version_lines(versions: dict[str, Any], signatures: list[dict[str, Any]]) -> list[str]:
    """Say what the decision was made with, and who answers for it."""
    told = (
        f"  政策 {versions['policy']}；评分卡 {versions['scorecard']}；关联规则 {versions['linkage']}；"
        f"程序 {versions['code']}"
    )
    return [told, *(_signature_line(signature) for signature in signatures)]


def _signature_line(signature: dict[str, Any]) -> str:
    minutes = f"，纪要 {signature['minutes']}" if "minutes" in signature else ""
    return f"  {signature['act']}：{signature['by']}，{signature['at']}{minutes}"


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


def _lineage_line(row: dict[str, Any]) -> str:
    """Say whom the household was, and how that is known."""
    cause = CAUSES_OF_CHANGE_ZH.get(row["cause"], "")
    on = f"，{row['changed_on']}" if row["changed_on"] else ""
    if row["role"] == "unregistered":
        return "家庭成员仍在登记，但没有可用的承包方记录：请农业农村局核实"
    if row["role"] in ("circle", "contradicted"):
        what = "首尾相接" if row["role"] == "circle" else "与登记簿不一致"
        return f"承包方编码变更表{what}，未作处理{on}"
    return f"承包方编码变更：{ROLES_ZH[row['role']]} {row['from_key']}（{cause}{BASES_ZH[row['basis']]}{on}）"


def _relief_lines(found: dict[str, Any]) -> list[str]:
    """Say what a declared window excused, which limit it keeps, what is offered and what is still to be brought."""
    return [
        *(_excused_line(row) for row in found["relief"]),
        *([_kept_line(found["relief_kept"])] if found["relief_kept"] else []),
        *(_measure_line(row) for row in found["relief_measures"]),
        *(_condition_line(row) for row in found["conditions"]),
    ]


def _excused_line(row: dict[str, Any]) -> str:
    return (
        f"纾困：{CAUSES_ZH[row['cause']]}，{row['document']}，{row['starts_on']} 至 {row['ends_on']}；"
        f"不计入的逾期 {row['excused_days']:,} 天，撤下名单 {row['lifted_entries']:,} 条"
    )


def _kept_line(kept: dict[str, Any]) -> str:
    return (
        f"纾困期内额度保持 {kept['kept_limit_yuan']:,} 元；否则为{DECISIONS_ZH[kept['would_decision']]} "
        f"{kept['would_limit_yuan']:,} 元"
    )


def _measure_line(row: dict[str, Any]) -> str:
    return f"可提供的纾困措施：{MEASURES_ZH[row['measure']]}（{row['product_name']}，余额 {row['balance_yuan']:,} 元）"


def _condition_line(row: dict[str, Any]) -> str:
    return f"待补材料：{row['item']}，{row['due_on']} 前；{CONDITIONS_ZH[row['state']]}"


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


def _points_lines(points: list[dict[str, Any]], decision: dict[str, Any] | None) -> list[str]:
    """Write the sum, what it means, and each feature's part."""
    if not points:
        return []
    total = f"  各项得分合计 {sum(row['points'] for row in points):+,} 分（另加评分卡的基础分）"
    if decision and decision.get("default_probability_ppm") is not None:
        share = decision["default_probability_ppm"] / 10_000
        total += f"；违约概率 {share:.2f}%，信用档次 {decision['band']}"
    return [total, *map(_points_line, points)]


def _points_line(row: dict[str, Any]) -> str:
    why = f"（{row['reason_zh']}）" if row["reason_zh"] else ""
    return (
        f"  {row['feature']}：{_value(row['value'])}，分箱 {row['bin']}，得分 {row['points']}，失分 "
        f"{row['points_lost']}{why}"
    )


def _value(value: float | None) -> str:
    return "缺失" if value is None else f"{value:,.6g}"


def _decision_lines(decision: dict[str, Any]) -> list[str]:
    """Say what was decided of which product, and why."""
    name, made = PRODUCTS_ZH[decision["product"]], DECISIONS_ZH[decision["decision"]]
    binding, borrower = decision["binding_term"], decision["borrower_reason"]
    return [
        f"农户 {decision['household_key']}  产品 {name}  决定：{made}",
        f"授信额度 {decision['limit_yuan']:,} 元{_term_of(decision)}",
        *_cost_of(decision),
        *([f"约束项：{_reason(binding)}"] if binding else []),
        *(f"原因：{_reason(code)}（{code}）" for code in decision["reason_codes"]),
        *([f"借款人：{DECISION_REASONS[borrower]}"] if borrower else []),
    ]


def _cost_of(decision: dict[str, Any]) -> list[str]:
    """Say what the line costs a year; nothing of a run that is older than these figures."""
    if decision.get("annual_cost_bp") is None:
        return []
    rate, cost = (percent(decision[name], 10_000) for name in ("annual_rate_bp", "annual_cost_bp"))
    return [f"年利率 {rate}，年化综合融资成本 {cost}"]


def _term_of(decision: dict[str, Any]) -> str:
    """Say from when to when a limit holds, and when it is reviewed; nothing where none was given."""
    if not decision["term_months"]:
        return ""
    return (
        f"，期限 {decision['term_months']} 个月（{decision['valid_from']} 至 {decision['valid_to']}），"
        f"{decision['review_due_on']} 前复审"
    )


def _input_line(item: dict[str, Any]) -> str:
    place = " / ".join(part for part in (item["file_name"], item["sheet"]) if part)
    doubt = {"provisional": "（待确认，不计入）", "confirmed": "（人工确认）"}.get(item["link"] or "", "")
    grounds = "，".join(_grounds(item))
    return (
        f"  {OFFICES_ZH.get(item['office'], item['office'])}  {item['contract']}  {place}  第 "
        f"{item['line_number']} 行  关联：{item['pass'] or '无'}{doubt}{f'［{grounds}］' if grounds else ''}"
    )


def _grounds(item: dict[str, Any]) -> Iterator[str]:
    """Say on what grounds a line was linked to the household."""
    if item.get("agreement") not in (None, "code"):
        yield f"姓名{item['agreement']}"
    if item.get("score") is not None:
        yield f"得分 {item['score']:.1f}"
    if item.get("margin") is not None:
        yield f"差距 {item['margin']:.1f}"
    if item.get("roster_line") is not None:
        yield f"登记簿第 {item['roster_line']} 行"
