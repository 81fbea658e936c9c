"""``manage.py queryscope``: audit the project's endpoints; read what a detector looks for."""

from __future__ import annotations

import argparse
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)
from django.db import DEFAULT_DB_ALIAS

from ...audit.failures import told
from ...audit.login import UnknownUser
from ...audit.output import Output, OutputError
from ...audit.preflight import CannotRun
from ...audit.progress import Progress
from ...audit.requests import TIMEOUT_S
from ...audit.run import Options, audit
from ...conf import get_settings
from ...core.detectors import DETECTORS, NAMES
from ...core.findings import Report, Suppression
from ...core.reporters import REPORTERS
from ...core.reporters.layout import clean
from ...databases.what_if import MODES
from ..arguments import milliseconds, names, positive, refuse_empty, require, seconds
from ..verbs import advise, explain

FOUND, COULD_NOT_RUN = 1, 2
#: Verbs with a module of their own.
_VERBS: Mapping[str, Any] = {"advise": advise, "explain": explain}
_TEXTS = ("user", "output", "database", "format", "endpoint", "select", "ignore")

_AUDIT = """\
Request every GET endpoint of the project once, record its queries, and say what to change.

Each request runs in this process, through the whole middleware stack, in a transaction that is
rolled back on every database (PostgreSQL's sequences advance all the same); mail is not sent.
What a GET does elsewhere (caches, files, other services, threads) happens as it would for a
visitor: use a development or staging machine.

Exit status: 0 no finding, or only such of severity info (code of installed packages, N+1s that
wait for a second row); 1 findings of severity error or warning; 2 the audit could not run.
Findings that a comment or QUERYSCOPE["ALLOW"] allows do not count; one that has expired or is
misspelt does.
"""


class _HelpFormatter(argparse.RawDescriptionHelpFormatter, DjangoHelpFormatter):
    """Keeps the lines of a description, and Django's own options last."""


class Command(BaseCommand):
    help = "Find the lines that make the database work, and what to write instead."
    # An audit that cannot run says why in one line; the checks would tell only half of it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
        common: dict[str, Any] = {
            "parents": [self._base_options()],
            "formatter_class": _HelpFormatter,
        }
        _add_audit(
            verbs.add_parser(
                "audit",
                help="request the project's endpoints and report what they make the database do",
                description=_AUDIT,
                **common,
            )
        )
        for name, verb in _VERBS.items():
            added = verbs.add_parser(name, help=verb.HELP, description=verb.DESCRIPTION, **common)
            verb.add_arguments(added)
        rule = verbs.add_parser("rule", help="print what a detector looks for, and why", **common)
        rule.add_argument("name", nargs="?", metavar="NAME", help=f"one of {', '.join(NAMES)}")

    def _base_options(self) -> CommandParser:
        """Django's own options (-v, --settings, ...), to be taken after the verb as well."""
        base = BaseCommand()
        base.requires_system_checks = self.requires_system_checks
        parser = base.create_parser("manage.py", "queryscope", add_help=False)
        for action in parser._actions:
            # One that is not given after the verb leaves what was given before it.
            action.default = argparse.SUPPRESS
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        verbs: dict[str, Callable[[dict[str, Any]], int]] = {"audit": self.audit, "rule": self.rule}
        try:
            if options["verb"] in _VERBS:
                status = _VERBS[options["verb"]].run(options, self.stdout, self.stderr)
            else:
                status = verbs[options["verb"]](options)
        except BaseException as error:  # the edge: whatever it is, the exit status is not FOUND
            if options.get("traceback"):
                self.stderr.write(traceback.format_exc())
                raise SystemExit(COULD_NOT_RUN) from None
            raise CommandError(_why(error, options["verb"]), returncode=COULD_NOT_RUN) from error
        if status:
            raise SystemExit(status)

    def rule(self, options: dict[str, Any]) -> int:
        """Print a detector's documentation, or without a name what each of them finds."""
        name = options["name"]
        if name is None:
            longest = max(map(len, NAMES))
            for known, detector in zip(NAMES, DETECTORS, strict=True):
                first = inspect.cleandoc(detector.__doc__ or "").partition("\n")[0]
                self.stdout.write(f"{known:{longest}}  {first}")
            return 0
        require("rule", "detector", [name], NAMES)
        detector = DETECTORS[NAMES.index(name)]
        self.stdout.write(f"{name}: {inspect.cleandoc(detector.__doc__ or '')}")
        return 0

    def audit(self, options: dict[str, Any]) -> int:
        """Run the audit and print it; FOUND when a finding is more than worth knowing."""
        refuse_empty(options, _TEXTS)
        select, ignore = names(options["select"]), names(options["ignore"])
        require("--select", "detector", select, NAMES)
        require("--ignore", "detector", ignore, NAMES)
        require("--format", "format", [options["format"]], REPORTERS)
        require("--what-if", "way", [options["what_if"] or "auto"], MODES)
        output = Output(options["output"], self.stdout)
        settings = get_settings()
        way: Any = options["what_if"] or settings.what_if
        if options["round_trip_ms"] is not None:
            settings = replace(settings, round_trip_ms=options["round_trip_ms"])
        chosen = Options(
            settings=settings,
            urls=tuple(options["urls"]),
            globs=tuple(names(options["endpoint"])),
            user=options["user"],
            anonymous=options["anonymous"],
            admin=options["admin"],
            repeat=options["repeat"],
            database=options["database"],
            timeout_s=options["timeout"],
            explain=options["explain"],
            what_if=way if options["indexes"] else None,
        )
        audited = audit(chosen, Progress(sys.stderr))
        report = _filtered(audited.report, select, ignore)
        if not audited.user and not options["anonymous"]:
            self.stderr.write("no active superuser: requests are anonymous; pass --user NAME")
        verbose = options["verbosity"] > 1
        output.write(REPORTERS[options["format"]](report, root=output.root, verbose=verbose))
        return FOUND if report.failing else 0


