"""What a flow run is called: what it is of, on which day and why, unless a person gave it a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from prefect.runtime import flow_run

from data_contracts.toml_file import has_long_number

# As the server and the page's form make them up; what people type has a capital, a blank, or another script.
MADE_UP = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){1,4}")


def called(what: Callable[[dict[str, Any]], str]) -> Callable[[], str]:
    """Return how a run is called: `what` makes a name of its parameters."""

    def name() -> str:
        given = str(flow_run.name or "")
        is_typed = given and not MADE_UP.fullmatch(given) and not has_long_number(given)
        return given if is_typed else what(dict(flow_run.parameters))

    return name
