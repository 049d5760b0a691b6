"""What leaves is what the outgoing contract promises: every decision of a run is checked before it is sealed."""

from __future__ import annotations

import pyarrow as pa
from pydantic import ValidationError

from data_contracts.branch import Decision
from village_credit.duckdb_session import query_cursor
from village_credit.errors import VerificationFailed
from village_credit.sql_files import sql

TOLD = 3  # faults in a message


def require_decisions(decisions: pa.Table) -> None:
    """Raise VerificationFailed where a decision breaks `data_contracts.branch.Decision`.

    Decisions of one shape (all but the household, and amounts by whether there is one) break it alike: one of each is
    judged, each household's key in SQL.
    """
    connection = query_cursor()
    connection.register("decisions", decisions)
    keys = Decision.model_fields["household_key"].metadata[0].pattern
    shapes = connection.sql(sql("tables", "decision_shapes"), params={"pattern": keys}).to_arrow_table().to_pylist()
    faults = [f"{shape.pop('households'):,} like {fault}" for shape in shapes if (fault := _fault(shape))]
    if faults:
        raise VerificationFailed(
            f"{len(faults)} kinds of decisions break the outgoing contract: {'; '.join(faults[:TOLD])}; report it"
        )


def _fault(shape: dict[str, object]) -> str | None:
    try:
        Decision.model_validate({name: value for name, value in shape.items() if name != "households"})
    except ValidationError as refusal:
        return ", ".join(
            f"{'.'.join(map(str, one['loc'])) or 'decision'}: {one['type']}"
            for one in refusal.errors(include_input=False)
        )
    return None
