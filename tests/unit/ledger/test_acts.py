"""Acts that leave things as they were are known by name; every other one counts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import village_credit
from village_credit.errors import RunConflict
from village_credit.ledger.acts import BRINGS_NOBODY, OF_NO_HOUSEHOLD
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import Entry
from village_credit.services.keeping import erase


def test_each_name_is_an_act_of_this_program():
    source = "".join(path.read_text(encoding="utf-8") for path in Path(village_credit.__file__).parent.rglob("*.py"))
    named = set(re.findall(r'\b[A-Z]+ = "([a-z_]+)"', source)) | set(re.findall(r'\(store, "([a-z_]+)", by', source))
    named |= set(re.findall(r'"([a-z_]+)"', "".join(re.findall(r"^[A-Z_, ]+ = .*$", source, re.MULTILINE)))) | {"stage"}
    assert (OF_NO_HOUSEHOLD | BRINGS_NOBODY) - named == set()


@pytest.mark.parametrize(
    ("act", "brings"),
    [("withdraw", True), ("review_verdicts", True), ("relief", True), ("of_tomorrow", True), ("find", False)],
)
def test_an_erasure_gives_way_to_whatever_may_have_brought_somebody(act: str, brings: bool):
    planned = Ledger([])
    now = Ledger([Entry(1, act, "2026-11-01T00:00:00+00:00", "1001", "", {}, "")])
    if brings:
        with pytest.raises(RunConflict, match="give the same command again"):
            erase._require_unmoved(now, planned)
    else:
        erase._require_unmoved(now, planned)
