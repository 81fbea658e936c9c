"""What an edit comes to: new texts and a diff, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.findings import Finding


class Uncertain(Exception):
    """The source is written in a way that cannot be edited with certainty; says why."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a finding's fix is not an edit, in a clause: "visible() returns what is not known"."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Files that change, by absolute path, and the unified diff of them all."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Edits:
    """One edit for several findings, those that it is for, and what it leaves out."""

    edit: Edit
    done: tuple[Finding, ...] = ()
    refused: tuple[Refusal, ...] = ()
