"""Reads a baseline, which people merge and edit by hand: what is wrong is told with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn, get_args

from .baseline import VERSION, Baseline
from .detectors import NAMES
from .gate import Accepted, Run
from .names import nearest

_MARKER = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
_FINDINGS = re.compile(r'"findings"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_FIELDS = ("key", "run", "count", "rows_of", "digests", "endpoints")
_LONGEST_MS = 1e12
_PARTS = ("version", "findings", "recorded")


class BaselineError(ValueError):
    """The baseline cannot be read or written; the text says where, why and what to do."""


def parse(text: str, name: str) -> Baseline:
    """What the file ``name`` says. Raises BaselineError "name:12: ..."."""
    file = _File(text, name)
    data = file.json()
    if not isinstance(data, dict) or not isinstance(data.get("findings"), list):
        file.refuse(0, "not a baseline: it has no list of findings")
    if data.get("version") != VERSION or isinstance(data["version"], (bool, float)):
        what = f"a baseline of version {data.get('version')!r}, this queryscope reads {VERSION}"
        file.refuse(_place(text, '"version"'), what)
    for part in data:
        if part not in _PARTS:
            file.refuse(_place(text, json.dumps(part)), f"unknown {part!r}{nearest(part, _PARTS)}")
    blocks = zip(data["findings"], file.starts(len(data["findings"])), strict=True)
    accepted = [_accepted(file, block, start) for block, start in blocks]
    return Baseline(tuple(dict.fromkeys(accepted)), _recorded(file, data.get("recorded", {})))


class _File:
    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self._first: dict[tuple[str, str], tuple[Accepted, int]] = {}

    def json(self) -> Any:
        if marker := _MARKER.search(self.text):
            self.refuse(marker.start(), "a merge conflict is left: keep the blocks of both sides")
        try:
            return json.loads(self.text, object_pairs_hook=self.only_once)
        except json.JSONDecodeError as error:
            self.refuse(error.pos, f"not JSON: {error.msg}")
        except RecursionError:
            self.refuse(0, "not a baseline: too deeply nested")
        except BaselineError:
            raise
        except ValueError as error:  # a number of 5,000 digits
            self.refuse(0, f"not a baseline: {error}")

    def only_once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object; of a name that is there twice, JSON would take the last."""
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            name = next(name for name in names if names.count(name) > 1)
            quoted = re.escape(json.dumps(name))
            place = re.search(rf"{quoted}[^{{}}]*?({quoted})", self.text)
            last = place.start(1) if place else self.text.rfind(json.dumps(name))
            self.refuse(max(0, last), f"{name!r} is there twice: keep one")
        return found

    def starts(self, count: int) -> list[int]:
        """Where each block begins."""
        return list(self._starts(count))

    def _starts(self, count: int) -> Iterator[int]:
        begin = _FINDINGS.search(self.text)
        position = begin.end() if begin else 0
        decoder = json.JSONDecoder()
        for _ in range(count):
            between = _BETWEEN.match(self.text, position)
            position = between.end() if between else position
            yield position
            position = decoder.raw_decode(self.text, position)[1]

    def once(self, accepted: Accepted, start: int) -> Accepted:
        """Two sides of a merge may both have brought a block, but not with two meanings."""
        identity = accepted.key, accepted.run
        known, _ = self._first.setdefault(identity, (accepted, start))
        if known.count != accepted.count:
            line = _line(self.text, self._first[identity][1])
            self.refuse(start, f"the key is on line {line} as well, with another count: keep one")
        return known

    def refuse(self, position: int, why: str) -> NoReturn:
        line = _line(self.text, position)
        again = "mend it, or delete it and write it anew: manage.py queryscope baseline"
        raise BaselineError(f"{self.name}:{line}: {why}; {again}")


def _accepted(file: _File, block: Any, start: int) -> Accepted:
    if not isinstance(block, dict):
        file.refuse(start, f"a finding must be an object, not {json.dumps(block)[:60]}")
    for name in block:
        if name not in _FIELDS:
            place = start + _place(file.text[start:], json.dumps(name))
            file.refuse(place, f"unknown {name!r} in a finding{nearest(name, _FIELDS)}")
    for name in _FIELDS:
        if name not in block:
            file.refuse(start, f"a finding has no {name!r}")
        if wrong := _wrong(name, block[name]):
            place = start + _place(file.text[start:], json.dumps(name))
            file.refuse(place, f"{name!r} must be {wrong}, not {json.dumps(block[name])[:60]}")
    detector = block["key"].partition("::")[0]
    if detector not in NAMES:
        file.refuse(start, f"no such detector: {detector!r}{nearest(detector, NAMES)}")
    accepted = Accepted(
        key=block["key"],
        run=block["run"],
        count=block["count"],
        digests=tuple(block["digests"]),
        endpoints=tuple(block["endpoints"]),
        rows_of=block["rows_of"],
    )
    return file.once(accepted, start)


def _wrong(name: str, value: Any) -> str | None:
    if name == "count":
        fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return None if fits else "a whole number above 0"
    if name == "run":
        return None if value in get_args(Run) else " or ".join(map(repr, get_args(Run)))
    if name == "rows_of":
        return None if value is None or isinstance(value, str) else "a model, or null"
    if name == "key":
        return None if isinstance(value, str) and "::" in value else "detector::file::..."
    texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return None if texts else "a list of strings"


def _recorded(file: _File, data: Any) -> dict[str, float]:
    fits = isinstance(data, dict) and all(
        isinstance(ms, (int, float)) and not isinstance(ms, bool) and 0 <= ms <= _LONGEST_MS
        for ms in data.values()
    )
    if not fits:
        what = "'recorded' must map endpoints to milliseconds"
        file.refuse(_place(file.text, '"recorded"'), what)
    return {name: float(ms) for name, ms in data.items()}


def _place(text: str, part: str) -> int:
    return max(0, text.find(part))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
