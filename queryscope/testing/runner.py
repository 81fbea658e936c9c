"""Django's test runner that records: ``manage.py test --queryscope``."""

from __future__ import annotations

import argparse
import functools
import os
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import MethodType
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.core.management.color import color_style, no_style
from django.test.runner import DiscoverRunner
from django.test.utils import iter_test_cases  # type: ignore[attr-defined]

from ..audit.output import Output
from ..conf import get_settings
from .collecting import Collector
from .judging import Coverage
from .verdict import ChoiceError, Choices, Verdict, judged

#: Whose a request is that is made before the first test of a class.
_SET_UP = "set-up of a class"
#: "--queryscope-update": what it does. They are those of the pytest plugin.
_FLAGS = {
    "update": "Accepts what this run finds: writes the baseline and passes.",
    "strict": "Fails as well when no query was recorded, and on known findings that were fixed "
    "and are still in the baseline.",
}
_VALUES = {
    "baseline": ("FILE", "Where the known findings are; default: the BASELINE setting."),
    "output": ("FILE", "Writes the report there, as JSON unless --queryscope-format says other."),
    "format": ("FORMAT", "The report's format, instead of the summary where there is no output."),
}

if TYPE_CHECKING:
    _Base = DiscoverRunner
else:
    _Base = object


class QueryScopeRunnerMixin(_Base):
    """For a project with a runner of its own: ``class Runner(QueryScopeRunnerMixin, ItsRunner)``.

    Without ``--queryscope`` it changes nothing. Raises CommandError, before any test runs, for
    options that cannot be followed and for settings that are wrong.
    """

    def __init__(self, *args: Any, queryscope: bool = False, **kwargs: Any) -> None:
        given = {name: kwargs.pop(f"queryscope_{name}", False) for name in _FLAGS}
        given |= {name: kwargs.pop(f"queryscope_{name}", None) for name in _VALUES}
        super().__init__(*args, **kwargs)
        self._choices = _choices(given) if queryscope else None
        self._collector = Collector(os.getcwd())
        self._everything = False
        if not queryscope and (named := [name for name, value in given.items() if value]):
            raise _could_not_run(f"--queryscope-{named[0]} does nothing without --queryscope")

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--queryscope",
            action="store_true",
            help="Records the queries of requests and of the application's code, and fails on new "
            "findings.",
        )
        for name, text in _FLAGS.items():
            parser.add_argument(f"--queryscope-{name}", action="store_true", help=text)
        for name, (value, text) in _VALUES.items():
            parser.add_argument(f"--queryscope-{name}", metavar=value, help=text)

    def build_suite(self, test_labels: Sequence[str] | None = None, **kwargs: Any) -> Any:
        chosen = self.tags or self.exclude_tags or self.test_name_patterns
        self._everything = not (test_labels or chosen)
        return super().build_suite(test_labels, **kwargs)

    def run_suite(self, suite: Any, **kwargs: Any) -> Any:
        if self._choices is None:
            return super().run_suite(suite, **kwargs)
        if hasattr(suite, "run_subsuite"):
            return self._run_in_parallel(suite, **kwargs)
        with _recorded(suite, self._collector):
            return super().run_suite(suite, **kwargs)

    def _run_in_parallel(self, suite: Any, **kwargs: Any) -> Any:
        with tempfile.TemporaryDirectory(prefix="queryscope-") as folder:
            run = functools.partial(_run_subsuite, suite.run_subsuite.__func__, os.getcwd(), folder)
            # The suite hands the function of its method to the workers.
            suite.run_subsuite = MethodType(run, suite)
            result = super().run_suite(suite, **kwargs)
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), encoding="utf-8") as stream:
                    self._collector.merge(stream.read())
        return result

    def suite_result(self, suite: Any, result: Any, **kwargs: Any) -> int:
        """The number of failures, and one more where all passed and there are new findings."""
        failures: int = super().suite_result(suite, result, **kwargs)
        if self._choices is None:
            return failures
        try:
            verdict = judged(self._collector, self._choices, self._coverage(failures, result))
        except (ChoiceError, ImproperlyConfigured) as error:
            raise _could_not_run(error) from error
        if self._choices.format and self._choices.output is None:
            Output(None, sys.stdout).write(verdict.text)
        elif self.verbosity or verdict.exit_status:
            # Where unittest tells its results, too.
            sys.stderr.write(f"\n{' queryscope '.center(70, '-')}\n\n{verdict.text.lstrip()}")
            sys.stderr.write(f"{_coloured(verdict)}\n")
        return failures or verdict.exit_status

    def _coverage(self, failures: int, result: Any) -> Coverage:
        if not self._everything or failures or result.shouldStop:
            return "chosen"
        return "skipping" if result.skipped else "whole"


class QueryScopeRunner(QueryScopeRunnerMixin, DiscoverRunner):
    """``TEST_RUNNER = "queryscope.testing.QueryScopeRunner"``."""


def _choices(given: dict[str, Any]) -> Choices:
    try:
        if given["baseline"] is None:
            given["baseline"] = get_settings().baseline
        return Choices(**{**given, "format": given["format"] or ""})
    except (ChoiceError, ImproperlyConfigured) as error:
        raise _could_not_run(error) from error


def _could_not_run(reason: object) -> CommandError:
    return CommandError(f"queryscope: {reason}", returncode=2)


def _coloured(verdict: Verdict) -> str:
    """The last line, red where the terminal shows colours: above it is unittest's "OK"."""
    style = color_style() if sys.stderr.isatty() else no_style()
    written = style.ERROR if verdict.exit_status else style.SUCCESS
    return str(written(verdict.closing))


def _run_subsuite(run: Callable[[Any], Any], root: str, folder: str, args: Any) -> Any:
    """What a worker does with a part of the suite; what it saw of it goes into a file."""
    _, index, suite, *_ = args
    collector = Collector(root)
    with _recorded(suite, collector):
        result = run(args)
    with open(os.path.join(folder, f"{index:06}.json"), "w", encoding="utf-8") as stream:
        stream.write(collector.as_json())
    return result


@contextmanager
def _recorded(suite: Iterable[Any], collector: Collector) -> Iterator[None]:
    """Record the tests of a suite while they run."""
    modules = {type(test).__module__ for test in iter_test_cases(suite)}
    files = (getattr(sys.modules.get(module), "__file__", None) for module in modules)
    collector.code.add(file for file in files if file)
    collector.start()
    try:
        with _named(collector):
            yield
    finally:
        collector.stop()


@contextmanager
def _named(collector: Collector) -> Iterator[None]:
    """Tell the collector which test runs."""
    run = unittest.TestCase.run

    @functools.wraps(run)
    def run_named(
        self: unittest.TestCase, result: unittest.TestResult | None = None
    ) -> unittest.TestResult | None:
        collector.begin(self.id())
        try:
            return run(self, result)
        finally:
            collector.end()
            collector.begin(_SET_UP)

    collector.begin(_SET_UP)
    unittest.TestCase.run = run_named  # type: ignore[method-assign]
    try:
        yield
    finally:
        unittest.TestCase.run = run  # type: ignore[method-assign]
