"""A plan for programs: every field, the texts without values unless they are asked for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from ..plan_texts import masked_value
from ..plan_tips.tip import Tip
from ..plans import Buffers, Plan, PlanNode

VERSION = 1
_TEXTS = ("conditions", "sort_key", "details")


def render(plan: Plan, tips: Sequence[Tip] = (), *, verbatim: bool = False) -> str:
    """One JSON object with "version", "plan" and "tips"; a tip's "node" counts the steps of the
    tree from 0 on, parents first.
    """
    whole = {
        "version": VERSION,
        "plan": {
            field.name: _plain(getattr(plan, field.name), verbatim)
            for field in dataclasses.fields(plan)
        },
        "tips": [dataclasses.asdict(tip) for tip in tips],
    }
    return json.dumps(whole, indent=2) + "\n"


def _plain(value: Any, verbatim: bool) -> Any:
    if isinstance(value, PlanNode):
        return _node(value, verbatim)
    return dataclasses.asdict(value) if isinstance(value, Buffers) else value


def _node(node: PlanNode, verbatim: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if field.name == "children":
            value = [_node(child, verbatim) for child in value]
        elif field.name in _TEXTS and not verbatim:
            value = masked_value(value)
        found[field.name] = _plain(value, verbatim)
    return found
