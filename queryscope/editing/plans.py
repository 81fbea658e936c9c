"""One change of one file, ready to be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from .modules import Bound


@dataclass(frozen=True, slots=True)
class Plan:
    """A change of a ``node``, or of the text of a template.

    ``said`` is the code that comes in, ``imports`` what it needs. ``exclusive`` tells that it goes
    with no other change of the same node.
    """

    file: str
    node: cst.CSTNode | None = None
    change: Callable[[Any], cst.CSTNode] | None = None
    text_change: Callable[[str], str] | None = None
    said: str = ""
    imports: dict[str, Bound] = field(default_factory=dict)
    exclusive: bool = False
