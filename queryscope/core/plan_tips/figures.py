"""Figures as a person reads them."""

from __future__ import annotations

from typing import Any

BLOCK_BYTES = 8192


def number(value: Any) -> float:
    """A field of a plan as a number; 0 for what is none."""
    return float(value) if isinstance(value, int | float) and value == value else 0.0


def counted(amount: float, noun: str) -> str:
    """``1 row``, ``12,345 rows``; an average below ten keeps a decimal."""
    text = f"{amount:,.0f}" if amount >= 10 or amount == int(amount) else f"{amount:.1f}"
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"


def share(part: float, whole: float) -> str:
    """Per cent, never rounded up to all of it."""
    percent = 100 * part / whole if whole else 0.0
    return f"{min(percent, 99.9):.1f} %" if 99 < percent < 100 else f"{percent:.0f} %"


def milliseconds(duration_ms: float) -> str:
    return f"{duration_ms:,.0f} ms" if duration_ms >= 10 else f"{duration_ms:.1f} ms"


def listed(names: tuple[str, ...], word: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last
