"""Whole-village credit pre-approval (整村授信): read the folders in the order of a delivery's journey.

The journey: extract → validate → link → features → score → policy → decide → relief → tables. Around it: `ingest`
takes a county's files in, `store` keeps bytes, `ledger` what people did, `publish` makes what leaves, `services` are
what people and schedules do, `cli` the words they type. docs/develop/house.md draws it.
"""

__version__ = "0.1.0"
