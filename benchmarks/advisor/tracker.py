"""The sample project with a million tasks: what the audit's index does for one of its queries.

`Task.objects.filter(project_id=7, status="done")`, run without any index, with the one that Django
makes for the foreign key, and with the one that `advise` asks for: at least 95 % less time than
without. Django's own already saves most of that; what is left is reading the rows.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Any

from . import server
from .advised import ROOT, advise

DATABASE = "tracker"
SCALE = 100
GOAL = 0.95
RUNS = 15
#: Django's SQL of the query.
QUERY = (
    'SELECT "projects_task"."id", "projects_task"."project_id", "projects_task"."assigned_to_id",'
    ' "projects_task"."title", "projects_task"."description", "projects_task"."status",'
    ' "projects_task"."priority", "projects_task"."due_date", "projects_task"."created_at"'
    ' FROM "projects_task"'
    """ WHERE ("projects_task"."project_id" = 7 AND "projects_task"."status" = 'done')"""
)


def load(url: str | None = None, *, anew: bool = False) -> None:
    """Fills the database `tracker` by the sample project's own command: a million tasks."""
    with server.filling(DATABASE, url, anew=anew) as connection:
        if connection is None:
            return
        for command in (["migrate", "--verbosity=0"], ["seed", f"--scale={SCALE}"]):
            _manage(server.url_of(DATABASE, url), *command)
        connection.execute("VACUUM ANALYZE")


def measure(url: str | None = None, *, anew: bool = False) -> dict[str, Any]:
    """Milliseconds without and with the index."""
    load(url, anew=anew)
    here = server.url_of(DATABASE, url)
    workload = {"queries": [{"sql": QUERY, "calls": 1_000}]}
    advice = advise(here, workload)
    with server.connected(here) as connection:
        with connection.transaction(force_rollback=True):
            _drop_project_index(connection)
            rows, none = _timed(connection)
        _, django = _timed(connection)
        with server.real(connection, advice.indexes) as size:
            _, after = _timed(connection)
    return {
        "rows": rows,
        "indexes": advice.indexes,
        "size_bytes": size,
        "duration_ms_none": none,
        "duration_ms_django": django,
        "duration_ms_after": after,
        "saved": 1 - after / none,
        "elapsed_s": advice.elapsed_s,
    }


def told(found: dict[str, Any]) -> str:
    indexes = "\n".join(f"    {create}" for create in found["indexes"]) or "    none"
    return (
        f'Task.objects.filter(project_id=7, status="done"): {found["rows"]:,} rows\n{indexes}\n'
        f"{found['duration_ms_none']:.2f} ms without an index, {found['duration_ms_django']:.2f} ms"
        f" with the foreign key's, {found['duration_ms_after']:.2f} ms with the advised one:\n"
        f"{found['saved']:.1%} less than without (to reach: {GOAL:.0%}),"
        f" {1 - found['duration_ms_after'] / found['duration_ms_django']:.1%} less than with"
        f" Django's;\n{found['size_bytes'] / 1e6:.1f} MB, advised in {found['elapsed_s']:.0f} s"
    )


def _drop_project_index(connection: server.Connection) -> None:
    row = connection.execute(
        "SELECT indexrelid::regclass::text FROM pg_index"
        " WHERE indrelid = 'projects_task'::regclass AND indnkeyatts = 1"
        " AND pg_get_indexdef(indexrelid, 1, true) = 'project_id'"
    ).fetchone()
    assert row is not None
    connection.execute(f"DROP INDEX {row[0]}")


def _timed(connection: server.Connection) -> tuple[int, float]:
    """Rows, and the median time until they are here."""
    durations, rows = [], []
    for _ in range(RUNS):
        started = time.perf_counter()
        rows = connection.execute(QUERY).fetchall()
        durations.append((time.perf_counter() - started) * 1_000)
    return len(rows), statistics.median(durations)


def _manage(url: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        lines = done.stdout.strip().splitlines() or [f"status {done.returncode}"]
        raise server.BenchmarkError(f"manage.py {arguments[0]} failed: {lines[-1]}")
