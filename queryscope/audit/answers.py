"""What endpoints answered, in a file, to be compared with what they answer to other code."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

from ..core.responses import Captured


def write(path: str, answers: Mapping[str, Sequence[Captured]]) -> None:
    """Keep the responses of each endpoint. Raises OSError."""
    kept = {name: [_kept(each) for each in captured] for name, captured in answers.items()}
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(kept, stream)


def read(path: str) -> dict[str, list[Captured]]:
    """What :func:`write` kept. Raises OSError, and ValueError where it is something else."""
    with open(path, encoding="utf-8") as stream:
        kept = json.load(stream)
    return {name: [_captured(*each) for each in captured] for name, captured in kept.items()}


def _kept(one: Captured) -> list[object]:
    body = base64.b64encode(one.body).decode()
    return [one.status, one.headers, one.cookies, body, one.charset]


def _captured(
    status: int, headers: list[list[str]], cookies: list[str], body: str, charset: str
) -> Captured:
    pairs = tuple((name, value) for name, value in headers)
    return Captured(status, pairs, tuple(cookies), base64.b64decode(body), charset)
