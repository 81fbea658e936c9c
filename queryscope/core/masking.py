"""What is stored and shown without the values in it: URLs of visitors, texts of database errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ARGUMENT = re.compile(r"\{(\w+)\}")
#: Names whose values are nobody's to see: those Django hides in its error reports, and more.
_SECRET = re.compile(
    r"API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|SIGNED|CODE|HASH|CREDENTIAL|PHONE"
    r"|(?:^|_)(?:SIG|OTP|PIN|SSN)(?:_|$)",
    re.IGNORECASE,
)
#: What follows a step like these in a path of no route is a secret, whatever it looks like.
_BEFORE_SECRET = re.compile(
    r"AUTH|TOKEN|SECRET|PASS|RESET|VERIF|CONFIRM|ACTIVAT|INVIT|SUBSCRI|MAGIC|SHARE", re.IGNORECASE
)
_NUMBER = re.compile(r"[0-9]{1,10}")
_WORD = re.compile(r"[A-Za-z][a-z]{0,15}(?:[-_.][a-z]{1,15}){0,3}")
_PARAMETER = re.compile(r"[A-Za-z_]{1,32}[0-9]?(?:[.\[\]-][A-Za-z_]{0,16}){0,4}")
_PAGING = frozenset({"page", "p", "per_page", "page_size", "limit", "offset", "size", "start"})
#: Values in what databases say: "Key (email)=(a@b.c)", "syntax for type integer: "a"", a whole row.
_TOLD = (
    (re.compile(r"=\((?:[^()]|\([^()]*\))*\)?"), "=(*)"),
    (re.compile(r"(row contains )\(.*?(?:\)\.?(?=\s|$)|\Z)", re.DOTALL), r"\1(*)"),
    (re.compile(r'(: )"(?:[^"]|"")*(?:"|\Z)'), r'\1"*"'),
    (re.compile(r"((?:entry|value|value:) )'(?:[^'\\]|\\.|'')*(?:'|\Z)", re.IGNORECASE), r"\1'*'"),
    (re.compile(r"\s*\bLINE [0-9]+:.*", re.DOTALL), ""),
)


def masked_path(template: str, values: Mapping[str, Any]) -> str:
    """The path of a route ("/reset/{user}/{token}/") with what it captured, each value as ``*``
    unless it is a number and its name not one of a secret.
    """
    return _ARGUMENT.sub(lambda found: _argument(found[1], values.get(found[1])), template)


def _argument(name: str, value: Any) -> str:
    text = str(value)
    return text if _NUMBER.fullmatch(text) and not _SECRET.search(name) else "*"


def masked_steps(path: str) -> str:
    """A path that no route tells the arguments of: each step but words and numbers as ``*``."""
    steps = path.split("/")
    for index, step in enumerate(steps):
        if step and not (_WORD.fullmatch(step) or _NUMBER.fullmatch(step)):
            steps[index] = "*"
        if _BEFORE_SECRET.search(step):
            steps[index + 1 :] = ["*" if later else "" for later in steps[index + 1 :]]
            break
    return "/".join(steps)


def masked_query(query: str) -> str:
    """A query string with the names only, and the values of paging."""
    return "&".join(_parameter(pair) for pair in query.split("&")) if query else ""


def _parameter(pair: str) -> str:
    name, _, value = pair.partition("=")
    if name in _PAGING and _NUMBER.fullmatch(value):
        return pair
    # A name without a value may be one itself; an "=" alone may be the padding of base64.
    return f"{name}=*" if value.strip("=") and _PARAMETER.fullmatch(name) else "*"


def masked_message(text: str) -> str:
    """What a database said, without the values of rows and parameters that it quotes."""
    for pattern, replacement in _TOLD:
        text = pattern.sub(replacement, text)
    return text
