"""The history becomes a candidate scorecard; nothing scores with it until it is put among the models."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from prefect import flow
from pydantic import Field

from pipelines.names import called
from pipelines.steps import fit
from pipelines.words import County

ModelId = Annotated[str, Field(pattern="^[a-z][a-z0-9.-]{0,39}$")]  # becomes a file name


@flow(name="train", flow_run_name=called(lambda asked: f"train {asked.get('model_id')} on {asked['county']}"))
def train(county: County, model_id: ModelId = "candidate", valid_from: date | None = None) -> str:
    """Fit a candidate on VILLAGE_CREDIT_HISTORY; gives the path of its scorecard.

    Args:
        county: 县 · whose loans it is trained on
        model_id: 评分卡名称 · what the candidate is called: small letters, digits, dots and hyphens
        valid_from: 生效日 · from when it may score; none: the day after the newest outcome
    """
    return fit(county, model_id, valid_from)
