"""What ``check`` and ``baseline`` share: the run they judge, and the file they compare it with."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from .. import report_file
from ..audit.preflight import CannotRun
from ..conf import get_settings
from ..core.baseline import UNSTEADY, Scope
from ..core.findings import Report
from .auditing import add_choice, add_requests, audited

#: What is about requests that a stored report does not make.
_OF_AN_AUDIT: Mapping[str, Any] = {
    "urls": [],
    "endpoint": [],
    "user": None,
    "anonymous": False,
    "admin": False,
    "repeat": 1,
    "database": DEFAULT_DB_ALIAS,
}
_INDEXES = frozenset({"missing-index", "redundant-index", "unused-index"})


def add_run(parser: argparse.ArgumentParser) -> None:
    add_requests(parser)
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="judge a report that was stored (audit --format json, pytest --queryscope-output) "
        "instead of requesting anything",
    )
    add_choice(parser)
    parser.add_argument(
        "--baseline",
        metavar="FILE",
        help="where the known findings are; default: the BASELINE setting, "
        "queryscope-baseline.json",
    )


def path_of(options: dict[str, Any]) -> str:
    """The baseline's path, as it is shown."""
    given = options["baseline"]
    if given is None:
        return get_settings().baseline
    if not given.strip():
        raise CannotRun("--baseline has an empty value; give a file or leave the option out")
    return str(given)


def report_for(options: dict[str, Any], scope: Scope, stderr: Any) -> Report:
    """The stored report, or that of an audit which looks for what is in scope.

    Raises StoredError when ``--from`` cannot be read, CannotRun when an audit cannot run.
    """
    if options["source"] is None:
        named = scope.detectors or frozenset()
        way: Any = get_settings().what_if if named & _INDEXES else None
        return audited(options, stderr, explain=bool(named & (UNSTEADY - _INDEXES)), what_if=way)
    for name, default in _OF_AN_AUDIT.items():
        if options[name] != default:
            what = "URLs" if name == "urls" else f"--{name}"
            raise CannotRun(f"--from judges what is in the report: leave {what} out")
    return report_file.read(options["source"])
