"""Estimates, conditions and what is around a plan, on PostgreSQL."""

from __future__ import annotations

from .case import BITMAP, MEMORY, ONE, Case

PLANNING = (
    Case(
        "row-misestimate-columns",
        "row-misestimate",
        "SELECT * FROM address WHERE city = 'city 7' AND zip = 'zip 7'",
        table="address",
    ),
    Case(
        "row-misestimate-expression",
        "row-misestimate",
        "SELECT * FROM address WHERE upper(city) <> zip AND lower(city) = 'city 7'",
        table="address",
        before=("UPDATE address SET city = 'city 7' WHERE id % 10 = 0", "VACUUM ANALYZE address"),
    ),
    Case(
        "row-misestimate-never-analysed",
        "row-misestimate",
        "SELECT * FROM fresh JOIN project ON project.id = fresh.project_id WHERE fresh.state = 'x'",
        table="fresh",
        before=(
            "CREATE TABLE fresh (id serial, project_id int, state text)",
            "ALTER TABLE fresh SET (autovacuum_enabled = off)",
            "INSERT INTO fresh (project_id, state) SELECT 1 + i % 500, 'x' "
            "FROM generate_series(1, 50000) i",
        ),
        undo=("DROP TABLE fresh",),
    ),
    Case(
        "row-misestimate-stale",
        "row-misestimate",
        "SELECT * FROM fresh JOIN project ON project.id = fresh.project_id WHERE fresh.state = 'x'",
        table="fresh",
        before=(
            "CREATE TABLE fresh (id serial, project_id int, state text)",
            "ALTER TABLE fresh SET (autovacuum_enabled = off)",
            "INSERT INTO fresh (project_id, state) SELECT 1 + i % 500, 'y' "
            "FROM generate_series(1, 50000) i",
            "ANALYZE fresh",
            "UPDATE fresh SET state = 'x' WHERE id % 2 = 0",
            "SELECT pg_sleep(1)",
        ),
        undo=("DROP TABLE fresh",),
    ),
    Case(
        "row-misestimate-groups",
        "row-misestimate",
        "SELECT a, b, count(*) FROM pair GROUP BY a, b",
        table="pair",
        before=(
            "CREATE TABLE pair (id int, a int, b int)",
            "INSERT INTO pair SELECT i, i % 200, i % 200 FROM generate_series(1, 100000) i",
            "ANALYZE pair",
        ),
        undo=("DROP TABLE pair",),
    ),
    Case(
        "row-misestimate-small",
        "",
        "SELECT * FROM setting WHERE key LIKE 'k%' AND value = 'v' AND length(key) = 2",
    ),
    Case(
        "row-misestimate-limit",
        "",
        "SELECT id FROM task WHERE status = 'done' LIMIT 5",
    ),
    Case(
        "lossy-bitmap",
        "lossy-bitmap",
        "SELECT sum(amount) FROM task WHERE project_id < 60",
        settings=(*BITMAP, "SET LOCAL work_mem = '64kB'"),
    ),
    Case(
        "heap-fetches",
        "heap-fetches",
        "SELECT count(project_id) FROM unclean WHERE project_id < 100",
        settings=(*BITMAP[:-1], "SET LOCAL enable_bitmapscan = off"),
        table="unclean",
        before=(
            "CREATE TABLE unclean (id serial, project_id int, body text)",
            "ALTER TABLE unclean SET (autovacuum_enabled = off)",
            "INSERT INTO unclean (project_id, body) SELECT i % 500, repeat('x', 200) "
            "FROM generate_series(1, 50000) i",
            "CREATE INDEX unclean_project_idx ON unclean (project_id)",
            # VACUUM marks only what is on disk for certain, which may take a moment.
            "SELECT pg_sleep(1)",
            "ANALYZE unclean",
        ),
        undo=("DROP TABLE unclean",),
    ),
    Case(
        "nested-loop-scan",
        "nested-loop-scan",
        "SELECT author.id, count(comment.id) FROM author JOIN comment "
        "ON comment.author_name = author.name WHERE author.country = 'c1' GROUP BY author.id",
        settings=(*ONE, "SET LOCAL enable_hashjoin = off", "SET LOCAL enable_mergejoin = off"),
        table="comment",
    ),
    Case(
        "nested-loop-scan-sides",
        "sequential-scan",
        "SELECT author.id, found.number FROM author CROSS JOIN LATERAL (SELECT count(*) AS number "
        "FROM comment WHERE comment.author_name = author.name) found WHERE author.id < 60",
        table="comment",
    ),
    Case(
        "or-across-columns",
        "or-across-columns",
        "SELECT id FROM task WHERE assigned_to_id = 7 OR created_by_id = 7",
    ),
    Case(
        "or-across-columns-one",
        "",
        "SELECT id FROM task WHERE (project_id = 7 OR project_id = 8)",
    ),
    Case(
        "jit-overhead",
        "jit-overhead",
        "SELECT project_id, count(*), sum(amount), avg(priority) FROM task WHERE amount > 10 "
        "GROUP BY project_id",
        settings=(
            "SET LOCAL max_parallel_workers_per_gather = 0",
            "SET LOCAL jit = on",
            "SET LOCAL jit_above_cost = 1000",
            "SET LOCAL jit_optimize_above_cost = 1000",
            "SET LOCAL jit_inline_above_cost = 1000",
        ),
    ),
    Case(
        "cache-misses",
        "cache-misses",
        "SELECT sum(length(body)) FROM archive",
        "SELECT sum(length(body)) FROM archive WHERE id < 100",
        table="archive",
        before=(
            "CREATE TABLE archive (id int PRIMARY KEY, body text)",
            "INSERT INTO archive SELECT i, repeat(md5(i::text), 30) "
            "FROM generate_series(1, 160000) i",
            "VACUUM ANALYZE archive",
        ),
        undo=("DROP TABLE archive",),
    ),
    Case(
        "wide-rows",
        "wide-rows",
        "SELECT project_id, sum(amount) FROM task GROUP BY project_id",
        before=("SELECT pg_sleep(1)", "VACUUM task"),
    ),
    Case(
        "exact-count",
        "exact-count",
        'SELECT COUNT(*) AS "__count" FROM task',
        "SELECT COUNT(*) FROM (SELECT 1 FROM task LIMIT 1001) subquery",
    ),
    Case(
        "exact-count-filtered",
        "exact-count",
        "SELECT COUNT(*) AS \"__count\" FROM task WHERE status = 'done'",
        "SELECT COUNT(*) FROM (SELECT 1 FROM task WHERE status = 'done' LIMIT 1001) subquery",
    ),
    Case("exact-count-few", "", "SELECT COUNT(*) FROM task WHERE project_id = 7"),
    Case(
        "planning-time",
        "planning-time",
        "SELECT a.id FROM project a "
        + " ".join(f"JOIN project p{i} ON p{i}.id = a.id" for i in range(11))
        + " WHERE a.id = 7",
        "SELECT a.id FROM project a JOIN project b ON a.id = b.id WHERE a.id = 7",
        settings=(
            *ONE,
            "SET LOCAL join_collapse_limit = 12",
            "SET LOCAL from_collapse_limit = 12",
            "SET LOCAL geqo = off",
        ),
    ),
    Case(
        "trigger-time",
        "trigger-time",
        "DELETE FROM parent WHERE id <= 40",
        table="parent",
        tables=("child",),
        before=(
            "CREATE TABLE parent (id int PRIMARY KEY)",
            "CREATE TABLE child (id serial PRIMARY KEY, parent_id int REFERENCES parent)",
            "INSERT INTO parent SELECT generate_series(1, 100)",
            "INSERT INTO child (parent_id) SELECT 41 + i % 50 FROM generate_series(1, 30000) i",
            "ANALYZE parent, child",
        ),
        undo=("DROP TABLE child, parent",),
    ),
    Case(
        "missing-workers",
        "missing-workers",
        "SELECT sum(length(body)) FROM task",
        settings=(MEMORY, "SET LOCAL jit = off", "SET LOCAL max_parallel_workers = 0"),
    ),
    Case(
        "workers-launched",
        "",
        "SELECT sum(length(body)) FROM task",
        settings=(
            MEMORY,
            "SET LOCAL jit = off",
        ),
    ),
    Case("by-primary-key", "", "SELECT * FROM task WHERE id = 7"),
    Case(
        "partitions",
        "sequential-scan",
        "SELECT * FROM event WHERE actor_id = 77",
        table="event",
        before=(
            "CREATE TABLE event (id int, actor_id int, at date) PARTITION BY RANGE (at)",
            "CREATE TABLE event_old PARTITION OF event FOR VALUES FROM ('2023-01-01') TO "
            "('2024-01-01')",
            "CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2024-01-01') TO "
            "('2025-01-01')",
            "INSERT INTO event SELECT i, i % 5000, date '2023-01-01' + i % 700 "
            "FROM generate_series(1, 100000) i",
            "ANALYZE event",
        ),
        undo=("DROP TABLE event",),
    ),
    Case(
        "partitions-one",
        "sequential-scan",
        "SELECT * FROM event e WHERE e.actor_id = 77 AND e.at >= '2024-02-01'",
        table="event",
        before=(
            "CREATE TABLE event (id int, actor_id int, at date) PARTITION BY RANGE (at)",
            "CREATE TABLE event_old PARTITION OF event FOR VALUES FROM ('2023-01-01') TO "
            "('2024-01-01')",
            "CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2024-01-01') TO "
            "('2025-01-01')",
            "INSERT INTO event SELECT i, i % 5000, date '2023-01-01' + i % 700 "
            "FROM generate_series(1, 100000) i",
            "ANALYZE event",
        ),
        undo=("DROP TABLE event",),
    ),
    Case(
        "in-a-subquery",
        "top-n-sort",
        'SELECT "project"."name" FROM "project" WHERE "project"."id" IN (SELECT U0."project_id" '
        'FROM "task" U0 WHERE U0."status" = \'done\' ORDER BY U0."created_at" DESC LIMIT 50)',
    ),
    Case(
        "exists",
        "",
        'SELECT 1 AS "a" FROM "task" WHERE "task"."status" = \'done\' LIMIT 1',
    ),
    Case(
        "not-in-subquery",
        "",
        'SELECT "project"."id" FROM "project" WHERE NOT ("project"."id" IN (SELECT '
        'U0."project_id" FROM "task" U0 WHERE U0."project_id" < 30))',
    ),
    Case(
        "grouped-join",
        "",
        'SELECT "project"."id", COUNT("task"."id") FROM "project" LEFT OUTER JOIN "task" ON '
        '("project"."id" = "task"."project_id") GROUP BY "project"."id"',
    ),
    Case(
        "first-rows-not-run",
        "",
        "SELECT id FROM task WHERE status = 'failed' AND priority = 3 LIMIT 1",
        run=False,
    ),
)
