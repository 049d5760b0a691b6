from __future__ import annotations

import gc
import subprocess
import sys

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


def test_tables_are_a_connection_s_own_and_go_with_it():
    names = "SELECT count(*) FROM duckdb_databases() WHERE database_name LIKE 'own_%'"
    first, second = duckdb_session.own_tables(), duckdb_session.own_tables()
    for number, connection in enumerate((first, second)):
        connection.execute(
            f"CREATE MACRO said() AS {number}; CREATE TABLE t AS SELECT said() AS a; CREATE VIEW v AS FROM t"
        )
    assert [c.sql("FROM v").fetchall() for c in (first, second)] == [[(0,)], [(1,)]]
    before = second.sql(names).fetchall()[0][0]
    del first, connection
    gc.collect()
    assert second.sql(names).fetchall() == [(before - 1,)]
    assert second.sql("FROM v").fetchall() == [(1,)]


def test_what_is_set_for_some_is_not_set_for_others():
    setting = "SELECT current_setting('preserve_insertion_order')"
    apart = duckdb_session.own_tables({"preserve_insertion_order": "false"})
    assert apart.sql(setting).fetchall() == [(False,)]
    assert duckdb_session.own_tables().sql(setting).fetchall() == [(True,)]
    assert duckdb_session.query_cursor().sql(setting).fetchall() == [(True,)]


def test_a_child_process_has_tables_of_its_own():
    script = """
import os
from village_credit import duckdb_session
parent = duckdb_session.own_tables()
parent.execute("CREATE TABLE t AS SELECT 1 AS a")
if not os.fork():
    own = duckdb_session.own_tables()
    own.execute("CREATE TABLE t AS SELECT 2 AS a")
    os._exit(int(own.sql("FROM t").fetchall() != [(2,)]))
assert os.wait()[1] == 0
assert parent.sql("FROM t").fetchall() == [(1,)]
"""
    subprocess.run([sys.executable, "-c", script], check=True)
