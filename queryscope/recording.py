"""Records every query of a scope: one permanent hook on each connection, one ContextVar.

The hook returns at once when nothing records. When something does, a query that was seen before
costs two clock reads, a walk up the stack and a few dictionary hits; everything that needs thought
happens on the first sight of a group, or after the scope closed.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from time import perf_counter_ns
from typing import Any

from django.core.signals import setting_changed
from django.db import connections
from django.db.backends.signals import connection_created

from . import provenance
from .awaiting import opener
from .core.events import Trace
from .core.fingerprint import Statement
from .groups import Group, first_sight, freeze, new_source
from .origins import Evaluation, LazyLoad, Origins, SourceNode
from .stack import AGGREGATE, ITERATE, Sight, chain, forget, signature, walk

logger = logging.getLogger("queryscope")

#: Groups in one recording; queries beyond them are counted, not described.
MAX_GROUPS = 2_000
#: Queries kept in the order they ran.
MAX_TIMELINE = 200
#: Distinct statements with parameters remembered in one group.
MAX_DISTINCT = 256
#: Sights of a group whose whole call chain is compared to tell a loop.
_CHAINS = 4
#: Distinct statements after which a loop has shown what it is.
_ENOUGH = 32
#: Ways to reach one statement that are tried before the stack is walked.
_MOST_SIGHTS = 8
#: Frames between a method that ``add`` calls and the caller of ``hook``: itself, add, hook.
_HOOK = 3
_MAX_STATEMENTS = 4_096

_active: ContextVar[tuple[Recording, ...]] = ContextVar("queryscope_active", default=())
_statements: dict[str, Statement] = {}
_shared: dict[tuple[str, bool], Statement] = {}
_reported: set[str] = set()

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


def hook(execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """The execute wrapper that every connection carries."""
    recordings = _active.get()
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
        try:
            for recording in recordings:
                recording.add(sql, params, many, context["connection"], start, elapsed, failed)
        except Exception as error:
            report_once(error)


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
        self.queries = 0
        self._database_ns = 0
        self._started = perf_counter_ns()
        self._ended: int | None = None
        # Re-entrant: a finaliser of the application may query while the collector runs in here.
        self._lock = threading.RLock()
        self._groups: dict[Any, Group] = {}
        self._sights: dict[Statement, list[Sight]] = {}
        self._sources: list[Any] = []
        self._origins = Origins(self._related_source)
        self._timeline: list[tuple[Group, int, int]] = []
        self._truncated = 0
        self._writes = 0
        self._trace: Trace | None = None

    @property
    def database_ms(self) -> float:
        """Time spent in the database so far, in milliseconds."""
        return self._database_ns / 1e6

    @property
    def closed(self) -> bool:
        return self._ended is not None

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

    def close(self) -> None:
        """End the recording: a context that leaked it records nothing more."""
        with self._lock:
            if self._ended is None:
                self._ended = perf_counter_ns()
                self._origins.close()
                for known in self._sights.values():
                    for sight in known:
                        sight.anchor = None

    @property
    def trace(self) -> Trace:
        """Everything recorded, as frozen data; of an open recording, what there is so far."""
        if self._trace is not None:
            return self._trace
        with self._lock:
            frozen = freeze(
                list(self._groups.values()), self._sources, self._timeline, self._started
            )
            trace = replace(self.totals, **frozen)
            if self._ended is not None:
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
            distinct=len({statement.fingerprint for statement in list(self._sights)}),
            database_ms=self.database_ms,
            truncated=self._truncated,
        )

    @property
    def quiet(self) -> bool:
        """Whether every query ran once and none was caused by a row: there is nothing to find."""
        with self._lock:
            return self.queries == len(self._groups) == len(self._sights) and not any(
                group.tallies for group in self._groups.values()
            )

    def as_dict(self) -> dict[str, Any]:
        """The trace as JSON types; ``core.events.Trace.from_dict`` reads it back."""
        return self.trace.as_dict()

    def add(
        self,
        sql: str,
        params: Any,
        many: bool,
        connection: Any,
        start: int,
        elapsed: int,
        failed: bool,
    ) -> None:
        """Count one query that just ran. Only ``hook`` calls this: frames are counted from it."""
        statement = _statements.get(sql) or _new_statement(sql)
        if statement.kind == "transaction":
            return
        with self._lock:
            if self._ended is not None:
                return
            self.queries += 1
            self._database_ns += elapsed
            sight = None
            # One statement comes from few places: try those before walking the stack.
            for known in self._sights.get(statement, ()):
                if known.matches(_HOOK) and known.group.alias == connection.alias:
                    sight = known
                    break
            if sight is None and (sight := self._walk(statement, connection)) is None:
                self._truncated += 1
                return
            group = sight.group
            group.count += 1
            group.duration_ns += elapsed
            if elapsed > group.slowest_ns:
                group.slowest_ns = elapsed
                group.slowest_params = params
            if failed:
                group.failures += 1
            if len(self._timeline) < MAX_TIMELINE:
                self._timeline.append((group, start, elapsed))
            if statement.writes:
                self._writes += 1
            if group.count == 1:
                self._meet(group, sight)
            if sight.holder_depth >= 0 and not failed:
                self._note_rows(group, sight)
            if len(group.repeats) < _ENOUGH or not (group.looped or group.tallies):
                self._note_repetition(group, sql, params, many)

    def _meet(self, group: Group, sight: Sight) -> None:
        """Learn on the first sight of a group what its counters will only count."""
        steps = chain(sys._getframe(_HOOK))
        group.chains.add(signature(steps))
        if sight.holder_depth < 0:
            first_sight(group, steps, None, None)
            return
        held = sys._getframe(_HOOK + sight.holder_depth).f_locals["self"]
        queryset = held.queryset if sight.role == ITERATE else held
        depth = sight.prefetch_depth
        prefetch = sys._getframe(_HOOK + depth) if depth >= 0 else None
        descriptor = first_sight(group, steps, queryset, prefetch)
        name = descriptor and provenance.cache_name(descriptor)
        if name is not None:
            group.lazy = LazyLoad(name, partial(self._source_below, group))
            self._origins.lazy_loads.append(group.lazy)

    def _walk(self, statement: Statement, connection: Any) -> Sight | None:
        """Walk the stack to the query's group, a new one if need be; None at the limit."""
        sight = walk(sys._getframe(_HOOK))
        key = statement, connection.alias, sight.site
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MAX_GROUPS:
                return None
            group = self._groups[key] = Group(statement, connection, sight)
        sight.group = group
        known = self._sights.setdefault(statement, [])
        if len(known) >= _MOST_SIGHTS:
            known.pop()
        known.insert(0, sight)
        return sight

    def _note_repetition(self, group: Group, sql: str, params: Any, many: bool) -> None:
        # Rows that cause a query are counted by their origin: no need to look for the loop.
        if 1 < group.count <= _CHAINS and not group.looped and not group.tallies:
            path = signature(chain(sys._getframe(_HOOK)))
            group.looped = path in group.chains
            group.chains.add(path)
        # A write in between makes a repeated read a new question.
        try:
            mark = hash((sql, None if many else params and tuple(params), self._writes))
        except TypeError:
            return
        repeats = group.repeats
        if mark in repeats:
            repeats[mark] += 1
        elif len(repeats) < MAX_DISTINCT:
            repeats[mark] = 1

    def _note_rows(self, group: Group, sight: Sight) -> None:
        if group.model is None:
            return  # Its first sight failed, which was logged.
        held = sys._getframe(_HOOK + sight.holder_depth).f_locals["self"]
        queryset = held.queryset if sight.role == ITERATE else held
        depth = sight.prefetch_depth
        prefetch = sys._getframe(_HOOK + depth) if depth >= 0 else None
        parent: Evaluation | None
        if prefetch is not None:
            parent = self._origins.find(prefetch.f_locals["instances"][0])
        else:
            parent = self._cause(group, queryset, sight)
        if sight.role == AGGREGATE or group.leaf:
            return
        streamed = sight.role == ITERATE
        source = self._source_below(group, parent.source if parent else None, streamed=streamed)
        evaluation = Evaluation(source, parent)
        if streamed:
            self._origins.stream(held, evaluation)
        else:
            self._origins.hold(queryset, evaluation)

    def _cause(self, group: Group, queryset: Any, sight: Sight) -> Evaluation | None:
        """The evaluation whose row caused this query; None when no row did, or it was not seen."""
        if sight.generic_depth >= 0:
            instance = sys._getframe(_HOOK + 1 + sight.generic_depth).f_locals.get("instance")
        elif group.keyed:
            return self._cause_by_key(group, queryset)
        else:
            instance = queryset._hints.get("instance")
        if instance is None:
            return None
        entry = self._origins.rows.get(id(instance))
        if entry is not None and entry[0]() is instance:
            evaluation: Evaluation | None = entry[1]
        else:
            evaluation = self._origins.find(instance)
        if evaluation is None:
            group.strangers += 1
        else:
            group.offend(instance, evaluation)
        return evaluation

    def _cause_by_key(self, group: Group, queryset: Any) -> Evaluation | None:
        found = provenance.generic_relation(queryset)
        evaluation = self._origins.find_key(found[1], found[2]) if found else None
        if evaluation is None:
            group.strangers += 1
        else:
            group.offend(None, evaluation)
        return evaluation

    def _source_below(
        self, group: Group, above: SourceNode | None, *, streamed: bool = False
    ) -> SourceNode:
        source = group.sources.get(above)
        if source is None:
            source = new_source(group, above, len(self._sources), streamed=streamed)
            self._sources.append(source)
            group.sources[above] = source
        return source

    def _related_source(self, parent: Any, field: Any) -> Any:
        source = new_source(None, parent, len(self._sources), field=field)
        self._sources.append(source)
        return source


def _new_statement(sql: str) -> Statement:
    if len(_statements) >= _MAX_STATEMENTS:
        _statements.clear()
    if len(_shared) >= _MAX_STATEMENTS:
        _shared.clear()
    made = Statement.of(sql)
    # Statements that differ in literals only share one object, which groups compare by identity.
    shared = _statements[sql] = _shared.setdefault((made.fingerprint, made.batched), made)
    return shared


def _reset(variable: ContextVar[Any], token: Any) -> None:
    try:
        variable.reset(token)
    except ValueError:
        # A generator may be closed in another context than it was opened in; that context is gone.
        logger.debug("a recording ended in another context than it began in")


@contextmanager
def record(name: str = "", request: str | None = None) -> Iterator[Recording]:
    """Record the queries of a block, in sync or async code, on every database alias.

    >>> with record() as trace:
    ...     list(Task.objects.all())
    """
    install()
    recording = Recording(name, request)
    try:
        with recording.active():
            yield recording
    finally:
        recording.close()
