"""What the tips say of each plan, for a person to read: ``python -m tests.core.plan_tips.said``
writes it again."""

from __future__ import annotations

from pathlib import Path

from queryscope.core.plan_tips import Context, tips_for

from .stored import names, read

SAID = Path(__file__).parent / "said.txt"


def said() -> str:
    return "\n".join(_of(name) for name in names())


def _of(name: str) -> str:
    context = Context(*read(name)[:3])
    lines = [f"{name}\n"]
    for tip in tips_for(context):
        node = context.nodes[tip.node]
        place = " ".join(filter(None, (node.kind, node.relation and f"on {node.relation}")))
        cost = "" if tip.cost_ms is None else f", {tip.cost_ms:.0f} ms"
        lines += [f"  {tip.name} ({place}{cost})\n", f"    {tip.message}\n"]
        lines += [f"    {tip.hint}\n"]
    return "".join(lines)


if __name__ == "__main__":
    SAID.write_text(said())
