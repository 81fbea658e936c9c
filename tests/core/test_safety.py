"""What is refused from reading the statement alone."""

from __future__ import annotations

import pytest

from queryscope.core.safety import called, has_placeholders, refusal_to_explain, refusal_to_run

READS = [
    "SELECT 1",
    "select * from task where id = 5;",
    "  -- a comment\n SELECT 1 /* ; */ -- ; DELETE FROM task",
    "SELECT ';' || $q$; DELETE FROM task$q$ || E'\\';' || \";\" FROM task",
    "(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1",
    "WITH a AS MATERIALIZED (SELECT 1 AS n) SELECT * FROM a",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r LIMIT 3",
    "VALUES (1), (2)",
    "TABLE task",
    "SELECT E'\\'', 'b', E'c' || 'd', 'e' FROM task WHERE data ? 'a' AND n % 5 = 1",
    "SELECT DISTINCT ON (a) a, row_number() OVER (PARTITION BY b) FROM task",
    "SELECT \"update\", 'for update' FROM \"delete\" WHERE note = 'INSERT INTO x'",
]
NOT_RUN = [
    ("INSERT INTO task VALUES (1)", "INSERT is not a SELECT"),
    ("UPDATE task SET id = 1", "UPDATE is not a SELECT"),
    ("DELETE FROM task", "DELETE is not a SELECT"),
    ("MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE", "MERGE is not a SELECT"),
    ("WITH x AS (DELETE FROM task RETURNING *) SELECT * FROM x", "it has DELETE in it"),
    ("WITH x AS (INSERT INTO task VALUES (1) RETURNING *) SELECT 1", "it has INSERT in it"),
    ("WITH x AS (UPDATE task SET id = 1 RETURNING *) TABLE x", "it has UPDATE in it"),
    ("WITH x AS (SELECT 1) DELETE FROM task", "it is not a SELECT"),
    ("SELECT * FROM task FOR UPDATE", "it locks rows"),
    ("SELECT * FROM task FOR NO KEY UPDATE SKIP LOCKED", "it locks rows"),
    ("SELECT * FROM task FOR SHARE", "it locks rows"),
    ("SELECT * FROM (SELECT * FROM task FOR KEY SHARE) t", "it locks rows"),
    ("(SELECT 1) UNION (SELECT id FROM task FOR UPDATE)", "it locks rows"),
    ("SELECT * INTO copied FROM task", "it makes a table"),
    ("SELECT * FROM task WHERE id = $1", "its values are not known"),
    ("SELECT U&\"\\006Eextval\"('s')", "escapes"),
    ("SELECT ((((", "cannot be read"),
    ("SELECT 1 FROM WHERE", "cannot be read"),
]
NOT_EXPLAINED = [
    ("", "there is no statement"),
    (" ; ", "there is no statement"),
    ("-- only a comment", "there is no statement"),
    ("SELECT 1; DELETE FROM task", "more than one statement"),
    ("SELECT 1 -- \r; DELETE FROM task", "more than one statement"),
    ("SELECT 1 /* /* */ */; DELETE FROM task", "more than one statement"),
    ("SELECT 'a'';' ; DELETE FROM task", "more than one statement"),
    ("SELECT $a$ $b$ $a$; DELETE FROM task -- $a$", "more than one statement"),
    ("SELECT E'a'\n'\\'' ; DELETE FROM task --'", "where a string of it ends"),
    ("SELECT E'a' -- b\n'\\'' ; DELETE FROM task --'", "where a string of it ends"),
    ("SELECT 5 %sE'\\' ; DELETE FROM task --'", "where a string of it ends"),
    ("SELECT a[0 :E'\\'']; DELETE FROM task --'", "where a string of it ends"),
    ('SELECT 5 %s$$ FROM (SELECT 1 AS "s$$") x; DELETE FROM task --"', "where a string"),
    ("SELECT 1 ` ; DELETE FROM task --`", "where a string of it ends"),
    ("EXPLAIN SELECT 1", "EXPLAIN has no plan"),
    ("ANALYZE DELETE FROM task", "ANALYZE has no plan"),
    ("(ANALYZE) DELETE FROM task", "ANALYZE has no plan"),
    ("((ANALYZE TRUE, VERBOSE)) SELECT 1", "ANALYZE has no plan"),
    ("VERBOSE SELECT 1", "VERBOSE has no plan"),
    ("COPY task TO PROGRAM 'sh'", "COPY has no plan"),
    ("DO $$ BEGIN DELETE FROM task; END $$", "DO has no plan"),
    ("CALL work()", "CALL has no plan"),
    ("EXECUTE prepared(nextval('s'))", "EXECUTE has no plan"),
    ("DECLARE c CURSOR FOR SELECT 1", "DECLARE has no plan"),
    ("CREATE TABLE copied AS SELECT 1", "CREATE has no plan"),
    ("REFRESH MATERIALIZED VIEW v", "REFRESH has no plan"),
    ("PRAGMA user_version = 3", "PRAGMA has no plan"),
    ("ATTACH 'x' AS y", "ATTACH has no plan"),
    ("TRUNCATE task", "TRUNCATE has no plan"),
    ("COMMIT", "COMMIT has no plan"),
    ("'x'", "what starts with '?' has no plan"),
]


@pytest.mark.parametrize("sql", READS)
def test_a_select_that_only_reads_may_run(sql: str) -> None:
    assert refusal_to_explain(sql) is None
    assert refusal_to_run(sql) is None


@pytest.mark.parametrize(("sql", "reason"), NOT_RUN)
def test_may_be_explained_but_not_run(sql: str, reason: str) -> None:
    assert refusal_to_explain(sql) is None
    assert reason in (refusal_to_run(sql) or "")


@pytest.mark.parametrize(("sql", "reason"), NOT_EXPLAINED)
def test_may_not_even_be_explained(sql: str, reason: str) -> None:
    assert reason in (refusal_to_explain(sql) or "")
    assert refusal_to_run(sql) is not None


def test_a_statement_too_deep_to_be_read_is_not_run() -> None:
    sql = "SELECT " + "(" * 5000 + "1" + ")" * 5000
    assert refusal_to_explain(sql) is None
    assert refusal_to_run(sql) is not None


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ('SELECT nextval(\'s\'), Lower (a), "Odd""Name" (1)', {"nextval", "lower", 'Odd"Name'}),
        ("SELECT pg_catalog.nextval/* */('s')", {"nextval"}),
        ("SELECT 'nextval(1)', $$ nextval(1) $$ -- nextval(1)", set()),
        ("SELECT a.nextval FROM a WHERE b IN (1)", {"in"}),
    ],
)
def test_called(sql: str, names: set[str]) -> None:
    assert called(sql) == names


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT * FROM a WHERE b = $1", True),
        ("SELECT '$1', $$ $1 $$, $q$ $2 $q$ -- $1", False),
        ("SELECT a$1 FROM b", False),
        ("SELECT %s, ?, :x", False),
    ],
)
def test_has_placeholders(sql: str, found: bool) -> None:
    assert has_placeholders(sql) is found
