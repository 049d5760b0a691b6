"""Gates as rows of a page, a run's or a place's: name, verdict, figure, what is asked, and what to do."""

from __future__ import annotations

from village_credit.policy.gate_thresholds import DECLARED
from village_credit.report.figures import figure_of, threshold_text
from village_credit.report.page_parts import Cell, Row, Table, heads, text_cell, verdict_cell
from village_credit.report.translations import translated

Gate = tuple[str, float | None, str, str, str]  # name, figure, what is asked, verdict, what it looks at


def gates_table(gates: list[Gate]) -> Table:
    """Draw gates in their order."""
    columns = heads("gate", "verdict", "value", "threshold", "explanation")
    return Table("gates", translated("captions", "gates"), columns, [_row(*gate) for gate in gates])


def _row(gate: str, value: float | None, threshold: str, verdict: str, text: str) -> Row:
    return Row(
        [
            text_cell(translated("gate_names", gate)),
            verdict_cell(verdict),
            _figure(gate, value),
            text_cell(threshold_text(threshold, _unit(gate))),
            text_cell(translated("gates", gate) if gate in DECLARED else text),
        ]
    )


def _unit(gate: str) -> str:
    return str(DECLARED[gate]["unit"]) if gate in DECLARED else ""


def _figure(gate: str, value: float | None) -> Cell:
    return text_cell(translated("misc", "no_data")) if value is None else Cell(figure_of(value, _unit(gate)), value)
