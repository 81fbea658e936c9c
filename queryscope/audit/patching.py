"""Puts functions around attributes of classes and modules for as long as somebody needs them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]
_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Patch:
    """``around`` is given the function that is there and returns what takes its place.

    Blocks that overlap share what the first one put there: it has to ask a context variable whom
    it works for. One attribute therefore has one ``around``, whoever patches it.
    """

    owner: Any
    name: str
    around: Callable[[Function], Function]

    @property
    def key(self) -> tuple[int, str]:
        return id(self.owner), self.name


@dataclass(slots=True)
class _Held:
    """``before`` is what the owner itself has under that name: an inherited one is absent."""

    patch: Patch
    before: Any
    put: Function
    holders: int = 1


_held: dict[tuple[int, str], _Held] = {}
_lock = threading.Lock()


@contextmanager
def patched(patches: Iterable[Patch]) -> Iterator[None]:
    """Patch the attributes inside the block; the last of overlapping blocks puts them back.

    What cannot be replaced, and what is no plain function, stays as it is. Where somebody else has
    replaced an attribute since, theirs stays.
    """
    holding: list[Patch] = []
    try:
        for patch in patches:
            holding.append(patch)
            if not _hold(patch):
                holding.pop()
        yield
    finally:
        for patch in reversed(holding):
            _release(patch)


def _hold(patch: Patch) -> bool:
    with _lock:
        held = _held.get(patch.key)
        if held is not None:
            held.holders += 1
            return True
        before = vars(patch.owner).get(patch.name, _ABSENT)
        there = getattr(patch.owner, patch.name, None)
        if isinstance(before, (staticmethod, classmethod, property)) or not callable(there):
            return False
        held = _Held(patch, before, patch.around(there))
        try:
            setattr(patch.owner, patch.name, held.put)
        except (AttributeError, TypeError):  # a class written in C
            return False
        _held[patch.key] = held
        return True


def _release(patch: Patch) -> None:
    with _lock:
        held = _held.get(patch.key)
        if held is None:
            return
        held.holders -= 1
        if held.holders:
            return
        del _held[patch.key]
        if vars(patch.owner).get(patch.name) is not held.put:
            return
        if held.before is _ABSENT:
            delattr(patch.owner, patch.name)
        else:
            setattr(patch.owner, patch.name, held.before)
