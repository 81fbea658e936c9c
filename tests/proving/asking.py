"""Proves loops as an audit proves endpoints: each is run again, with trials in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from queryscope.conf import get_settings
from queryscope.core.responses import Captured
from queryscope.inspection import judge
from queryscope.proof import Told, prove
from queryscope.proving.runs import Shown
from queryscope.proving.trial import Trial, tried
from queryscope.recording import record

TEXT = (("Content-Type", "text/plain; charset=utf-8"),)


def proved(*functions: Callable[[], Iterable[Any]], text: Callable[[list[Any]], str] = str) -> Told:
    """What comes of the findings of functions, each an endpoint whose values are its response."""
    named = {function.__name__: function for function in functions}
    recordings = []
    for name, function in named.items():
        with record(name) as recording:
            list(function())
        recordings.append(recording)
    judged = judge(*recordings, settings=get_settings())

    def ask(endpoint: str, trial: Trial | None) -> Shown:
        trial, problem, values = trial or Trial(), None, []
        with tried(trial), record(endpoint) as again:
            try:
                values = list(named[endpoint]())
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
        response = Captured(200, TEXT, (), text(values).encode(), "utf-8")
        return Shown(again, again.trace, response, problem, trial.unordered, bool(trial.missed))

    # So far away a database that no chance outweighs a query.
    return prove(judged.detections, ask, round_trip_ms=10_000.0)
