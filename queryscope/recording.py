"""Records every query of a scope: one permanent hook on each connection, one ContextVar.

The hook returns at once when nothing records. When something does, a query that was seen before
costs two clock reads, a walk up the stack and a few dictionary hits; everything that needs thought
happens on the first sight of a group, or after the scope closed.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from time import perf_counter_ns
from typing import Any, Protocol

from django.core.signals import setting_changed
from django.db import connections
from django.db.backends.signals import connection_created

from .awaiting import opener
from .building import Site, watch_building
from .core.events import Trace
from .core.workload import Workload
from .freezing import freeze, rows_by_model, workload_of
from .ledger import Ledger
from .roles import forget
from .watching import Watch, watch_reads

logger = logging.getLogger("queryscope")

_active: ContextVar[tuple[Recording, ...]] = ContextVar("queryscope_active", default=())
_reported: set[str] = set()
#: What sees the queries of all threads and contexts, beside the recordings of each.
_everywhere: tuple[Recorder, ...] = ()

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


def hook(execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """The execute wrapper that every connection carries."""
    recordings = (*_active.get(), *_everywhere) if _everywhere else _active.get()
    if not recordings:
        return execute(sql, params, many, context)
    start = perf_counter_ns()
    failed = True
    try:
        result = execute(sql, params, many, context)
        failed = False
        return result
    finally:
        elapsed = perf_counter_ns() - start
        connection = context["connection"]
        for recording in recordings:
            try:
                recording.ledger.add(sql, params, many, connection, start, elapsed, failed)
            except Exception as error:
                report_once(error)


class Counting(Protocol):
    """What counts a query: a ledger."""

    def add(self, *query: Any, **none: Any) -> None: ...


class Recorder(Protocol):
    """What the hook hands a query to: ``ledger`` is asked while the query's stack is there."""

    @property
    def ledger(self) -> Counting: ...


def recordings() -> tuple[Recording, ...]:
    """Those of the running code, outermost first."""
    return _active.get()


@contextmanager
def everywhere(recorder: Recorder) -> Iterator[None]:
    """Hand it the queries of the whole process, for a test run: servers have many users at once."""
    global _everywhere
    install()
    _everywhere = (*_everywhere, recorder)
    try:
        yield
    finally:
        _everywhere = tuple(each for each in _everywhere if each is not recorder)


