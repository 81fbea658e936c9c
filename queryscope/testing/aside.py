"""N+1s in the code of tests themselves: they do not count, so that they are counted cheaply.

A line is one when it loaded something for two different rows, of one test.
"""

from __future__ import annotations

from types import FrameType

from ..roles import AGGREGATE, FETCH, FILES

_MOST_LINES = 1_000
#: Frames from a query up to the queryset that asks it.
_DEEPEST = 12


class Aside:
    """The lines of tests that ask once for each row: ``lines`` are file and number."""

    def __init__(self) -> None:
        self.lines: set[tuple[str, int]] = set()
        self._first: dict[tuple[int, int], int | None] = {}

    def forget(self) -> None:
        """Another test begins: what it does is no repetition."""
        self._first.clear()

    def note(self, query: FrameType, test: FrameType) -> None:
        """A query that a test's own code asks, on the line that ``test`` runs."""
        instruction = id(test.f_code), test.f_lasti
        first = self._first.get(instruction, 0)
        if first is None:
            return
        row = _row_behind(query)
        if row is None or (first and row != first and len(self.lines) < _MOST_LINES):
            self._first[instruction] = None
            if row is not None:
                self.lines.add((test.f_code.co_filename, test.f_lineno))
        else:
            self._first[instruction] = row


def _row_behind(query: FrameType) -> int | None:
    """The identity of the row whose attribute or manager is read; None where none is."""
    frame: FrameType | None = query
    for _ in range(_DEEPEST):
        if frame is None:
            return None
        roles = FILES.get(frame.f_code.co_filename)
        role = roles.get(frame.f_code.co_qualname) if isinstance(roles, dict) else None
        if role in (FETCH, AGGREGATE):
            instance = frame.f_locals["self"]._hints.get("instance")
            return id(instance) if instance is not None else None
        frame = frame.f_back
    return None
