"""Advice as the advisor gives it, for the tests of how it is shown."""

from __future__ import annotations

from queryscope.core.advice import (
    Advice,
    AdvisedIndex,
    DroppableIndex,
    RejectedIndex,
    Served,
)
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.reporters.advised import DjangoIndex, Surroundings

TASKS = IndexDefinition("projects_task", (IndexKey("project_id"), IndexKey("status")))
FAILED = IndexDefinition(
    "webhooks_webhookdelivery",
    (IndexKey("webhook_id"), IndexKey("created_at", descending=True)),
    condition='"status" = \'failed\' AND "deleted_at" IS NULL',
)
TITLES = IndexDefinition(
    "projects_task",
    (
        IndexKey(
            'UPPER("title"::text)', opclass="gin_trgm_ops", expression=True, columns=("title",)
        ),
    ),
    method="gin",
)
COVERING = IndexDefinition("audit_log", (IndexKey("kind"),), include=("id", "actor_id"))

_LIST = (
    'SELECT "projects_task"."id", "projects_task"."project_id", "projects_task"."title", '
    '"projects_task"."status" FROM "projects_task" WHERE ("projects_task"."project_id" = ? AND '
    '"projects_task"."status" = ?) ORDER BY "projects_task"."created_at" DESC LIMIT ?'
)
_COUNT = (
    'SELECT COUNT(*) AS "__count" FROM "projects_task" WHERE '
    '"projects_task"."project_id" = ? AND "projects_task"."status" = ?'
)

MEASURED = Advice(
    indexes=(
        AdvisedIndex(
            TASKS,
            (
                Served(
                    "9f3a2b1c01aa",
                    _LIST,
                    1_200,
                    4_021.37,
                    12.4,
                    38.12,
                    0.41,
                    endpoints=("GET /api/projects/{pk}/tasks/", "GET /projects/{pk}/"),
                ),
                Served("0c44d1e2f3b5", _COUNT, 300, 3_998, 8.31, 35.0, 0.06, name="board count"),
            ),
            3_250_000,
            (
                "project_id and status are compared by equality; project_id, which four queries "
                "share, comes first.",
                "created_at is not in it: the 14 rows that match are sorted at no cost",
            ),
            "measured",
            write_bytes=38,
            build_ms=412.7,
        ),
        AdvisedIndex(
            FAILED,
            (
                Served(
                    "77aa01b2c3d4",
                    'SELECT "id" FROM "webhooks_webhookdelivery" WHERE "webhook_id" = ?',
                    24,
                    812,
                    8.3,
                    7.5,
                    0.052,
                ),
            ),
            98_304,
            ("only the rows that are asked for are in it: 0.4 % of the table",),
            "measured",
            build_ms=20.1,
        ),
        AdvisedIndex(TITLES, (), 12_000_000, (), "measured", write_bytes=1),
    ),
    rejected=(
        RejectedIndex(COVERING, "no plan uses it"),
        RejectedIndex(
            IndexDefinition("projects_task", (IndexKey("status"),)),
            "projects_task (project_id, status) serves the same queries",
        ),
    ),
    droppable=(
        DroppableIndex(
            "projects_task_project_id_1",
            "projects_task",
            "redundant",
            2_200_000,
            "projects_task (project_id, status) answers whatever it does",
            covered_by="task_project_status_8b95fb_idx",
            drop='DROP INDEX CONCURRENTLY "projects_task_project_id_1"',
        ),
        DroppableIndex(
            "projects_task_slug_like",
            "projects_task",
            "unused",
            1_200_000,
            "(slug) has not been scanned in 3 hours",
            drop='DROP INDEX CONCURRENTLY "projects_task_slug_like"',
            caveats=("Scans have been counted for less than 7 days.",),
        ),
    ),
    notes=("HypoPG is not in this database: candidates were all built for real",),
    skipped=("a1b2c3d4e5f6: the parser cannot read it: MERGE INTO",),
    method="measured",
    queries=64,
    cost_before=6_100_000,
    cost_after=31_000,
    duration_ms_before=61_000,
    duration_ms_after=640,
    size_bytes=15_348_304,
    what_if_calls=412,
    elapsed_s=8.2,
)

#: SQLite has no costs; nothing was tried for the index.
LIKELY = Advice(
    indexes=(
        AdvisedIndex(TASKS, (Served("9f3a2b1c01aa", _LIST, 1.5, None, None),), 0, (), "none"),
    ),
    queries=1,
)
NOTHING = Advice(queries=12, method="measured")

AROUND = Surroundings(
    tool="queryscope 0.1.0",
    vendor="postgresql",
    alias="default",
    code={
        TASKS: DjangoIndex(
            "projects.Task",
            'models.Index(fields=["project", "status"], name="task_project_status_8b95fb_idx")',
        ),
        FAILED: DjangoIndex(reason="webhooks_webhookdelivery has no model of its own"),
        TITLES: DjangoIndex(
            "projects.Task",
            'GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="task_title_0a1b2c_idx")',
            (
                "from django.contrib.postgres.indexes import GinIndex, OpClass",
                "from django.db.models.functions import Upper",
            ),
            ('Add "django.contrib.postgres" to INSTALLED_APPS.',),
        ),
    },
    again="python manage.py queryscope advise --from pg_stat_statements",
)
ON_SQLITE = Surroundings(tool="queryscope 0.1.0", vendor="sqlite", alias="default")
