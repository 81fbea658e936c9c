"""Scans, sorts and counts on PostgreSQL."""

from __future__ import annotations

from .case import MEMORY, ONE, Case

READING = (
    Case(
        "sequential-scan",
        "sequential-scan",
        "SELECT * FROM task WHERE status = 'failed' AND priority = 3",
    ),
    Case(
        "sequential-scan-qualified",
        "sequential-scan",
        'SELECT "task"."id" FROM "task" INNER JOIN "project" ON ("task"."project_id" = '
        '"project"."id") WHERE ("task"."assigned_to_id" = 7 AND "task"."deleted_at" IS NULL '
        'AND "project"."owner_id" = 3)',
    ),
    Case(
        "sequential-scan-parallel",
        "sequential-scan",
        "SELECT id FROM task WHERE created_at >= '2024-10-01' AND created_by_id = 7",
        settings=(MEMORY, "SET LOCAL jit = off", "SET LOCAL parallel_setup_cost = 0"),
    ),
    Case(
        "sequential-scan-flag",
        "sequential-scan",
        "SELECT id FROM task WHERE is_urgent",
    ),
    Case(
        "sequential-scan-prefix",
        "sequential-scan",
        "SELECT id FROM task WHERE title LIKE 'Task 00f%'",
    ),
    Case(
        "sequential-scan-contains",
        "sequential-scan",
        """SELECT id FROM task WHERE meta @> '{"source": "s7"}'""",
    ),
    Case(
        "sequential-scan-not-run",
        "sequential-scan",
        "SELECT * FROM task WHERE status = 'failed' AND priority = 3",
        run=False,
    ),
    Case(
        "sequential-scan-keeps-most",
        "",
        "SELECT id, project_id, title, body FROM task WHERE status = 'done'",
    ),
    Case("sequential-scan-small", "", "SELECT * FROM setting WHERE key = 'k7'"),
    Case(
        "sequential-scan-unequal-rare",
        "sequential-scan",
        "SELECT id FROM task WHERE status <> 'done' AND status <> 'open'",
        "SELECT id FROM task WHERE status IN ('failed')",
    ),
    Case("sequential-scan-unequal", "", "SELECT id FROM task WHERE status <> 'done'", settings=ONE),
    Case(
        "index-filter",
        "index-filter",
        "SELECT * FROM task WHERE project_id IN (3, 4, 5, 6, 7) AND assigned_to_id = 23",
    ),
    Case(
        "index-filter-ordered",
        "index-filter",
        "SELECT * FROM task WHERE created_by_id = 23 ORDER BY id LIMIT 20",
        settings=(*ONE, "SET LOCAL enable_sort = off", "SET LOCAL enable_seqscan = off"),
    ),
    Case(
        "index-filter-few",
        "",
        "SELECT * FROM task WHERE project_id = 3 AND amount = 5",
    ),
    Case(
        "disk-sort",
        "disk-sort",
        "SELECT id, title, body FROM task ORDER BY title",
    ),
    Case(
        "disk-sort-parallel",
        "disk-sort",
        "SELECT id, title FROM task ORDER BY title",
        settings=(
            MEMORY,
            "SET LOCAL jit = off",
            "SET LOCAL parallel_setup_cost = 0",
            "SET LOCAL parallel_tuple_cost = 0",
        ),
    ),
    Case(
        "disk-sort-hash",
        "disk-sort",
        "SELECT count(a.title) FROM task a JOIN task b ON a.title = b.email",
        settings=(*ONE, "SET LOCAL enable_mergejoin = off"),
    ),
    Case(
        "disk-sort-groups",
        "disk-sort",
        "SELECT title, count(*) FROM task GROUP BY title",
        settings=(*ONE, "SET LOCAL enable_sort = off"),
    ),
    Case(
        "disk-sort-in-memory",
        "",
        "SELECT id, title FROM task ORDER BY title",
        settings=(*ONE, "SET LOCAL work_mem = '128MB'"),
    ),
    Case(
        "top-n-sort",
        "top-n-sort",
        "SELECT * FROM task WHERE deleted_at IS NULL ORDER BY created_at DESC LIMIT 20",
    ),
    Case(
        "top-n-sort-mixed",
        "top-n-sort",
        'SELECT * FROM "task" WHERE "task"."status" = \'open\' ORDER BY "task"."priority" DESC, '
        '"task"."created_at" ASC LIMIT 20',
    ),
    Case(
        "top-n-sort-parallel",
        "top-n-sort",
        "SELECT * FROM task t ORDER BY t.created_at DESC LIMIT 20",
        settings=(MEMORY, "SET LOCAL jit = off", "SET LOCAL parallel_setup_cost = 0"),
    ),
    Case(
        "top-n-sort-join",
        "top-n-sort",
        'SELECT "task"."id", "project"."name" FROM "task" INNER JOIN "project" ON '
        '("task"."project_id" = "project"."id") ORDER BY "task"."amount" DESC LIMIT 20',
    ),
    Case(
        "top-n-sort-not-run",
        "top-n-sort",
        "SELECT * FROM task ORDER BY created_at LIMIT 20",
        run=False,
    ),
    Case(
        "top-n-sort-few",
        "",
        "SELECT * FROM task WHERE project_id = 3 ORDER BY created_at DESC LIMIT 20",
    ),
    Case(
        "top-n-sort-expression",
        "",
        "SELECT * FROM task ORDER BY length(title), id LIMIT 20",
    ),
    Case(
        "top-n-sort-nulls",
        "",
        "SELECT * FROM task ORDER BY deleted_at DESC NULLS LAST LIMIT 20",
    ),
    Case(
        "subplan-per-row",
        "subplan-per-row",
        "SELECT t.id, (SELECT count(*) FROM task u WHERE u.project_id = t.project_id "
        "AND u.status = 'done') FROM task t WHERE t.id <= 2000",
        "SELECT t.id, counts.number FROM task t JOIN (SELECT project_id, count(*) AS number "
        "FROM task WHERE status = 'done' GROUP BY project_id) counts "
        "ON counts.project_id = t.project_id WHERE t.id <= 2000",
    ),
    Case(
        "deep-offset",
        "deep-offset",
        'SELECT "task"."id", "task"."title" FROM "task" ORDER BY "task"."created_at" DESC '
        "LIMIT 20 OFFSET 50000",
        "SELECT id, title FROM task WHERE created_at < '2024-07-01' "
        "ORDER BY created_at DESC, id DESC LIMIT 20",
        before=("CREATE INDEX task_created_at_idx ON task (created_at, id)",),
        undo=("DROP INDEX task_created_at_idx",),
    ),
    Case(
        "deep-offset-not-run",
        "deep-offset",
        "SELECT id, title FROM task ORDER BY id LIMIT 20 OFFSET 50000",
        "SELECT id, title FROM task WHERE id > 50000 ORDER BY id LIMIT 20",
        run=False,
    ),
    Case(
        "deep-offset-first-pages",
        "",
        "SELECT id, title FROM task ORDER BY id LIMIT 20 OFFSET 40",
    ),
    Case(
        "non-sargable-date",
        "non-sargable",
        'SELECT id FROM task WHERE ("task"."created_at" AT TIME ZONE \'UTC\')::date = '
        "'2024-03-01'",
        "SELECT id FROM task WHERE created_at >= '2024-03-01 00:00+00' "
        "AND created_at < '2024-03-02 00:00+00'",
    ),
    Case(
        "non-sargable-trunc",
        "non-sargable",
        "SELECT id FROM task WHERE date_trunc('week', created_at) = '2024-03-04 00:00+00'",
        "SELECT id FROM task WHERE created_at >= '2024-03-04 00:00+00' "
        "AND created_at < '2024-03-11 00:00+00'",
    ),
    Case(
        "non-sargable-upper",
        "non-sargable",
        'SELECT "task"."id" FROM "task" WHERE UPPER("task"."email"::text) = '
        "UPPER('user7@example.com')",
    ),
    Case(
        "non-sargable-icontains",
        "non-sargable",
        'SELECT "task"."id" FROM "task" WHERE UPPER("task"."title"::text) LIKE '
        'UPPER(\'%00ff1%\') AND "task"."deleted_at" IS NULL',
    ),
    Case(
        "non-sargable-istartswith",
        "non-sargable",
        'SELECT "task"."id" FROM "task" WHERE UPPER("task"."title"::text) LIKE '
        "UPPER('Task 00f%')",
    ),
    Case(
        "non-sargable-wildcard",
        "non-sargable",
        "SELECT id FROM task WHERE title LIKE '%00ff1%'",
    ),
    Case(
        "non-sargable-number",
        "non-sargable",
        "SELECT id FROM task WHERE amount = 7.0",
        "SELECT id FROM task WHERE id = 7",
    ),
    Case(
        "non-sargable-document",
        "non-sargable",
        "SELECT id FROM task WHERE meta ->> 'source' = 's7'",
        """SELECT id FROM task WHERE meta @> '{"source": "s7"}'""",
    ),
    Case(
        "non-sargable-month",
        "non-sargable",
        'SELECT id FROM task WHERE EXTRACT(MONTH FROM "task"."created_at" AT TIME ZONE \'UTC\') '
        "= 11",
    ),
    Case(
        "non-sargable-beside",
        "sequential-scan",
        "SELECT id FROM task WHERE upper(title) LIKE '%00%' AND created_by_id = 7",
    ),
    Case("non-sargable-small", "", "SELECT * FROM setting WHERE upper(key) = 'K7'"),
    Case(
        "non-sargable-columns",
        "non-sargable",
        "SELECT id FROM task WHERE (UPPER(title::text) LIKE UPPER('%00ff1%') "
        "OR UPPER(email::text) LIKE UPPER('%ser77777%'))",
    ),
    Case(
        "top-n-sort-picked",
        "top-n-sort",
        "SELECT * FROM task WHERE is_urgent = false AND project_id = 7 "
        "ORDER BY created_at DESC LIMIT 20",
        before=("UPDATE task SET project_id = 7 WHERE project_id < 20", "VACUUM ANALYZE task"),
    ),
)