def _add_audit(parser: argparse.ArgumentParser) -> None:
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
        "--format",
        default="table",
        metavar="FORMAT",
        help=f"{' or '.join(REPORTERS)}; default: table",
    )
    parser.add_argument("--output", metavar="FILE", help="write the report there, not to stdout")
    for name, what in (("select", "only these detectors"), ("ignore", "all but these detectors")):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="DETECTOR",
            help=f"{what}; a comma list, may be repeated",
        )
    parser.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="GLOB",
        help='only endpoints that fit, such as "/api/projects/*"; may be repeated',
    )
    parser.add_argument("--admin", action="store_true", help="request the admin's pages as well")
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
    parser.add_argument(
        "--round-trip-ms",
        type=milliseconds,
        metavar="MS",
        help="what a query costs over the network, added when findings are "
        "ranked; default: the ROUND_TRIP_MS setting, 1",
    )


def _why(error: BaseException, verb: str) -> str:
    """One line that says why the command could not run."""
    if isinstance(error, (CannotRun, UnknownUser, OutputError, ImproperlyConfigured)):
        text = str(error)
    elif isinstance(error, KeyboardInterrupt):
        text = "interrupted"
    else:
        text = f"{verb} failed: {told(error)}; --traceback shows all of it"
    return clean(" ".join(text.split()))


def _filtered(report: Report, select: list[str], ignore: list[str]) -> Report:
    chosen = set(select or NAMES) - set(ignore)
    return replace(
        report,
        findings=tuple(f for f in report.findings if f.detector in chosen),
        suppressions=tuple(s for each in report.suppressions if (s := _about(each, chosen))),
    )


def _about(suppression: Suppression, chosen: set[str]) -> Suppression | None:
    """What of it is about the chosen detectors; a misspelt one may be about any."""
    findings = tuple(f for f in suppression.findings if f.detector in chosen)
    wanted = not suppression.detectors or chosen & set(suppression.detectors)
    if suppression.status == "misspelt" or findings or (wanted and not suppression.findings):
        return replace(suppression, findings=findings)
    return None
