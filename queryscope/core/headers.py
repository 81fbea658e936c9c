"""Headers and cookies of responses to the same request, but for those that are new each time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .bodies import Varies
from .bodies.words import difference_within

Headers = Sequence[tuple[str, str]]

#: They tell of this one response and of the server, not of what was asked for.
_PASSING = re.compile(
    r"age|date|expires|content-length|set-cookie|server|server-timing|via|connection"
    r"|trace(?:parent|state|-id)|x-b3-.*|x-amzn?-trace-id|x-cloud-trace-context"
    r"|(?:x-)?(?:request|correlation|trace|transaction|debug|djdt)-?(?:id|token|store-id|request-id)"
    r"|x-(?:.*-)?(?:runtime|response-time|process-time|duration|elapsed|time|timing)(?:-ms)?"
    r"|x-(?:.*-)?(?:queries|query-count|sql-count|db-queries)",
    re.IGNORECASE,
)
#: Made from the bytes of the body, which may hold what is masked there.
_OF_BYTES = frozenset({"etag", "content-md5", "digest", "content-digest", "repr-digest"})
#: Lists whose order means nothing.
_SETS = frozenset({"vary", "allow"})


def media_type(headers: Headers) -> str:
    """ "text/html", in lower case; "" when the response has no Content-Type."""
    value = _values(headers).get("content-type", "")
    return value.partition(";")[0].strip().lower()


def changed_header(base: Sequence[Headers], fixed: Sequence[Headers], *, same_bodies: bool) -> str:
    """What differs, "" when nothing does. Values that vary in ``base`` are not compared."""
    olds, news = [_values(each) for each in base], [_values(each) for each in fixed]
    names = dict.fromkeys(name for one in (*base, *fixed) for name, _ in one)
    for name in names:
        key = name.lower()
        if _PASSING.fullmatch(key) or (key in _OF_BYTES and not same_bodies):
            continue
        before, after = [one.get(key) for one in olds], [one.get(key) for one in news]
        if any(value in before for value in after):
            continue
        told = [value for value in before if value is not None]
        if not told:
            return f"the header {name} is new"
        if len(told) < len(before):
            continue
        given = [value for value in after if value is not None]
        if not given:
            return f"the header {name} is gone"
        if _differs(told, given):
            return f"the header {name} differs"
    return ""


def changed_cookie(base: Sequence[Sequence[str]], fixed: Sequence[Sequence[str]]) -> str:
    """Which cookie is set or no longer set, "" when none; their values are not compared."""
    olds: list[set[str]] = [set(names) for names in base]
    news: list[set[str]] = [set(names) for names in fixed]
    for name in sorted(olds[0].intersection(*olds) - news[0].union(*news)):
        return f"the cookie {name} is no longer set"
    for name in sorted(news[0].intersection(*news) - olds[0].union(*olds)):
        return f"the cookie {name} is set, as it was not before"
    return ""


def _differs(before: Sequence[str], after: Sequence[str]) -> bool:
    try:
        return difference_within(before, after) is not None
    except Varies:
        return False


def _values(headers: Headers) -> dict[str, str]:
    """By name in lower case; those given more than once joined."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return {name: _normal(name, ", ".join(values)) for name, values in found.items()}


def _normal(name: str, value: str) -> str:
    if name in _SETS:
        return ", ".join(sorted({part.strip().lower() for part in value.split(",")}))
    return value
