"""One request with changes in place: querysets are changed as they are evaluated.

``QuerySet`` is wrapped for the length of a block and put back afterwards; only the context that
entered the block is concerned, and whatever copies it. Nothing is attached to a queryset of the
application, which keeps what it asks.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice
from types import FrameType
from typing import Any

from django.db.models.query import QuerySet, RawQuerySet

from ..keys import relation_by_key
from .changes import Answer, Change, Unfit
from .spots import Asked, Spot, find_spot

_CHUNK = 2_000
_END = object()


@dataclass(frozen=True, slots=True)
class Halved:
    """Every other row of a spot: those at even places, or at odd ones."""

    first: int

    def of(self, rows: list[Any]) -> list[Any]:
        return rows[self.first :: 2]


@dataclass(slots=True)
class Trial:
    """What to change during one request; ``met``, ``unfit`` and ``missed`` say what became of it.

    ``statements`` are run before it in the ``database``, in its transaction. ``unordered`` tells
    that a queryset which was changed has no order of its own.
    """

    changes: Mapping[Spot, Change] = field(default_factory=dict)
    answers: Mapping[Spot, Answer] = field(default_factory=dict)
    halved: Mapping[Spot, Halved] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    database: str = "default"
    met: set[Spot] = field(default_factory=set)
    unfit: dict[Spot, str] = field(default_factory=dict)
    #: Spots that asked an object for what no change had loaded for it.
    missed: set[Spot] = field(default_factory=set)
    unordered: bool = False
    over: bool = False
    #: What a changed queryset raised, which the view may have caught.
    failed: str = ""
    #: Spots whose querysets are being evaluated: what these prefetch is not changed once more.
    _busy: set[Spot] = field(default_factory=set)
    #: Rows by model and key, for managers that do not tell whose they are.
    _loaded: dict[tuple[type, Any], Any] = field(default_factory=dict)

    def answer(self, queryset: Any, asked: Asked, frame: FrameType) -> Any:
        """What need not be asked; Ellipsis otherwise."""
        if not self.answers or isinstance(queryset, RawQuerySet):
            return ...
        spot = find_spot(self.answers, queryset, asked, frame)
        if spot is None:
            return ...
        found = self.answers[spot].to(queryset, asked, self._owner(queryset))
        if found is ...:
            self.missed.add(spot)
        return found

    def _owner(self, queryset: Any) -> Any:
        owner = queryset._hints.get("instance")
        if owner is None and (key := relation_by_key(queryset)) is not None:
            owner = self._loaded.get((key[1], key[2]))
        return owner

    def change(
        self, queryset: Any, frame: FrameType, *, waiting: bool = False
    ) -> tuple[Any, Change | None, Spot | None]:
        """The queryset to evaluate in place of one, with what and where that is changed."""
        spot = self._spot(self.changes, queryset, frame, waiting=waiting)
        if spot is None:
            return queryset, None, None
        change = self.changes[spot]
        try:
            changed = change.on(queryset, frame)
        except Unfit as error:
            self.unfit[spot] = str(error)
            return queryset, None, None
        except Exception as error:
            self._fail(error)
            raise
        self.met.add(spot)
        self.unordered = self.unordered or not getattr(queryset, "ordered", False)
        return changed, change, spot

    def halve(self, queryset: Any, frame: FrameType) -> Halved | None:
        """How to take half of the rows away."""
        spot = self._spot(self.halved, queryset, frame)
        if spot is None:
            return None
        self.met.add(spot)
        return self.halved[spot]

    def _spot(
        self,
        spots: Mapping[Spot, Any],
        queryset: Any,
        frame: FrameType,
        *,
        waiting: bool = False,
    ) -> Spot | None:
        spot = find_spot(spots, queryset, "rows", frame, waiting=waiting) if spots else None
        return None if spot in self._busy else spot

    @contextmanager
    def evaluating(self, spot: Spot) -> Iterator[None]:
        """What is evaluated inside belongs to the spot's queryset."""
        self._busy.add(spot)
        try:
            yield
        except Exception as error:
            self._fail(error)
            raise
        finally:
            self._busy.discard(spot)

    def _fail(self, error: Exception) -> None:
        self.failed = self.failed or f"{type(error).__name__}: {error}"

    def note(self, rows: Iterable[Any]) -> None:
        """Remember rows that a change has loaded."""
        if self.answers:
            self._loaded.update(((type(row), row.pk), row) for row in rows)


_trial: ContextVar[Trial | None] = ContextVar("queryscope_trial", default=None)
_lock = threading.Lock()
_blocks = 0
#: What the wrappers took the place of.
_originals: dict[Callable[..., Any], Any] = {}


