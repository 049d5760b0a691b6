"""The history becomes a candidate scorecard; nothing scores with it until it is put among the models."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from prefect import flow
from pydantic import AfterValidator, Field

from data_contracts.toml_file import names_nobody
from pipelines.names import called
from pipelines.steps import fit
from pipelines.words import County

# becomes a file name; eight digits at most, as in a reason
ModelId = Annotated[
    str, Field(max_length=40, pattern="^[a-z][a-z.-]*([0-9][a-z.-]*){0,8}$"), AfterValidator(names_nobody)
]


@flow(name="train", flow_run_name=called(lambda asked: f"train {asked.get('model_id')} on {asked['county']}"))
def train(county: County, model_id: ModelId = "candidate", valid_from: date | None = None) -> str:
    """Fit a candidate on VILLAGE_CREDIT_HISTORY; gives the path of its scorecard.

    Args:
        county: 县 · whose loans it is trained on
        model_id: 评分卡名称 · what the candidate is called: small letters, digits, dots and hyphens
        valid_from: 生效日 · from when it may score; none: the day after the newest outcome
    """
    return fit(county, model_id, valid_from)
