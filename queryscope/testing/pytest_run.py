"""One run of pytest with ``--queryscope``: record, merge what workers saw, judge, tell."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from .pytest_marks import mark_of

if TYPE_CHECKING:
    from .collecting import Collector
    from .judging import Coverage
    from .verdict import Choices, Verdict

_NOT_CONFIGURED = (
    "queryscope recorded nothing: Django is not set up. Set DJANGO_SETTINGS_MODULE (pytest-django) "
    "or call django.setup() in conftest.py."
)
_LISTING = (
    *("collectonly", "setuponly", "setupplan"),
    *("showfixtures", "show_fixtures_per_test"),
)


class Run:
    """Registered with the flag, in each process of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._collector: Collector | None = None
        self._verdict: Verdict | None = None
        self._problem = ""
        #: Not all of the tests were to run, or some were lost; others skip themselves.
        self._chosen = _chooses(config)
        self._skipping = False
        self._lost = 0

    @property
    def _is_worker(self) -> bool:
        return hasattr(self._config, "workerinput")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Raises UsageError for options and a baseline that could not be used in the end."""
        if not self._is_worker:
            with _usage(), contextlib.chdir(self._config.rootpath):
                self._choices = _choices(self._config)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._chosen = self._chosen or bool(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # What it would have shown is not fixed.
        self._skipping |= report.skipped and not hasattr(report, "wasxfail")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self) -> Generator[None, Any, Any]:
        """A test may ask for a fixture while it runs: that is set-up all the same."""
        if self._collector is None:
            return (yield)
        with self._collector.set_up():
            return (yield)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if not _is_ready():
            return
        collector = self._made()
        files = {str(item.path) for item in session.items}
        collector.code.add(files | {os.path.realpath(file) for file in files})
        collector.start()

    def _made(self) -> Collector:
        if self._collector is None:
            from .collecting import Collector

            self._collector = Collector(str(self._config.rootpath))
        return self._collector

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if self._collector is None:
            return (yield)
        mark = mark_of(item)
        allow = mark.allow if mark is not None else ()
        self._collector.begin(item.nodeid, allow=allow, whole=mark is not None)
        try:
            return (yield)
        finally:
            self._collector.end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_pyfunc_call(self) -> Generator[None, Any, Any]:
        if self._collector is None:
            return (yield)
        with self._collector.body():
            return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """xdist: a worker is done; one that crashed has nothing to hand over."""
        handed = getattr(node, "workeroutput", {})
        text = handed.get("queryscope")
        if text is None:
            self._lost += 1
        elif text:
            self._made().merge(text)
        self._chosen = self._chosen or text is None or handed["queryscope_chosen"]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        collector = self._collector
        if collector is not None:
            collector.stop()
        if self._is_worker:
            output = self._config.workeroutput  # type: ignore[attr-defined]
            output["queryscope"] = collector.as_json() if collector is not None else ""
            output["queryscope_chosen"] = self._chosen
        elif collector is not None and exitstatus in (0, 1) and not _only_lists(self._config):
            some = self._chosen or exitstatus != 0
            status = self._judge(
                collector, "chosen" if some else "skipping" if self._skipping else "whole"
            )
            session.exitstatus = session.exitstatus or status

    def _judge(self, collector: Collector, coverage: Coverage) -> int:
        """The exit status of a run that passed."""
        from .verdict import NEW, USAGE_ERROR, judged

        try:
            with _usage(), contextlib.chdir(self._config.rootpath):
                self._verdict = judged(collector, self._choices, coverage)
                return self._verdict.exit_status
        except pytest.UsageError as error:
            # Raised here it would take the place of what pytest has to tell of the tests.
            self._problem = str(error)
            return USAGE_ERROR
        except Exception as error:
            from ..recording import report_once

            report_once(error)
            self._problem = f"queryscope failed, nothing was judged: {error!r}"
            return NEW

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._is_worker or _only_lists(self._config):
            return
        terminalreporter.section("queryscope")
        if self._lost:
            terminalreporter.line(f"{self._lost} workers ended early; what they recorded is lost.")
        if self._verdict is not None:
            terminalreporter.write(self._verdict.text)
            failing = bool(self._verdict.exit_status)
            terminalreporter.line(self._verdict.closing, red=failing, green=not failing)
        elif self._problem:
            terminalreporter.line(f"ERROR: {self._problem}", red=True)
        elif self._collector is None and not _is_ready():
            terminalreporter.line(_NOT_CONFIGURED)
        else:
            terminalreporter.line("Nothing was judged: the tests did not run to their end.")


def _choices(config: pytest.Config) -> Choices:
    """The options, with paths as they were meant: from where pytest was started."""
    from ..conf import get_settings
    from .verdict import Choices

    def path(name: str) -> str | None:
        given: str | None = config.getoption(f"queryscope_{name}")
        started = str(config.invocation_params.dir)
        return os.path.relpath(os.path.join(started, given)) if given else given

    baseline = path("baseline")
    if baseline is None and _is_ready():
        baseline = get_settings().baseline
    return Choices(
        baseline=baseline,
        update=config.getoption("queryscope_update"),
        strict=config.getoption("queryscope_strict"),
        output=path("output"),
        format=config.getoption("queryscope_format") or "",
    )


@contextlib.contextmanager
def _usage() -> Iterator[None]:
    """What cannot be done ends in one line, and in pytest's exit status for wrong usage."""
    from django.core.exceptions import ImproperlyConfigured

    from .verdict import ChoiceError

    try:
        yield
    except (ChoiceError, ImproperlyConfigured) as error:
        raise pytest.UsageError(f"queryscope: {error}") from error


def _is_ready() -> bool:
    """Whether there is a Django to record."""
    if "django" not in sys.modules:
        return False
    from django.apps import apps
    from django.conf import settings

    return bool(settings.configured and apps.ready)


def _chooses(config: pytest.Config) -> bool:
    """Whether the command line names files or tests, or leaves some out."""
    source, sources = config.args_source, pytest.Config.ArgsSource
    elsewhere = config.invocation_params.dir != config.rootpath
    named = source is sources.ARGS or (source is sources.INVOCATION_DIR and elsewhere)
    return named or any(config.getoption(name, None) for name in ("ignore", "ignore_glob", "lf"))


def _only_lists(config: pytest.Config) -> bool:
    """Whether no test is really run."""
    return any(config.getoption(name, False) for name in _LISTING)