@contextmanager
def tried(trial: Trial) -> Iterator[Trial]:
    """Put the changes in place inside the block, for the code that runs in its context."""
    token = _trial.set(trial)
    try:
        with _wrapped():
            yield trial
    finally:
        # A thread that the request has started, say, may go on in a copy of its context.
        trial.over = True
        _trial.reset(token)


def _running() -> Trial | None:
    trial = _trial.get()
    return None if trial is None or trial.over else trial


@contextmanager
def _wrapped() -> Iterator[None]:
    global _blocks
    with _lock:
        _blocks += 1
        if _blocks == 1:
            for owner, name, wrapper in _WRAPPERS:
                # Someone may have put a wrapper of an earlier block back.
                if vars(owner)[name] is not wrapper:
                    _originals[wrapper] = vars(owner)[name]
                setattr(owner, name, wrapper)
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            if not _blocks:
                for owner, name, wrapper in _WRAPPERS:
                    if vars(owner)[name] is wrapper:
                        setattr(owner, name, _originals[wrapper])


def _fetch_all(self: Any) -> None:
    _fetch(_originals[_fetch_all], self, sys._getframe(1))


def _fetch(original: Callable[[Any], None], queryset: Any, frame: FrameType) -> None:
    trial = _running()
    if trial is None or queryset._result_cache is not None:
        original(queryset)
        return
    answer = trial.answer(queryset, "rows", frame)
    if answer is not ...:
        queryset._result_cache, queryset._prefetch_done = answer, True
        return
    if (half := trial.halve(queryset, frame)) is not None:
        bare = queryset._clone()
        bare._prefetch_related_lookups = ()
        original(bare)
        queryset._result_cache = half.of(bare._result_cache)
        original(queryset)
        return
    changed, change, spot = trial.change(queryset, frame)
    if change is None or spot is None:
        original(queryset)
        return
    with trial.evaluating(spot):
        original(changed)
        change.load(changed._result_cache, frame)
    trial.note(changed._result_cache)
    queryset._result_cache, queryset._prefetch_done = changed._result_cache, True


def _iterator(self: Any, use_chunked_fetch: bool, chunk_size: int | None) -> Iterator[Any]:
    original, trial = _originals[_iterator], _running()
    if trial is None:
        yield from original(self, use_chunked_fetch, chunk_size)
        return
    frame = sys._getframe(1)
    half = trial.halve(self, frame)
    changed, _, spot = trial.change(self, frame)
    rows = original(changed, use_chunked_fetch, chunk_size or _CHUNK)
    if half is not None:
        yield from islice(rows, half.first, None, 2)
        return
    while True:
        with nullcontext() if spot is None else trial.evaluating(spot):
            row = next(rows, _END)
        if row is _END:
            return
        if spot is not None:
            trial.note([row])
        yield row


def _iterator_raw(self: Any) -> Iterator[Any]:
    original, trial = _originals[_iterator_raw], _running()
    if trial is None:
        yield from original(self)
        return
    frame = sys._getframe(1)
    half = trial.halve(self, frame)
    changed, change, spot = trial.change(self, frame)
    if change is None or spot is None:
        rows = list(original(changed))
    else:
        with trial.evaluating(spot):
            rows = list(original(changed))
            change.load(rows, frame)
        trial.note(rows)
    yield from rows if half is None else half.of(rows)


async def _aiterator(self: Any, chunk_size: int = _CHUNK) -> AsyncIterator[Any]:
    original, trial = _originals[_aiterator], _running()
    changed = self
    if trial is not None:
        changed, _, _ = trial.change(self, sys._getframe(1), waiting=True)
    async for row in original(changed, chunk_size):
        yield row


def _count(self: Any) -> Any:
    return _ask(self, "count", _originals[_count], sys._getframe(1))


def _exists(self: Any) -> Any:
    return _ask(self, "exists", _originals[_exists], sys._getframe(1))


def _ask(queryset: Any, asked: Asked, original: Callable[[Any], Any], frame: FrameType) -> Any:
    trial = _running()
    if trial is not None and queryset._result_cache is None:
        answer = trial.answer(queryset, asked, frame)
        if answer is not ...:
            return answer
    return original(queryset)


_WRAPPERS: tuple[tuple[type, str, Callable[..., Any]], ...] = (
    (QuerySet, "_fetch_all", _fetch_all),
    (RawQuerySet, "iterator", _iterator_raw),
    (QuerySet, "_iterator", _iterator),
    (QuerySet, "aiterator", _aiterator),
    (QuerySet, "count", _count),
    (QuerySet, "exists", _exists),
)
