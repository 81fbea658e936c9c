"""What a test run keeps of what it recorded: of each thing to see one trace, and who showed it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..conf import get_settings
from ..core.events import Trace
from ..recording import Recording

#: "request"; "call" of the application by a test; "test" for all that a test does which asked to be
#: counted as well.
Kind = Literal["request", "call", "test"]

#: Bounds of memory; what is beyond them is counted.
_MOST_TRACES = 2_000
_MOST_TRACES_OF_ONE = 50
_MOST_ENDPOINTS = 5_000
_MOST_TESTS = 3


@dataclass(slots=True)
class Kept:
    """A trace and the first tests that showed it, by name; ``allowed`` are their detectors."""

    kind: Kind
    trace: Trace
    allowed: frozenset[str]
    tests: tuple[str, ...]

    def shown_by(self, tests: tuple[str, ...]) -> None:
        # By name, not by time: it must not matter in which order tests run.
        self.tests = tuple(sorted({*self.tests, *tests})[:_MOST_TESTS])

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "trace": self.trace.as_dict(),
            "allowed": sorted(self.allowed),
            "tests": self.tests,
        }

    @classmethod
    def of(cls, data: dict[str, Any]) -> Kept:
        """Raises ValueError for a trace that is none."""
        trace = Trace.from_dict(data["trace"])
        return cls(data["kind"], trace, frozenset(data["allowed"]), tuple(data["tests"]))


class Keeper:
    """The traces of a run, of which those in which there is the same to find are one."""

    def __init__(self) -> None:
        self._kept: dict[Any, Kept] = {}
        self._of_name: dict[str, int] = {}
        #: For each endpoint the figures of the run with the most queries, without what it asked.
        self.endpoints: dict[str, Kept] = {}
        #: For each endpoint the most rows of each model that one evaluation of any run brought.
        self._rows: dict[str, dict[str, int]] = {}
        self.queries = 0
        self.left_out = 0

    def __iter__(self) -> Iterator[Kept]:
        """In an order that does not depend on the order of the tests, most queries first.

        An endpoint comes with its figures alone where they are all there is to see.
        """
        most: dict[str, int] = {}
        for kept in self._kept.values():
            name = kept.trace.name
            most[name] = max(most.get(name, 0), kept.trace.queries)
        bare = [k for name, k in self.endpoints.items() if k.trace.queries > most.get(name, 0)]
        everything = map(self._with_rows, [*self._kept.values(), *bare])
        return iter(sorted(everything, key=lambda k: (k.trace.name, -k.trace.queries, k.tests)))

    def _with_rows(self, kept: Kept) -> Kept:
        """With the rows of all runs: the one with the most queries may not be that with rows."""
        rows = self._rows.get(kept.trace.name, {})
        return replace(kept, trace=replace(kept.trace, rows=dict(rows)))

    def _unite(self, name: str, rows: Mapping[str, int]) -> None:
        if name in self.endpoints:
            known = self._rows.setdefault(name, {})
            known.update({model: n for model, n in rows.items() if n > known.get(model, 0)})

    def _is_known(self, recording: Recording) -> bool:
        """Whether an endpoint has shown as many queries before."""
        known = self.endpoints.get(recording.name)
        return known is not None and known.trace.queries >= recording.queries

    def _note(self, totals: Kept) -> None:
        name = totals.trace.name
        known = self.endpoints.get(name)
        if known is None and len(self.endpoints) >= _MOST_ENDPOINTS:
            return
        if known is None or totals.trace.queries > known.trace.queries:
            self.endpoints[name] = totals

    def keep(
        self,
        recording: Recording,
        kind: Kind,
        test: str,
        allowed: frozenset[str] = frozenset(),
        url: Callable[[], str] | None = None,
    ) -> None:
        """Keep a closed recording, unless one like it is kept; ``url`` is asked if it is."""
        if not recording.queries:
            return
        self.queries += recording.queries
        if not self._is_known(recording):
            recording.request = url() if url is not None else None
            self._note(Kept(kind, recording.totals, allowed, (test,)))
        self._unite(recording.name, recording.rows)
        if recording.quiet and recording.most_rows < get_settings().unbounded_rows:
            return
        like = kind, recording.name, recording.status, allowed, recording.shape()
        known = self._kept.get(like)
        if known is None and not self._has_room(recording.name):
            return
        if known is None or recording.queries > known.trace.queries:
            if url is not None and recording.request is None:
                recording.request = url()
            self._put(like, Kept(kind, _lean(recording.trace), allowed, (test,)))
        else:
            known.shown_by((test,))

    def _has_room(self, name: str) -> bool:
        of_name = self._of_name.get(name, 0)
        if len(self._kept) < _MOST_TRACES and of_name < _MOST_TRACES_OF_ONE:
            self._of_name[name] = of_name + 1
            return True
        self.left_out += 1
        return False

    def _put(self, like: Any, kept: Kept) -> None:
        if (known := self._kept.get(like)) is not None:
            kept.shown_by(known.tests)
        self._kept[like] = kept

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {
            "kept": [kept.as_dict() for kept in self._kept.values()],
            "endpoints": [kept.as_dict() for kept in self.endpoints.values()],
            "rows": self._rows,
            "queries": self.queries,
            "left_out": self.left_out,
        }

    def merge(self, data: dict[str, Any]) -> None:
        """Add what another process kept."""
        for entry in data["endpoints"]:
            self._note(Kept.of(entry))
        for name, rows in data["rows"].items():
            self._unite(name, rows)
        self.queries += data["queries"]
        self.left_out += data["left_out"]
        for kept in map(Kept.of, data["kept"]):
            trace = kept.trace
            like = kept.kind, trace.name, trace.status, kept.allowed, _likeness(trace)
            known = self._kept.get(like)
            if known is None and not self._has_room(trace.name):
                continue
            if known is None or trace.queries > known.trace.queries:
                self._put(like, kept)
            else:
                known.shown_by(kept.tests)


def _lean(trace: Trace) -> Trace:
    return replace(trace, timeline=())


def _likeness(trace: Trace) -> str:
    """Equal for traces of several processes in which there is the same to find."""
    groups = [
        (replace(group, duration_ms=0, slowest_ms=0, repeats={}), sorted(group.repeats.values()))
        for group in trace.groups
    ]
    return repr((groups, [dataclasses.astuple(source) for source in trace.sources]))
