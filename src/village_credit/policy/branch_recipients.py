"""For whom branches' packages are encrypted, by the text of a policy that was kept with a run."""

from __future__ import annotations

import tomllib

from pydantic import TypeAdapter, ValidationError

from data_contracts.toml_file import BYTE_ORDER_MARK
from village_credit.errors import PolicyRefused
from village_credit.policy.sections import BranchRecipients

TABLE = "branch_recipients"
_TABLE = TypeAdapter(BranchRecipients)


def recipients_in(text: str) -> dict[str, tuple[str, ...]]:
    """Return each branch's recipients.

    Nothing else of the policy is asked: one of before, whose figures today's code would refuse, still says for whom its
    county's packages are. Raises PolicyRefused where the table is unsound.
    """
    try:
        return _TABLE.validate_python(tomllib.loads(text.removeprefix(BYTE_ORDER_MARK)).get(TABLE, {}))
    except (ValidationError, ValueError, RecursionError):
        raise PolicyRefused(
            f"[{TABLE}] of a policy that is kept with a run cannot be read: compare with its backup"
        ) from None
