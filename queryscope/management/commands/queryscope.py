"""``manage.py queryscope``: its verbs, Django's options after each of them, and its errors."""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

from ...audit.failures import told
from ...audit.login import UnknownUser
from ...audit.output import OutputError
from ...audit.preflight import CannotRun
from ...core.baseline_parsing import BaselineError
from ...core.reporters.layout import clean
from ...core.stored import StoredError
from ..verbs import advise, audit, baseline, check, diff, explain, fix, rule

COULD_NOT_RUN = 2
_VERBS: Mapping[str, Any] = {
    "audit": audit,
    "check": check,
    "baseline": baseline,
    "diff": diff,
    "fix": fix,
    "advise": advise,
    "explain": explain,
    "rule": rule,
}
#: Errors whose text is one line for the person who started the command.
_TOLD = (
    CannotRun,
    UnknownUser,
    OutputError,
    BaselineError,
    StoredError,
    ImproperlyConfigured,
)


class _HelpFormatter(argparse.RawDescriptionHelpFormatter, DjangoHelpFormatter):
    """Keeps the lines of a description, and Django's own options last."""


class Command(BaseCommand):
    help = "Find the lines that make the database work, and what to write instead."
    # An audit that cannot run says why in one line; the checks would tell only half of it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
        for name, verb in _VERBS.items():
            added = verbs.add_parser(
                name,
                help=verb.HELP,
                description=verb.DESCRIPTION,
                parents=[self._base_options()],
                formatter_class=_HelpFormatter,
            )
            verb.add_arguments(added)

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
        try:
            status = _VERBS[options["verb"]].run(options, self.stdout, self.stderr)
        except BaseException as error:  # the edge: whatever it is, the exit status says so
            if options.get("traceback"):
                self.stderr.write(traceback.format_exc())
                raise SystemExit(COULD_NOT_RUN) from None
            raise CommandError(_why(error, options["verb"]), returncode=COULD_NOT_RUN) from error
        if status:
            raise SystemExit(status)


def _why(error: BaseException, verb: str) -> str:
    """One line that says why the command could not run."""
    if isinstance(error, _TOLD):
        text = str(error)
    elif isinstance(error, KeyboardInterrupt):
        text = "interrupted"
    else:
        text = f"{verb} failed: {told(error)}; --traceback shows all of it"
    return clean(" ".join(text.split()))
