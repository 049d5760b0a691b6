"""The history becomes a candidate scorecard; nothing scores with it until it is put among the models."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from prefect import flow
from pydantic import Field

from pipelines.steps import fit
from pipelines.words import County

ModelId = Annotated[str, Field(pattern="^[a-z][a-z0-9.-]{0,39}$")]  # becomes a file name


@flow(name="train", flow_run_name="train-{model_id}")
def train(county: County, model_id: ModelId = "candidate", valid_from: date | None = None) -> str:
    """Fit a candidate on VILLAGE_CREDIT_HISTORY; gives the path of its scorecard."""
    return fit(str(int(county)), model_id, valid_from)
