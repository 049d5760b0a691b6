"""An approved run is put in force, and its branch files are packed; `village-credit approve` signs it before."""

from __future__ import annotations

from prefect import flow

from pipelines.names import called
from pipelines.steps import put_in_force
from pipelines.words import RunId


@flow(name="publish", flow_run_name=called(lambda asked: f"publish {asked['run_id']}"))
def publish(run_id: RunId) -> str:
    """Put a signed run in force; fails with the reason where it is not signed, and gives the publication's id.

    Args:
        run_id: 运行编号 · a run that `village-credit approve` has signed, as `village-credit status` shows it
    """
    return put_in_force(run_id)
