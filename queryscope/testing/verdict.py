"""What a test run comes to: compared with the baseline, told to a person, written to a file."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .. import baseline_file
from ..audit.output import Output, OutputError
from ..conf import Settings, get_settings
from ..core.baseline import Baseline, Scope, accept
from ..core.baseline_parsing import BaselineError
from ..core.budgets import verdicts
from ..core.findings import Report
from ..core.gate import Gate
from ..core.names import nearest
from ..core.ratchet import split
from ..core.reporters import REPORTERS
from ..core.reporters.layout import plural
from ..inspection import options_of
from .collecting import Collector
from .judging import Coverage
from .summary import closing, summary

#: What pytest ends with when it could not do what the command line says.
USAGE_ERROR = 4
NEW = 1
_UPDATE = "--queryscope-update"


class ChoiceError(Exception):
    """An option cannot be followed; the text says which, and why."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of a run. Raises ChoiceError for one that could not be followed in the end.

    ``baseline`` and ``output`` are paths from the current directory, the former None for that of
    the settings; ``format`` is a name of REPORTERS, "" where none was chosen.
    """

    baseline: str | None
    update: bool
    strict: bool
    output: str | None
    format: str

    def __post_init__(self) -> None:
        if self.format and self.format not in REPORTERS:
            known = f"{', '.join(REPORTERS)}{nearest(self.format, REPORTERS)}"
            raise ChoiceError(f"--queryscope-format {self.format!r} is none of {known}")
        for name, value in (("baseline", self.baseline), ("output", self.output)):
            if value is not None and not value.strip():
                raise ChoiceError(f"--queryscope-{name} has an empty value; give a file")
        try:
            self.written()
            if self.baseline is not None:
                baseline_file.read(self.baseline)
        except (OutputError, BaselineError) as error:
            raise ChoiceError(str(error)) from error

    def written(self) -> Output:
        return Output(self.output, None, option="--queryscope-output")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``text`` for the terminal, and what a run that passed ends with.

    ``closing`` is the last line to tell: whether the run fails, and why.
    """

    text: str
    exit_status: int
    closing: str


def judged(collector: Collector, choices: Choices, coverage: Coverage) -> Verdict:
    """Judge what was recorded; files are named from the current directory.

    ``coverage`` tells which of the tests ran. With ``choices.update`` the baseline is written, from
    which only a run of all tests takes something out.
    Raises ChoiceError for what could not be read or written, ImproperlyConfigured for settings.
    """
    settings = get_settings()
    path = choices.baseline or settings.baseline
    nothing = not collector.keeper.queries
    try:
        baseline = baseline_file.read(path)
        report = collector.report(settings, "chosen" if nothing else coverage)
        told = ""
        if choices.update:
            after = accept(report, baseline or Baseline(), Scope())
            told = _accepted(after, path, report, written=baseline_file.write(path, after))
            baseline = after
        compared = _compared(report, baseline, path, settings, strict=choices.strict)
        _write(choices, report, compared, told, collector)
    except (BaselineError, OutputError) as error:
        raise ChoiceError(str(error)) from error
    text = summary(compared, collector, os.getcwd(), told)
    if choices.format not in ("", "table") and choices.output is None:
        text = REPORTERS[choices.format](compared, root=os.getcwd())
    failing = compared.failing and not choices.update
    return Verdict(text, NEW if failing else 0, closing(compared, updated=choices.update))


def _accepted(after: Baseline, path: str, report: Report, *, written: bool) -> str:
    """What became of the baseline."""
    count = plural(len(after.accepted), "known finding")
    told = f"{count} in {path}" + (": commit it." if written else ", as before.")
    if report.chosen:
        told += " Nothing was taken out: not all tests ran and passed."
    return told


def _compared(
    report: Report, baseline: Baseline | None, path: str, settings: Settings, *, strict: bool
) -> Report:
    requests = [endpoint for endpoint in report.endpoints if endpoint.request is not None]
    # Times that an audit has recorded say nothing of tests.
    budgets = verdicts(requests, options_of(settings).budget_for, {}, report.findings)
    file = path if baseline is not None else None
    gate = Gate(file, verdicts=budgets, strict=strict, takes_out=_UPDATE, renames=_UPDATE)
    return split(report, baseline or Baseline(), gate, Scope())


def _write(
    choices: Choices, report: Report, compared: Report, became: str, collector: Collector
) -> None:
    """The file has all findings as JSON, for ``manage.py queryscope check --from``; else the new.

    ``check`` and ``diff`` judge what they read by themselves.
    """
    if choices.output is None:
        return
    name = choices.format or "json"
    told = report if name == "json" else compared
    if name == "table":
        # The table's own next steps are those of manage.py.
        choices.written().write(summary(compared, collector, os.getcwd(), became))
        return
    choices.written().write(REPORTERS[name](told, root=os.getcwd()))
