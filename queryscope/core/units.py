"""Bytes as a person reads them."""

from __future__ import annotations


def size(number: float) -> str:
    """ "24 kB", "3.1 MB"; units of 1024, as PostgreSQL shows them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1024:
            return (
                f"{number:.0f} {unit}"
                if number >= 10 or unit == "bytes"
                else f"{number:.1f} {unit}"
            )
        number /= 1024
    return f"{number:,.1f} TB"
