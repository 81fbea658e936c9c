"""Values that other routes were answered with: what to try where rows did not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from .arguments import Candidate, Choice
from .guesses import KEYS
from .routes import Route
from .targets import Target, reaches


class Answered:
    """Arguments of requests that succeeded, by the names that they share with others."""

    def __init__(self) -> None:
        self._found: dict[tuple[tuple[str, Any], ...], str] = {}

    def note(self, target: Target, candidate: Candidate) -> None:
        """The request was answered: its arguments are as good as any."""
        shared = tuple(_shared(candidate.choice.values).items())
        if shared:
            self._found.setdefault(shared, target.name)

    def candidates(self, target: Target) -> Iterator[Candidate]:
        """Those of the target, in their order; after the first, it with the values of others."""
        first, *rest = target.candidates
        yield first
        if target.route is not None:
            yield from self._with_those_of_others(target.route, first.choice)
        yield from rest

    def _with_those_of_others(self, route: Route, choice: Choice) -> Iterator[Candidate]:
        wanted = _shared(choice.values)
        # Values of one request, not each from another one: they belong together.
        best = max(self._found, key=lambda found: len(wanted.keys() & dict(found)), default=())
        known = {name: value for name, value in best if wanted.get(name, value) != value}
        if known:
            columns = {**choice.columns, **dict.fromkeys(known, self._found[best])}
            values = {**choice.values, **known}
            url = ""
            with suppress(Exception):  # the project's converter refuses it
                url = route.url(values)
            if url and reaches(route, url):
                yield Candidate(url, Choice(values, columns))


def _shared(values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that mean the same on every route: {organizer}, but neither {pk} nor {0}."""
    return {n: v for n, v in values.items() if n not in KEYS and not n.isdecimal() and v != ""}
