"""A plan as the debug toolbar's panel shows it: steps with their figures, and tips. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .core.explained import Explained
from .core.plans import Plan, PlanNode
from .core.reporters.layout import clean
from .core.reporters.plan import figures, headers, heading
from .core.reporters.plan_steps import details, title

#: Steps below this depth are not indented further.
MAX_DEPTH = 12


def explanation(found: Explained) -> dict[str, Any]:
    """``steps`` in the order of the tree, parents first; empty where ``problem`` says why. Values
    are masked."""
    plan = found.plan
    if plan is None:
        return {"problem": clean(found.problem), "steps": []}
    return {
        "problem": "",
        "summary": " ".join(line.strip() for line in heading(plan)),
        "unstable": found.unstable,
        "headers": headers(plan),
        "steps": [
            _step(plan, node, depth, [tip for tip in found.tips if tip.node == position])
            for position, (node, depth) in enumerate(_walk(plan.root, 0))
        ],
        "tips": len(found.tips),
    }


def _walk(node: PlanNode, depth: int) -> Iterator[tuple[PlanNode, int]]:
    yield node, depth
    for child in node.children:
        yield from _walk(child, depth + 1)


def _step(plan: Plan, node: PlanNode, depth: int, tips: list[Any]) -> dict[str, Any]:
    return {
        "cells": [
            {"name": name, "value": value}
            for name, value in zip(headers(plan), figures(plan, node), strict=True)
        ],
        "share": _share(plan, node),
        "depth": min(depth, MAX_DEPTH),
        "title": clean(title(node)),
        "details": [clean(text) for text in details(node)],
        "tips": [
            {"name": tip.name, "message": clean(tip.message), "hint": clean(tip.hint)}
            for tip in tips
        ],
    }


def _share(plan: Plan, node: PlanNode) -> int | None:
    """Percent of the run that the step itself took; None where it was not measured."""
    if not plan.analyzed or node.self_ms is None or not plan.root.duration_ms:
        return None
    return max(0, min(100, round(100 * node.self_ms / plan.root.duration_ms)))
