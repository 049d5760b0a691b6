"""By what a line was linked is told in words of each language, not in the codes that the tables have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from village_credit.report.translations import LANGUAGES, texts_in
from village_credit.sql_files import sql

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pass_and_every_way_in_which_names_agree_has_its_words(language: str):
    rows = [
        line.split("|")[2]
        for line in (ROOT / "docs/explanation/linkage.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| [0-9]? ?\| `", line)
    ]
    passes = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert len(passes) > 9
    assert passes == set(texts_in(language)["link_passes"])
    told = set(re.findall(r"(?:THEN|ELSE) '([a-z_]+)'", sql("link", "agreement")))
    assert told | {"member", "no_name"} == set(texts_in(language)["name_agreements"])
