"""Names that would steer the terminal: every text of a report has one, and none gets through."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from queryscope.core.reporters import REPORTERS

from . import checks, reports

HOSTILE = "\x1b[2J\r\x07\x9b\u202e\u200f\u2066\ufeff\udce9"
#: Texts that only queryscope writes: words of its own, numbers of a digest, dates.
_OURS = {"detector", "severity", "confidence", "kind", "status", "digest", "until", "tool", "alias"}
_OURS |= {"vendor", "detectors", "measure", "run", "method"}


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
    [
        reports.FULL,
        reports.WORTH_KNOWING,
        reports.SEVERAL_STEPS,
        reports.SUPPRESSED,
        reports.PROVEN,
    ],
    ids=["full", "worth-knowing", "several-steps", "suppressed", "proven"],
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


@pytest.mark.parametrize("name", ["github", "gitlab", "junit", "markdown", "sarif"])
@pytest.mark.parametrize(
    "report",
    [
        reports.FULL,
        reports.SUPPRESSED,
        reports.PROVEN,
        checks.CHECKED,
        checks.FIRST,
        checks.STRICT,
    ],
    ids=["full", "suppressed", "proven", "checked", "first", "strict"],
)
def test_nothing_steers_those_who_read_logs_and_comments(report: Any, name: str) -> None:
    text = REPORTERS[name](hostile(report), root="/")
    text.encode()
    assert not set(HOSTILE) & set(text) - set("[2J")
    assert re.findall(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f]", text) == []
    assert "x1b" in text or text == "[]\n"


@pytest.mark.parametrize(
    ("name", "read"), [("gitlab", json.loads), ("sarif", json.loads), ("junit", ET.fromstring)]
)
def test_programs_can_read_it(name: str, read: Any) -> None:
    for report in (reports.FULL, reports.SUPPRESSED, checks.CHECKED):
        text = REPORTERS[name](hostile(report), root="/")
        assert len(read(text)) >= 1