def report_once(error: Exception) -> None:
    """Log a fault of queryscope itself, the first time it happens at a place, and go on."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = f"{type(error).__name__}:{traceback.tb_frame.f_code.co_filename if traceback else ''}"
    place += f":{traceback.tb_lineno if traceback else 0}"
    if place not in _reported:
        _reported.add(place)
        logger.error("queryscope failed while recording; the application goes on", exc_info=error)


def install() -> None:
    """Put the hook on every open connection and on each that opens later. Safe to repeat."""
    connection_created.connect(_instrument, dispatch_uid="queryscope.recording")
    setting_changed.connect(forget, dispatch_uid="queryscope.stack")
    for connection in connections.all(initialized_only=True):
        _instrument(connection=connection)


def _instrument(*, connection: Any, **kwargs: Any) -> None:
    # In front: a scope of connection.execute_wrapper() ends by removing the last one.
    if hook not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, hook)


class Recording:
    """What one scope sees. ``queries`` and ``database_ms`` are live; ``trace`` is the whole.

    Threads that run in a copied context record into the same object.
    """

    def __init__(self, name: str = "", request: str | None = None) -> None:
        self.name = name
        self.request = request
        self.status: int | None = None
        self._started = perf_counter_ns()
        self.ledger = Ledger(self._started)
        self._ended: int | None = None
        self._trace: Trace | None = None
        self._watch: Watch | None = None
        self._sites: dict[int, Site] = {}

    @property
    def queries(self) -> int:
        """Queries so far, transaction control left out."""
        return self.ledger.queries

    @property
    def database_ms(self) -> float:
        """Time spent in the database so far, in milliseconds."""
        return self.ledger.database_ns / 1e6

    @property
    def databases(self) -> dict[str, str]:
        """Aliases that were asked so far, each with its vendor."""
        return {group.alias: group.vendor for group in list(self.ledger.groups.values())}

    @property
    def closed(self) -> bool:
        return self.ledger.closed

    @contextmanager
    def active(self) -> Iterator[Recording]:
        """Record what runs inside; may be entered again, for a body that streams later."""
        token = _active.set((*_active.get(), self))
        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
        waiting = opener.set(weakref.ref(task)) if task is not None else None
        try:
            yield self
        finally:
            _reset(_active, token)
            if waiting is not None:
                _reset(opener, waiting)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Note where the querysets are built that are evaluated inside."""
        with watch_building() as building:
            self.ledger.building = building
            try:
                yield
            finally:
                self.ledger.building = None
                self._sites = building.sites
        if building.fault is not None:
            report_once(building.fault)

    def close(self, watch: Watch | None = None) -> None:
        """End the recording: a context that leaked it records nothing more.

        ``watch`` has noted what was read of the rows, from beginning to end.
        """
        if not self.ledger.closed:
            self._ended = perf_counter_ns()
            self._watch = watch
            self.ledger.close(watch)
            if watch is not None:
                watch.clear()

    @property
    def trace(self) -> Trace:
        """Everything recorded, as frozen data; of an open recording, what there is so far."""
        if self._trace is not None:
            return self._trace
        ledger = self.ledger
        with ledger.lock:
            groups = list(ledger.groups.values())
            frozen = freeze(groups, ledger.nodes, ledger.timeline, self._sites)
            trace = replace(self.totals, **frozen)
            if ledger.closed:
                self._trace = trace
            return trace

    @property
    def totals(self) -> Trace:
        """The trace without its groups: what a page that needs no advice is worth."""
        ended = self._ended or perf_counter_ns()
        return Trace(
            name=self.name,
            request=self.request,
            status=self.status,
            duration_ms=(ended - self._started) / 1e6,
            queries=self.queries,
            distinct=len({statement.fingerprint for statement in list(self.ledger.sights)}),
            database_ms=self.database_ms,
            truncated=self.ledger.truncated,
            watched=self.watched,
            rows=self.rows,
        )

    @property
    def watched(self) -> bool:
        """Whether it was noted what was read of the rows."""
        return self._watch is not None

    @property
    def built(self) -> dict[Hashable, Site]:
        """Where querysets were built, by what tells their queries in other recordings as well."""
        return {key: self._sites[i] for key, i in self._keys() if i in self._sites}

    def adopt(self, built: Mapping[Hashable, Site]) -> None:
        """Take over where a watched recording of the same request saw the querysets being built."""
        self._sites = {index: built[key] for key, index in self._keys() if key in built}
        self._trace = None

    def _keys(self) -> list[tuple[Hashable, int]]:
        ledger = self.ledger
        with ledger.lock:
            return [
                ((statement.fingerprint, statement.batched, alias, site), group.index)
                for (statement, alias, site), group in ledger.groups.items()
            ]

    @property
    def outliving(self) -> frozenset[int]:
        """Indexes of watched sources with rows that are still alive: something has kept them."""
        return self._watch.outliving() if self._watch is not None else frozenset()

    @property
    def quiet(self) -> bool:
        """Whether every query ran once and none was caused by a row: there is nothing to find."""
        return self.ledger.quiet

    @property
    def slowest_ms(self) -> float:
        """The longest query, in milliseconds."""
        return self.ledger.slowest_ns / 1e6

    @property
    def workload(self) -> Workload:
        """What was asked, with values of some runs: in memory only, and in no serial form."""
        with self.ledger.lock:
            return workload_of(self.ledger.groups.values(), self.name)

    @property
    def most_rows(self) -> int:
        """The most rows that one evaluation brought; known once the recording is closed."""
        return self.ledger.most_rows

    @property
    def rows(self) -> dict[str, int]:
        """For labels of models the most rows that one evaluation brought."""
        return rows_by_model(list(self.ledger.groups.values()), list(self.ledger.nodes))

    def shape(self) -> int:
        """Equal for recordings in which there is the same to find."""
        return self.ledger.shape()

    def as_dict(self) -> dict[str, Any]:
        """The trace as JSON types; ``core.events.Trace.from_dict`` reads it back."""
        return self.trace.as_dict()


def _reset(variable: ContextVar[Any], token: Any) -> None:
    try:
        variable.reset(token)
    except ValueError:
        # A generator may be closed in another context than it was opened in; that context is gone.
        logger.debug("a recording ended in another context than it began in")


@contextmanager
def record(
    name: str = "", request: str | None = None, *, reads: bool = False
) -> Iterator[Recording]:
    """Record the queries of a block, in sync or async code, on every database alias.

    With ``reads`` it is watched as well what is read of the rows that the block loads, which shows
    what was loaded in vain, and where their querysets are built; that slows every model of the
    process down: for tests, not for servers.

    >>> with record() as trace:
    ...     list(Task.objects.all())
    """
    install()
    recording = Recording(name, request)
    try:
        if not reads:
            with recording.active():
                yield recording
            return
        with watch_reads() as watch, recording.building(), recording.active():
            yield recording
        # Not after an error: what the rest of the block would have read is not known.
        recording.close(watch)
    finally:
        recording.close()
