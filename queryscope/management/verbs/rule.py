"""``manage.py queryscope rule``: what a detector looks for, and why."""

from __future__ import annotations

import argparse
import inspect
from typing import Any

from ...core.detectors import DETECTORS, NAMES
from ..arguments import require

HELP = "print what a detector looks for, and why"
DESCRIPTION = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"one of {', '.join(NAMES)}")


def run(options: dict[str, Any], stdout: Any, stderr: Any) -> int:
    """Print a detector's documentation, or without a name what each of them finds."""
    name = options["name"]
    if name is None:
        longest = max(map(len, NAMES))
        for known, detector in zip(NAMES, DETECTORS, strict=True):
            first = inspect.cleandoc(detector.__doc__ or "").partition("\n")[0]
            stdout.write(f"{known:{longest}}  {first}")
        return 0
    require("rule", "detector", [name], NAMES)
    detector = DETECTORS[NAMES.index(name)]
    stdout.write(f"{name}: {inspect.cleandoc(detector.__doc__ or '')}")
    return 0
