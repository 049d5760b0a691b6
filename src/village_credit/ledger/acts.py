"""Acts that leave things as they were: every other one counts, one that is written tomorrow too."""

from __future__ import annotations

# say nothing of a household, nor of what is in force for it
OF_NO_HOUSEHOLD = frozenset(
    {
        *("stage", "approve", "publish", "authority_signatures", "find", "reseal", "rotate", "retain", "disclose"),
        *("notify", "opt_out", "opt_in"),  # of messages alone: no decision asks it
    }
)
# bring nobody's name or number into the store
BRINGS_NOBODY = frozenset(
    {"approve", "renew", "find", "rotate", "retain", "erase", "disclose", "notify", "opt_out", "opt_in"}
)
