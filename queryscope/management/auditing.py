"""The audit that several verbs run: its options, and the report they make of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from ..audit.output import Output
from ..audit.progress import Progress
from ..audit.requests import TIMEOUT_S
from ..audit.run import Options, audit
from ..conf import Settings, get_settings
from ..core.detectors import NAMES
from ..core.findings import Report, Suppression
from ..core.reporters import HOSTED, REPORTERS
from ..databases.what_if import MODES, Mode
from .arguments import milliseconds, names, positive, refuse_empty, require, seconds

TEXTS = ("user", "output", "database", "format", "endpoint", "select", "ignore")


def add_requests(parser: argparse.ArgumentParser) -> None:
    """What to request, as whom, and how."""
    add_visits(parser)
    parser.add_argument(
        "--repeat",
        type=positive,
        default=1,
        metavar="N",
        help="requests to measure of each endpoint, after one that does not count; default: 1",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=TIMEOUT_S,
        metavar="SECONDS",
        help="how long a request may take before the audit goes on without it, on systems that "
        f"have SIGALRM; 0 for as long as it likes; default: {TIMEOUT_S:g}",
    )
    parser.add_argument(
        "--database",
        default=DEFAULT_DB_ALIAS,
        metavar="ALIAS",
        help="the alias whose queries count; default: default",
    )


def add_visits(parser: argparse.ArgumentParser) -> None:
    """What to request, and as whom."""
    parser.add_argument(
        "urls", nargs="*", metavar="URL", help="URLs to request instead of the whole URLconf"
    )
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--user",
        metavar="NAME",
        help="username, e-mail or key of the user to log in; default: the first active superuser",
    )
    who.add_argument("--anonymous", action="store_true", help="log nobody in")
    parser.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="GLOB",
        help='only endpoints that fit, such as "/api/projects/*"; may be repeated',
    )
    parser.add_argument("--admin", action="store_true", help="request the admin's pages as well")


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Which detectors count."""
    for name, what in (("select", "only these detectors"), ("ignore", "all but these detectors")):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="DETECTOR",
            help=f"{what}; a comma list, may be repeated",
        )


def add_output(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """In which form, and where to."""
    parser.add_argument(
        "--format",
        default="table",
        metavar="FORMAT",
        help=f"{', '.join(formats)}; default: table",
    )
    parser.add_argument("--output", metavar="FILE", help="write the report there, not to stdout")


def add_ways(parser: argparse.ArgumentParser) -> None:
    """How plans and indexes are asked for, and what a query costs."""
    parser.add_argument(
        "--no-explain",
        dest="explain",
        action="store_false",
        help="do not ask for the plans of what is slow or takes the most time in all requests, "
        "which runs again what only reads",
    )
    parser.add_argument(
        "--no-indexes",
        dest="indexes",
        action="store_false",
        help="do not try which indexes the requests want",
    )
    parser.add_argument(
        "--what-if",
        metavar="WAY",
        help=f"how indexes are tried, {', '.join(MODES)}: real ones are rolled back, and writers "
        "to their tables wait meanwhile; default: the WHAT_IF setting, auto",
    )
    parser.add_argument(
        "--round-trip-ms",
        type=milliseconds,
        metavar="MS",
        help="what a query costs over the network, added when findings are "
        "ranked; default: the ROUND_TRIP_MS setting, 1",
    )


def detectors_of(options: dict[str, Any]) -> frozenset[str] | None:
    """The detectors that --select and --ignore leave; None when neither is given.

    Raises CannotRun naming what is no detector.
    """
    refuse_empty(options, [name for name in TEXTS if name in options])
    select, ignore = names(options["select"]), names(options["ignore"])
    require("--select", "detector", select, NAMES)
    require("--ignore", "detector", ignore, NAMES)
    return frozenset(select or NAMES) - set(ignore) if select or ignore else None


def audited(
    options: dict[str, Any],
    stderr: Any,
    *,
    explain: bool,
    what_if: Mode | None,
    proof: bool = False,
) -> Report:
    """The report of an audit. Raises CannotRun, UnknownUser or ImproperlyConfigured."""
    result = audit(
        Options(
            settings=_settings(options),
            urls=tuple(options["urls"]),
            globs=tuple(names(options["endpoint"])),
            user=options["user"],
            anonymous=options["anonymous"],
            admin=options["admin"],
            repeat=options["repeat"],
            database=options["database"],
            timeout_s=options["timeout"],
            explain=explain,
            what_if=what_if,
            proof=proof,
            responses=options.get("responses"),
        ),
        Progress(sys.stderr),
    )
    if not result.user and not options["anonymous"]:
        stderr.write("no active superuser: requests are anonymous; pass --user NAME")
    return result.report


def _settings(options: dict[str, Any]) -> Settings:
    settings = get_settings()
    round_trip_ms = options.get("round_trip_ms")
    return settings if round_trip_ms is None else replace(settings, round_trip_ms=round_trip_ms)


def told(report: Report, options: dict[str, Any], output: Output) -> str:
    """The report in the chosen format."""
    name = options["format"]
    root = output.repository if name in HOSTED else output.root
    return REPORTERS[name](report, root=root, verbose=options["verbosity"] > 1)


def filtered(report: Report, detectors: frozenset[str] | None) -> Report:
    """What of a report is about these detectors."""
    if detectors is None:
        return report
    return replace(
        report,
        findings=tuple(f for f in report.findings if f.detector in detectors),
        withdrawn=tuple(w for w in report.withdrawn if w.finding.detector in detectors),
        suppressions=tuple(s for each in report.suppressions if (s := _about(each, detectors))),
    )


def _about(suppression: Suppression, chosen: frozenset[str]) -> Suppression | None:
    """What of it is about the chosen detectors; a misspelt one may be about any."""
    findings = tuple(f for f in suppression.findings if f.detector in chosen)
    wanted = not suppression.detectors or chosen & set(suppression.detectors)
    if suppression.status == "misspelt" or findings or (wanted and not suppression.findings):
        return replace(suppression, findings=findings)
    return None
