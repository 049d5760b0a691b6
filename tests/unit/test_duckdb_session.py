from __future__ import annotations

import pytest

from village_credit import duckdb_session
from village_credit.errors import UsageError


@pytest.mark.parametrize(("said", "threads"), [("1", 1), ("3", 3)])
def test_a_database_works_on_the_threads_that_it_is_given(monkeypatch, said, threads):
    monkeypatch.setenv(duckdb_session.THREADS, said)
    assert duckdb_session.connect().execute("SELECT current_setting('threads')").fetchall() == [(threads,)]


@pytest.mark.parametrize("said", ["0", "all", "-1", "²", "1.5", "1025", "99999999", "0" * 5])
def test_threads_that_are_no_number_are_refused_with_what_to_give(monkeypatch, said):
    monkeypatch.setenv(duckdb_session.THREADS, said)
    with pytest.raises(UsageError, match="whole number from 1"):
        duckdb_session.connect()
