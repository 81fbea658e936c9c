"""How a project lays out its code, as its own files say."""

from __future__ import annotations

import configparser
import os
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import libcst as cst

from .imports import Style
from .parsed import Parsed

#: What ruff and black take where nothing is said.
_LIMIT = 88
_LEAST = 60


def style_of(parsed: Parsed) -> Style:
    return Style(line_length(os.path.dirname(parsed.text.path)), parsed.module.default_indent)


def quote_of(parsed: Parsed, node: cst.CSTNode) -> str:
    """The quotes that a file has most of; within an f-string those that are not its own."""
    for parent in parsed.above(node):
        if isinstance(parent, cst.FormattedString):
            # Before Python 3.12 a string within another has to have others.
            return '"' if parent.end[0] == "'" else "'"
    text = parsed.text.text
    return "'" if text.count("'") > text.count('"') else '"'


@lru_cache(maxsize=256)
def line_length(folder: str) -> int:
    """The columns of a line, by the nearest configuration of ruff, black, flake8 or isort."""
    for limit in _limits(folder):
        if isinstance(limit, str):
            limit = int(limit) if limit.isdigit() else None
        if isinstance(limit, int) and limit >= _LEAST:
            return limit
    parent = os.path.dirname(folder)
    return line_length(parent) if parent != folder else _LIMIT


def _limits(folder: str) -> Iterator[Any]:
    for name in ("ruff.toml", ".ruff.toml"):
        yield _toml(folder, name).get("line-length")
    tools = _toml(folder, "pyproject.toml").get("tool", {})
    yield tools.get("ruff", {}).get("line-length")
    yield tools.get("black", {}).get("line-length")
    yield tools.get("isort", {}).get("line_length")
    for name in (".flake8", "setup.cfg", "tox.ini"):
        found = configparser.ConfigParser(interpolation=None)
        try:
            found.read(os.path.join(folder, name), encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        yield found.get("flake8", "max-line-length", fallback=None)


def _toml(folder: str, name: str) -> dict[str, Any]:
    try:
        with open(os.path.join(folder, name), "rb") as stream:
            return tomllib.load(stream)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
