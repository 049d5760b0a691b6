"""What a flow run is called: what it is of, on which day and why, unless a person gave it a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from prefect.runtime import flow_run

# As the server and the page's form make them up; what people type has a capital, a blank, or another script.
MADE_UP = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){1,4}")


def called(what: Callable[[dict[str, Any]], str]) -> Callable[[], str]:
    """Return how a run is called: `what` makes a name of its parameters."""

    def name() -> str:
        given = str(flow_run.name or "")
        return what(dict(flow_run.parameters)) if not given or MADE_UP.fullmatch(given) else given

    return name
