"""Answered clauses become one page: self-contained, printable, every figure with its field and file."""

from __future__ import annotations

from collections import Counter
from html import escape

from village_credit.report.answers import Answer, Answered, LawAnswered, State, Subject
from village_credit.report.html import STYLE, cards, note, page, section, stacked
from village_credit.report.unbroken import code
from village_credit.score.statistics import LEAST_GROUP

MORE_STYLE = """
@media not screen,(min-width:641px){table.clauses{table-layout:fixed}}
.clauses th:nth-child(1){width:15%}.clauses th:nth-child(2){width:24%}
.clauses th:nth-child(4){width:7%}.clauses td:nth-child(4){white-space:nowrap}.shared{color:var(--ink)}
.clauses p{margin:0 0 8px}.clauses .number{color:var(--soft);display:block}.clauses .theirs{color:var(--soft)}
.clauses .source{color:var(--soft);font-size:11.5px;line-height:1.45;margin:-6px 0 10px;overflow-wrap:anywhere}
.lacking{color:var(--amber)}.clauses .number,.clauses .source{break-after:avoid}
@media print{section{break-inside:auto;padding:8px 10px;margin:10px 0}
main{padding:0;max-width:none}.clauses{font-size:11.5px}}
"""
KINDS_ZH = {"run": "批次", "model": "评分卡"}
STATES_ZH: dict[State, tuple[str, str]] = {
    "answered": ("pass", "有据"),
    "shared": ("shared", "部分"),
    "open": ("warn", "待补"),
    "theirs": ("theirs", "他方"),
}
NO_NUMBER = "条号待合规部门核填"
HEADS = ("条款", "要求（自拟概述）", "回答", "状态")
HOW_TO_READ = (
    "逐条列出法律和标准对使用此类算法者的要求，以及本{kind}自己的数字怎样回答。"
    "“有据”：数字取自下列字段和文件，可用 verify 核对；“部分”：除此之外还须由所写的人回答；"
    "“待补”：缺一个字段，写明该做什么；"
    "“他方”：不由本程序回答，写明由谁、为何。本页是底稿，不是合规结论。"
)


def states_of(laws: list[LawAnswered]) -> Counter[State]:
    """Count clauses by whether they are answered, open, or not ours."""
    return Counter(clause.state for law in laws for clause in law.clauses)


def evidence_page(subject: Subject, laws: list[LawAnswered]) -> str:
    """Draw the evidence of a run or a scorecard."""
    kind = KINDS_ZH[subject.kind]
    counts = states_of(laws)
    told = [(word, str(counts[state]), "条") for state, (_, word) in STATES_ZH.items()]
    about = "；".join(f"{label} {value}" for label, value in subject.about.items())
    return page(
        f"算法合规证据 · {kind} {subject.name}",
        STYLE + MORE_STYLE,
        cards([("条款", str(counts.total()), "条"), *told]),
        note(about),
        note(HOW_TO_READ.format(kind=kind)),
        *(_law(law) for law in laws),
        footer=f"“—”：不足 {LEAST_GROUP} 户，或因此可由相减得出，不显示。本页不含任何个人信息。",
    )


def _law(law: LawAnswered) -> str:
    drawn = stacked(HEADS, map(_clause, law.clauses), "clauses")
    return section(law.title, note(law.text_had), drawn)


def _clause(clause: Answered) -> list[tuple[str, str]]:
    style, word = STATES_ZH[clause.state]
    number = escape(clause.number or NO_NUMBER)
    return [
        (f'<span class="number">{number}</span>{escape(clause.topic)}', "wide"),
        (escape(clause.asks), "wide"),
        ("".join(map(_answer, clause.answers)) + _theirs(clause), "wide"),
        (word, style),
    ]


def _theirs(clause: Answered) -> str:
    if clause.theirs is None:
        return ""
    return f'<p class="theirs">由{escape(clause.theirs["who"])}：{escape(clause.theirs["why"])}</p>'


def _answer(answer: Answer) -> str:
    """Draw a sentence, and below it the fields that it was read from."""
    if answer.lacking is not None:
        return f'<p class="lacking">{escape(answer.sentence)}（缺 {escape(answer.lacking)}）</p>'
    fields: dict[str, list[str]] = {}
    for told in answer.figures:
        fields.setdefault(told.file, []).append(told.field or "行数")
    drawn = "；".join(f"{file}：{'、'.join(dict.fromkeys(names))}" for file, names in fields.items())
    return f'<p>{code(answer.sentence)}</p><p class="source">出处 {code(drawn)}</p>'
