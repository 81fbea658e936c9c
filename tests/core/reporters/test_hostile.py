"""Names that would steer the terminal: every text of a report has one, and none gets through."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest

from queryscope.core.reporters import REPORTERS

from . import reports

HOSTILE = "\x1b[2J\r\x07\x9b\u202e\u200f\u2066\ufeff\udce9"
#: Texts that only queryscope writes: words of its own, numbers of a digest, dates.
_OURS = {"detector", "severity", "confidence", "kind", "status", "digest", "until", "tool", "alias"}
_OURS |= {"vendor", "detectors"}


def hostile(value: Any, name: str = "") -> Any:
    if name in _OURS:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            f.name: hostile(getattr(value, f.name), f.name) for f in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(hostile(item, name) for item in value)
    return value[:4] + HOSTILE + value[4:] if isinstance(value, str) else value


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize(
    "report",
    [reports.FULL, reports.WORTH_KNOWING, reports.SEVERAL_STEPS, reports.SUPPRESSED],
    ids=["full", "worth-knowing", "several-steps", "suppressed"],
)
def test_nothing_steers_the_terminal(report: Any, verbose: bool) -> None:
    text = REPORTERS["table"](hostile(report), root=reports.ROOT, verbose=verbose)
    assert r"\x1b[2J" in text
    assert re.findall(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f]", text) == []
    assert not set(HOSTILE) & set(text) - set("[2J")
    text.encode()


def test_json_stays_json() -> None:
    text = REPORTERS["json"](hostile(reports.FULL))
    text.encode()
    assert json.loads(text)["endpoints"][0]["name"].startswith("GET \x1b[2J")
