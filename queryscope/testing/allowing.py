"""What a test allows by name, as an entry of ``QUERYSCOPE["ALLOW"]`` does for the project."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..checks import unknown_label
from ..core.detectors import NAMES
from ..core.names import nearest
from ..core.suppression import Allowance

_REASON = "allowed by the test"
_KEYS = ("app", "model", "relation")


def allowances(names: Iterable[str]) -> tuple[Allowance, ...]:
    """One for each name: a detector ("query-in-loop"), the label of an app ("projects"), of a model
    ("projects.Task") or of a relation ("projects.Task.project").

    Raises TypeError for what is no collection of strings, ValueError for names that nobody knows.
    """
    if isinstance(names, str):
        raise TypeError(f"allow=... must be a list of names, not one name: [{names!r}]")
    return tuple(_allowance(name) for name in names)


def _allowance(name: str) -> Allowance:
    if not isinstance(name, str):
        raise TypeError(f"allow=[...] must hold names, not {name!r}")
    if name in NAMES:
        return Allowance(-1, _REASON, detector=name)
    if not all(name.split(".")) or name.count(".") >= len(_KEYS):
        raise ValueError(
            f"allow=[{name!r}]: name a relation ('projects.Task.project'), a model, an app or a "
            "detector"
        )
    key = _KEYS[name.count(".")]
    criterion: dict[str, Any] = {key: name}
    allowance = Allowance(-1, _REASON, **criterion)
    if unknown := unknown_label(allowance):
        near = nearest(name, NAMES) if key == "app" else ""
        raise ValueError(f"allow=[{name!r}]: {unknown}{near and f', or a detector{near}'}")
    return allowance
