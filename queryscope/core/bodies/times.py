"""Texts that tell the time, and whether two of them may be of requests sent one after another."""

from __future__ import annotations

import re
from datetime import datetime

#: Seconds that lie between two requests at most.
NEAR_S = 60.0

_DAY_S = 24 * 3600
_HALF_DAY_S = _DAY_S // 2

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?"
#: From 2017 to 2033.
_EPOCH = r"(?:1[5-9]|20)\d{8}(?:\.\d{1,7}|\d{3}|\d{6})?"
_AGO = r"\d+\ (?:seconds?|minutes?)\ ago"
_TOOK = r"\d+(?:\.\d+)?\ ?(?:ms|µs|us)"
#: As a whole word each; first those that others are a part of.
PATTERN = rf"(?<![\w.])(?<!\d:)(?:{_ISO}|{_CLOCK}|{_EPOCH}|{_AGO}|{_TOOK})(?![\w:]|\.\d)"


def near(one: str, other: str) -> bool:
    """Whether both tell the time in one form and are at most a minute apart; any two durations
    ("12 ms") are.
    """
    for pattern, distance in _DISTANCES:
        if pattern.fullmatch(one) and pattern.fullmatch(other):
            return distance(one, other) <= NEAR_S
    return False


def _between(one: str, other: str) -> float:
    try:
        return abs((datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds())
    except (ValueError, TypeError):  # no such day, or only one of them has a zone
        return _DAY_S


def _on_clock(one: str, other: str) -> float:
    if one.count(":") != other.count(":"):
        return _DAY_S
    apart = abs(_seconds(one) - _seconds(other)) % _HALF_DAY_S  # 12:59 is before 1:00 as well
    return min(apart, _HALF_DAY_S - apart)


def _seconds(clock: str) -> float:
    hours, minutes, *seconds = map(float, clock.split(":"))
    return hours * 3600 + minutes * 60 + sum(seconds)


def _epoch(one: str, other: str) -> float:
    digits = len(one.partition(".")[0])
    if digits != len(other.partition(".")[0]):
        return _DAY_S
    return float(abs(float(one) - float(other)) / 10 ** (digits - 10))


def _ago(one: str, other: str) -> float:
    return abs(_ago_s(one) - _ago_s(other))


def _ago_s(text: str) -> int:
    return int(text.split()[0]) * (60 if "minute" in text else 1)


_DISTANCES = (
    (re.compile(_ISO), _between),
    (re.compile(_CLOCK), _on_clock),
    (re.compile(_EPOCH), _epoch),
    (re.compile(_AGO), _ago),
    (re.compile(_TOOK), lambda one, other: 0.0),
)
