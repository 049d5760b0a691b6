"""Each verb of the command line: words in, one act, a result that a person or a program can read.

Read `shared`, then the verbs by who types them: `scoring`, `committee`, `people`, `returns`, `records`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from village_credit.commands import committee, people, records, returns, scoring
from village_credit.settings import Settings, settings

VERBS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "synthesize": scoring.do_synthesize, "score": scoring.do_score, "rescore": scoring.do_rescore,
    "diff": committee.do_diff, "approve": committee.do_approve, "publish": committee.do_publish, "rollback": committee.do_rollback,
    "policy": committee.do_policy, "relief": committee.do_relief, "simulate": committee.do_simulate, "train": committee.do_train, "assess-model": committee.do_assess_model, "model": committee.do_model,
    "hold": people.do_hold, "release": people.do_hold, "find": people.do_find, "explain": people.do_explain,
    "notices": people.do_notices, "links": people.do_links, "reviews": people.do_reviews, "authority": people.do_authority, "renew": people.do_renew,
    "acknowledge": returns.do_acknowledge, "record-usage": returns.do_record_usage,
    "report": records.do_report, "status": records.do_status, "verify": records.do_verify, "ledger": records.do_ledger, "package": records.do_package,
    "corrections": records.do_corrections, "contracts": records.do_contracts,
}  # fmt: skip


def run(words: argparse.Namespace) -> int:
    """Run the verb's function."""
    return VERBS[words.verb](words, settings(words.store, words.models, words.counties))
