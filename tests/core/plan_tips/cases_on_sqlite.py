"""Statements on SQLite, whose plans have neither rows nor times."""

from __future__ import annotations

from .case import Case

SQLITE_CASES = (
    Case(
        "sqlite-sequential-scan",
        "sequential-scan",
        'SELECT "task"."id" FROM "task" WHERE "task"."status" = \'failed\'',
    ),
    Case("sqlite-small", "", 'SELECT "setting"."id" FROM "setting" WHERE "setting"."key" = \'a\''),
    Case("sqlite-by-primary-key", "", 'SELECT * FROM "task" WHERE "task"."id" = 7'),
    Case(
        "sqlite-top-n-sort",
        "top-n-sort",
        'SELECT "task"."id" FROM "task" ORDER BY "task"."created_at" DESC LIMIT 20',
    ),
    Case(
        "sqlite-deep-offset",
        "deep-offset",
        'SELECT "task"."id" FROM "task" ORDER BY "task"."id" ASC LIMIT 20 OFFSET 5000',
        'SELECT "task"."id" FROM "task" WHERE "task"."id" > 5000 ORDER BY "task"."id" LIMIT 20',
    ),
    Case(
        "sqlite-non-sargable-date",
        "non-sargable",
        'SELECT "task"."id" FROM "task" WHERE django_datetime_cast_date("task"."created_at", '
        "'UTC', 'UTC') = '2024-03-01'",
        'SELECT "task"."id" FROM "task" WHERE ("task"."created_at" >= \'2024-03-01\' AND '
        '"task"."created_at" < \'2024-03-02\')',
    ),
    Case(
        "sqlite-non-sargable-icontains",
        "non-sargable",
        'SELECT "task"."id" FROM "task" WHERE "task"."title" LIKE \'%x%\' ESCAPE \'\\\'',
        'SELECT "task"."id" FROM "task" WHERE "task"."id" = 1',
    ),
    Case(
        "sqlite-or-across-columns",
        "or-across-columns",
        'SELECT "task"."id" FROM "task" WHERE ("task"."a" = 3 OR "task"."b" = 4)',
    ),
    Case(
        "sqlite-exact-count",
        "exact-count",
        'SELECT COUNT(*) AS "__count" FROM "task"',
        'SELECT COUNT(*) FROM (SELECT 1 FROM "task" LIMIT 1001) subquery',
    ),
    Case(
        "sqlite-first-rows",
        "",
        'SELECT 1 AS "a" FROM "task" WHERE "task"."status" = \'failed\' LIMIT 1',
    ),
)
