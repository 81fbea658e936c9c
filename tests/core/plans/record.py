"""Records the plans beside this file: ``python -m tests.core.plans.record URL NAME.json``.

Everything happens in one transaction that is rolled back. The plans are the server's own answers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psycopg

SCHEMA = """
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL, owner int NOT NULL);
CREATE TABLE task (
    id int PRIMARY KEY, project int NOT NULL REFERENCES project, status text NOT NULL,
    priority int NOT NULL, created timestamptz NOT NULL, notes text NOT NULL);
INSERT INTO project SELECT n, 'project ' || n, n % 50 FROM generate_series(1, 500) n;
INSERT INTO task SELECT n, 1 + n % 500, CASE WHEN n % 100 = 0 THEN 'open' ELSE 'done' END,
    (n * 7919) % 1000, '2024-01-01'::timestamptz + n * interval '1 minute', repeat('x', 40)
    FROM generate_series(1, 40000) n;
CREATE INDEX task_project ON task (project);
CREATE INDEX task_priority ON task (priority, id);
CREATE TABLE event (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE event_2023 PARTITION OF event FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO event SELECT n, '2023-01-01'::date + n % 730 FROM generate_series(1, 5000) n;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER task_touch AFTER UPDATE ON task FOR EACH ROW EXECUTE FUNCTION touch();
ANALYZE;
"""
PARALLEL = {
    "parallel_setup_cost": 0,
    "parallel_tuple_cost": 0,
    "min_parallel_table_scan_size": 0,
    "max_parallel_workers_per_gather": 2,
}
ALONE = {"max_parallel_workers_per_gather": 0}
#: What each plan shows, the settings it needs, and the statement.
QUERIES: dict[str, tuple[dict[str, object], str]] = {
    "loops": (
        {**ALONE, "enable_hashjoin": "off", "enable_mergejoin": "off", "enable_memoize": "off"},
        "SELECT p.name, t.id FROM project p JOIN task t ON t.project = p.id WHERE p.owner = 7",
    ),
    "gather": (PARALLEL, "SELECT status, count(*) FROM task WHERE priority < 900 GROUP BY status"),
    "gather-merge": (
        {**PARALLEL, "enable_indexscan": "off"},
        "SELECT * FROM task WHERE status = 'open' ORDER BY created DESC LIMIT 10",
    ),
    "parallel-hash": (
        {**PARALLEL, "enable_nestloop": "off", "enable_mergejoin": "off"},
        "SELECT count(*) FROM task a JOIN task b ON a.id = b.priority",
    ),
    "parallel-nested-loop": (
        {**PARALLEL, "enable_hashjoin": "off", "enable_mergejoin": "off"},
        "SELECT count(*) FROM task t JOIN project p ON p.id = t.project WHERE p.name LIKE '%7'",
    ),
    "init-plan": (
        ALONE,
        "SELECT count(*) FROM task WHERE priority > (SELECT avg(priority) FROM task)",
    ),
    "init-plan-of-gather": (
        PARALLEL,
        "SELECT count(*) FROM task WHERE priority > (SELECT max(priority) / 2 FROM task"
        " WHERE status = 'open' OFFSET 0)",
    ),
    "cte-twice": (
        ALONE,
        "WITH busy AS MATERIALIZED (SELECT project, count(*) n FROM task GROUP BY project)"
        " SELECT * FROM busy WHERE n > (SELECT avg(n) FROM busy)",
    ),
    "sub-plan": (
        ALONE,
        "SELECT p.id, (SELECT count(*) FROM task t WHERE t.project = p.id) FROM project p",
    ),
    "hashed-sub-plan": (
        ALONE,
        "SELECT id FROM project WHERE id NOT IN (SELECT project FROM task WHERE status = 'open')",
    ),
    "never-executed": (
        ALONE,
        "SELECT t.id FROM project p JOIN task t ON t.project = p.id WHERE p.owner = 99",
    ),
    "disk-sort": (
        {**ALONE, "work_mem": "64kB", "enable_indexscan": "off"},
        "SELECT * FROM task ORDER BY created DESC, id",
    ),
    "hash-batches": (
        {**ALONE, "work_mem": "64kB", "enable_nestloop": "off", "enable_mergejoin": "off"},
        "SELECT count(*) FROM task a JOIN task b ON a.id = b.id + 0",
    ),
    "memoize": (
        {**ALONE, "enable_hashjoin": "off", "enable_mergejoin": "off"},
        "SELECT t.id, p.name FROM task t LEFT JOIN project p ON p.id = t.project WHERE t.id < 3000",
    ),
    "lossy-bitmap": (
        {**ALONE, "work_mem": "64kB", "enable_seqscan": "off", "enable_indexscan": "off"},
        "SELECT * FROM task WHERE priority BETWEEN 100 AND 600 AND status = 'done'",
    ),
    "index-only": (
        {**ALONE, "enable_seqscan": "off", "enable_bitmapscan": "off"},
        "SELECT count(*) FROM task WHERE priority = 5",
    ),
    "window": (
        ALONE,
        "SELECT * FROM (SELECT id, row_number() OVER (ORDER BY priority) n FROM task) t"
        " WHERE n < 10",
    ),
    "writing-cte": (
        ALONE,
        "WITH moved AS (UPDATE task SET priority = 0 WHERE id < 50 RETURNING id)"
        " SELECT count(*) FROM moved",
    ),
    "jit": (
        {**ALONE, "jit": "on", "jit_above_cost": 0, "jit_optimize_above_cost": -1},
        "SELECT sum(priority) FROM task",
    ),
    "recursive": (
        ALONE,
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 50)"
        " SELECT count(*) FROM r JOIN project p ON p.id = r.n",
    ),
    "incremental-sort": (
        {**ALONE, "enable_seqscan": "off"},
        "SELECT * FROM task ORDER BY priority, created LIMIT 50",
    ),
    "set-operation": (ALONE, "SELECT project FROM task EXCEPT SELECT id FROM project"),
    "grouping-sets": (
        ALONE,
        "SELECT status, priority % 3, count(*) FROM task GROUP BY CUBE (status, priority % 3)",
    ),
    "sources": (
        ALONE,
        "SELECT * FROM generate_series(1, 3) g(n) JOIN (VALUES (1, 'a'), (2, 'b')) v(n, s)"
        " USING (n)",
    ),
    "partitions": (
        ALONE,
        "SELECT count(*) FROM event WHERE at >= '2024-02-01'::text::date",
    ),
    "disabled": (
        {**ALONE, "enable_seqscan": "off"},
        "SELECT count(*) FROM project WHERE name LIKE '%7'",
    ),
    "merge-full-join": (
        {**ALONE, "enable_hashjoin": "off"},
        "SELECT count(*) FROM task a FULL JOIN project b ON a.id = b.id",
    ),
}
#: The same, not run.
PLANNED = ("gather", "loops", "writing-cte")


def record(url: str) -> dict[str, object]:
    """EXPLAIN's answers by name."""
    found: dict[str, object] = {}
    with psycopg.connect(url) as connection:
        connection.execute(SCHEMA)
        for name, (settings, sql) in QUERIES.items():
            found[name] = _plan(connection, settings, "ANALYZE, BUFFERS, ", sql)
        for name in PLANNED:
            found[f"{name}-planned"] = _plan(connection, QUERIES[name][0], "", QUERIES[name][1])
        connection.rollback()
    return found


def _plan(
    connection: psycopg.Connection, settings: dict[str, object], how: str, sql: str
) -> object:
    connection.execute("SAVEPOINT before")
    for setting, value in settings.items():
        connection.execute(f"SET LOCAL {setting} = '{value}'")
    [plan] = connection.execute(f"EXPLAIN ({how}VERBOSE, SETTINGS, FORMAT JSON) {sql}").fetchone()
    connection.execute("ROLLBACK TO SAVEPOINT before")
    return plan


if __name__ == "__main__":
    url, target = sys.argv[1:]
    text = ",\n".join(f"{json.dumps(n)}: {json.dumps(p)}" for n, p in record(url).items())
    Path(target).write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
