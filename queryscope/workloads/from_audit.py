"""A workload from the project's own requests, as an audit makes them."""

from __future__ import annotations

from dataclasses import replace

from ..audit.indexes import asked
from ..audit.preflight import CannotRun
from ..audit.progress import Progress
from ..audit.run import Options, audit
from ..core.workload import Workload
from . import WorkloadError

SOURCE = "audit"


def read(options: Options, progress: Progress) -> tuple[Workload, str]:
    """What the requests asked the audited database, and the name of the user who made them.

    Raises UnknownUser, CannotRun or WorkloadError.
    """
    try:
        # The advice looks at every query; plans of the slow ones alone would be asked for twice.
        audited = audit(replace(options, explain=False), progress)
    except CannotRun as error:
        raise WorkloadError(f"--from {SOURCE}: {error}") from error
    queries = asked(audited.recordings, options.database)
    if not queries:
        raise WorkloadError(f"--from {SOURCE}: the requests asked nothing of {options.database!r}")
    failed = tuple(
        f"{endpoint.name}: {endpoint.problem}"
        for endpoint in audited.report.endpoints
        if endpoint.problem
    )
    return Workload(queries, failed), audited.user
