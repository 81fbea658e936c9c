"""Expressions of a plan without the values in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fingerprint import tokens

_SUBPLANS = frozenset({"InitPlan", "SubPlan"})
_VALUES = frozenset({"string", "dollar", "number"})


def masked_expression(text: str) -> str:
    """The text with each literal as ``?``. Names stay: "SubPlan 1", "$0" for what one returns."""
    parts: list[str] = []
    before = ""
    for token in tokens(text):
        word = token.group()
        names_subplan = token.lastgroup == "number" and before in _SUBPLANS
        parts.append("?" if token.lastgroup in _VALUES and not names_subplan else word)
        if token.lastgroup != "space":
            before = word
    return "".join(parts)


def masked_value(value: Any) -> Any:
    """A field of a plan, whatever it holds, with all texts in it masked."""
    if isinstance(value, str):
        return masked_expression(value)
    if isinstance(value, Mapping):
        return {key: masked_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked_value(item) for item in value]
    return value
