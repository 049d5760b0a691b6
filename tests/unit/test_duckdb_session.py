from __future__ import annotations

import gc
import subprocess
import sys

import pyarrow as pa
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


def test_texts_that_are_kept_once_each_are_the_query_s_own():
    query = """SELECT i, CASE WHEN i % 7 > 0 THEN 'text ' || (i % 7 + i // 200000) END AS few, i::VARCHAR AS many
        FROM range(300000) AS n(i) ORDER BY i DESC"""
    plain = duckdb_session.query_cursor().sql(query).to_arrow_table()
    narrow = duckdb_session.with_few_texts(duckdb_session.query_cursor().sql(query), ("few", "lacking"))
    assert pa.types.is_dictionary(narrow.schema.field("few").type)
    assert narrow.cast(plain.schema).equals(plain)
    assert narrow.column("few").nbytes < plain.column("few").nbytes / 2
    nothing = duckdb_session.with_few_texts(duckdb_session.query_cursor().sql(f"FROM ({query}) WHERE i < 0"), ("few",))
    assert nothing.num_rows == 0
    assert nothing.cast(plain.schema).equals(plain.slice(0, 0))


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
