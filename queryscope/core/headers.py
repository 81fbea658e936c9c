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
    r"|x-(?:.*-)?(?:runtime|response-time|process-time|render-time|duration|elapsed)(?:-ms)?"
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
    """Which cookie is set, no longer set or set to another value; "" when none."""
    olds = [_of_cookies(cookies) for cookies in base]
    news = [_of_cookies(cookies) for cookies in fixed]
    before, after = _in_all(olds), _in_all(news)
    for name in sorted(before.difference(*news)):
        return f"the cookie {name} is no longer set"
    for name in sorted(after.difference(*olds)):
        return f"the cookie {name} is set, as it was not before"
    for name in sorted(before & after):
        values = {cookies[name] for cookies in olds}
        if len(values) == 1 and not any(cookies[name] in values for cookies in news):
            return f"the cookie {name} has another value"
    return ""


def _of_cookies(cookies: Sequence[str]) -> dict[str, str]:
    """Of "name=value" each."""
    return dict(cookie.partition("=")[::2] for cookie in cookies)


def _in_all(cookies: Sequence[dict[str, str]]) -> set[str]:
    return set(cookies[0]).intersection(*cookies)


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
