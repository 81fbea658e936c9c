"""Watches one request for what it reaches beside the databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from ...recording import report_once
from ..patching import Patch, patched
from . import sockets, stores, tasks
from .noted import Effect, Effects
from .taps import watching


@contextmanager
def watch_effects() -> Iterator[Effects]:
    """Note what the block reaches that no database rollback undoes; nothing is held back.

    Noted is what is called in the block's own context: by coroutines, by threads that asgiref or
    ``copy_context()`` gave it; a bare thread has none. ``on_commit`` hooks are counted as the block
    ends, inside the caller's transaction. Blocks may overlap; the last one to end puts every
    function back as it was.
    """
    effects = Effects()
    hooks = _hooks()
    before = watching.get()
    with patched(_patches()):
        watching.set((*before, effects))
        try:
            yield effects
        finally:
            watching.set(before)
            waiting = sum(max(0, n - hooks.get(alias, 0)) for alias, n in _hooks().items())
            effects.note(Effect("on_commit", "not run", "hook"), waiting)
            effects.close()


def _patches() -> list[Patch]:
    found: list[Patch] = []
    for module in (stores, tasks, sockets):
        try:
            found.extend(tap.patch for tap in module.taps())
        except Exception as error:  # of ours: the request is sent anyhow
            report_once(error)
    return found


def _hooks() -> dict[str, int]:
    """alias -> hooks that wait for a commit."""
    return {
        connection.alias: len(connection.run_on_commit)
        for connection in connections.all(initialized_only=True)
    }
