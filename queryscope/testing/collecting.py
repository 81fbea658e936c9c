"""Everything that one process of a test run saw, and what came of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ..conf import Settings
from ..core.findings import Finding, Report
from ..recording import Recording, install, report_once
from .bodies import around_test_methods
from .judging import Coverage, Judgement, judge
from .keeping import Keeper, Kind
from .plain import PlainWork
from .requests import Door
from .test_code import TestCode


class Collector:
    """Records requests, and what the application does for tests outside of them.

    ``root`` is the project's folder: findings are named from there, and tests are known by it.
    """

    def __init__(self, root: str) -> None:
        self.code = TestCode(root)
        self.keeper = Keeper()
        self._door = Door(self._keep_request)
        self._plain = PlainWork(self.code, self._door.serves, self._keep_plain)
        self._lock = threading.RLock()
        self._scope = ExitStack()
        self._test = ""
        self._allowed: frozenset[str] = frozenset()
        self._whole = False
        self._judgement: Judgement | None = None

    def start(self) -> None:
        """Open a door on Django's request handlers, and one on the test methods of unittest."""
        install()
        self._door.open()
        self._scope.callback(self._door.close)
        self._scope.enter_context(around_test_methods(self.body))

    def stop(self) -> None:
        """Close both: nothing remains patched."""
        self._scope.close()

    def begin(self, test: str, *, allow: Iterable[str] = (), whole: bool = False) -> None:
        """A test begins, its set-up included: requests from now on are its own.

        ``allow`` names detectors whose findings it does not show; ``whole`` counts what its own
        code asks, too.
        """
        self._test, self._allowed, self._whole = test, frozenset(allow), whole

    def end(self) -> None:
        """It has ended, and what it took down as well."""
        self._door.settle()

    @contextmanager
    def body(self) -> Iterator[None]:
        """The test's own function runs, not its set-up: what is done outside of requests counts.

        Methods of ``unittest.TestCase`` are seen without.
        """
        with self._plain.of(self._test, whole=self._whole):
            yield

    @contextmanager
    def set_up(self) -> Iterator[None]:
        """Set-up that runs within a test's own function: a fixture that it asks for."""
        with self._plain.paused():
            yield

    def _keep_request(self, recording: Recording, url: Callable[[], str]) -> None:
        with self._lock:
            self.keeper.keep(recording, "request", self._test, self._allowed, url)

    def _keep_plain(self, recording: Recording, called: bool) -> None:
        kind: Kind = "call" if called else "test"
        try:
            with self._lock:
                self.keeper.keep(recording, kind, self._test, self._allowed)
        except Exception as error:
            report_once(error)  # the test goes on, and ends as it would have

    def as_json(self) -> str:
        """What another process needs to know, for :meth:`merge`."""
        return json.dumps(
            {
                **self.keeper.as_dict(),
                "tests": sorted(self.code.files),
                "aside": sorted(self._plain.aside.lines),
            }
        )

    def merge(self, text: str) -> None:
        """Add what another process saw. Raises ValueError for what is no such text."""
        data: dict[str, Any] = json.loads(text)
        self.code.add(data.pop("tests"))
        self._plain.aside.lines.update((file, line) for file, line in data.pop("aside"))
        self.keeper.merge(data)

    def report(self, settings: Settings, coverage: Coverage) -> Report:
        """What was found, of run "tests"; ``coverage`` tells which of the tests ran.

        Keys are relative to the current directory. Raises ImproperlyConfigured.
        """
        self._judgement = judge(self.keeper, self.code, settings, coverage)
        return self._judgement.report

    def tests_of(self, finding: Finding) -> tuple[str, ...]:
        """Up to three tests that showed a finding of the report, first by name."""
        return self._judgement.tests_of(finding) if self._judgement is not None else ()

    @property
    def aside(self) -> tuple[tuple[str, int], ...]:
        """N+1s in the code of tests themselves, which do not count: files and lines."""
        return tuple(sorted(self._plain.aside.lines))

    @property
    def given(self) -> tuple[tuple[str, int], ...]:
        """N+1s over rows that tests hand to the application, which do not count either."""
        return tuple(sorted(self._judgement.given)) if self._judgement is not None else ()
