"""The tips as a family: names, documentation, order, and plans that no server gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryscope.core import plan_tips
from queryscope.core.plan_tips import NAMES, PLAN_TIPS, Context, Tip, tips_for
from queryscope.core.plans import Buffers, Plan, PlanNode
from queryscope.core.schema import Column, Schema, Table

ORDER = (
    "deep-offset",
    "subplan-per-row",
    "nested-loop-scan",
    "non-sargable",
    "or-across-columns",
    "sequential-scan",
    "index-filter",
    "top-n-sort",
    "row-misestimate",
    "exact-count",
    "disk-sort",
    "lossy-bitmap",
    "heap-fetches",
    "wide-rows",
    "trigger-time",
    "jit-overhead",
    "planning-time",
    "missing-workers",
    "cache-misses",
)
HELPERS = {"tip", "reading", "figures", "conditions", "scans", "remedies", "indexing", "memory"}
HELPERS |= {"causes", "rewrites"}
modules = pytest.mark.parametrize("module", PLAN_TIPS, ids=NAMES)


def test_the_order_is_the_documented_one():
    assert NAMES == ORDER


def test_every_file_is_registered():
    files = {path.stem for path in Path(plan_tips.__file__).parent.glob("[a-z]*.py")}
    assert files - HELPERS == {module.__name__.rsplit(".", 1)[-1] for module in PLAN_TIPS}


@modules
def test_a_name_is_the_file_in_kebab_case(module):
    assert module.__name__.endswith(f".{module.NAME.replace('-', '_')}")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", module.NAME)


@modules
@pytest.mark.parametrize("part", ["Why it hurts:", "Instead of:", "use", "Silent:"])
def test_the_docstring_is_the_documentation(module, part):
    first, *rest = module.__doc__.splitlines()
    assert first.endswith(".")
    assert any(part in line for line in rest)


texts = st.sampled_from(
    [
        "",
        "(",
        "(status = 'done'::text)",
        "((a = 1) OR (upper(b) ~~ '%x'::text))",
        "(NOT (hashed SubPlan 1))",
        "(ANY (id = (hashed SubPlan 1).col1))",
        "(EXTRACT(month FROM at) = '1'::numeric)",
        "(meta ->> 'k'::text) = 'v'",
        "(tags @> '{1}'::integer[])",
        "(a IS NULL)",
        "((a)::numeric <> 1.5)",
        "(ROW(a, b) > ROW(1, 2))",
        "\x00 ' ; --",
    ]
)
numbers = st.none() | st.sampled_from([0, -1, 1, 0.5, 1e9, 10_000_000])
values = st.none() | numbers | texts | st.lists(texts, max_size=2) | st.just({"Total": None})
kinds = st.sampled_from(
    [
        "Seq Scan",
        "Index Scan",
        "Index Only Scan",
        "Bitmap Heap Scan",
        "Bitmap Index Scan",
        "Limit",
        "Sort",
        "Incremental Sort",
        "Hash",
        "Hash Join",
        "Nested Loop",
        "Merge Join",
        "Materialize",
        "Aggregate",
        "Append",
        "Gather Merge",
        "SCAN",
        "SEARCH",
        "USE TEMP B-TREE",
        "",
        "Something new",
    ]
)
names = st.none() | st.sampled_from(["task", "t", "odd name", "event_1", ""])
fields = st.sampled_from(
    [
        "Workers Planned",
        "Workers Launched",
        "Workers",
        "Sort Method",
        "Sort Space Type",
        "Sort Space Used",
        "Full-sort Groups",
        "Hash Batches",
        "Disk Usage",
        "Peak Memory Usage",
        "Heap Fetches",
        "Lossy Heap Blocks",
        "Exact Heap Blocks",
        "Group Key",
        "Purpose",
        "Partial Mode",
    ]
)
buffers = st.none() | st.builds(Buffers, shared_read=st.integers(0, 10**6))
conditions = st.dictionaries(
    st.sampled_from(["Filter", "Index Cond", "Recheck Cond", "Join Filter", "Hash Cond"]), texts
)


def _node(children: st.SearchStrategy[tuple[PlanNode, ...]]) -> st.SearchStrategy[PlanNode]:
    return st.builds(
        PlanNode,
        kind=kinds,
        relation=names,
        alias=names,
        index=names,
        relationship=st.sampled_from(["", "outer", "inner", "sub-plan", "init-plan"]),
        subplan=names,
        join_type=st.none() | st.sampled_from(["Inner", "Semi", "Anti"]),
        rows_estimated=numbers,
        rows=numbers,
        rows_removed=st.sampled_from([0.0, 1e9]),
        loops=numbers,
        duration_ms=numbers,
        self_ms=numbers,
        width=st.none() | st.integers(0, 5000),
        self_buffers=buffers,
        conditions=conditions,
        sort_key=st.lists(texts | st.just("t.at DESC"), max_size=2).map(tuple),
        details=st.dictionaries(fields, values, max_size=4),
        children=children,
    )


trees = st.recursive(
    _node(st.just(())),
    lambda below: _node(st.lists(below, max_size=3).map(tuple)),
    max_leaves=6,
)
plans = st.builds(
    Plan,
    root=trees,
    vendor=st.sampled_from(["postgresql", "sqlite"]),
    analyzed=st.booleans(),
    planning_ms=numbers,
    execution_ms=numbers,
    planning_buffers=buffers,
    settings=st.dictionaries(st.just("work_mem"), st.sampled_from(["4MB", "odd", "1 TB", "0"])),
    triggers=st.lists(st.dictionaries(st.sampled_from(["Time", "Calls", "Relation"]), values)).map(
        tuple
    ),
    jit=st.none() | st.dictionaries(st.sampled_from(["Timing", "Functions"]), values),
)
statements = st.sampled_from(
    [
        "",
        "SELECT COUNT(*) FROM task t",
        "SELECT * FROM task t ORDER BY at LIMIT 5 OFFSET 99999999999999999999",
        "SELECT t.a FROM task t, task u WHERE t.a = 3 ORDER BY lower(b), c DESC LIMIT ?",
        "SELECT a FROM (SELECT 1 AS a) x UNION SELECT 2",
        "WITH t AS (SELECT 1) SELECT * FROM t WHERE django_date_trunc('day', at) = %s",
        "DELETE FROM task",
        "VACUUM",
        "((((",
    ]
)
schemas = st.sampled_from(
    [
        Schema("postgresql"),
        Schema("sqlite", {"task": Table("task", {}, rows=1e6, size_bytes=10**9)}),
        Schema(
            "postgresql",
            {
                "task": Table(
                    "task",
                    {"a": Column("a", "integer"), "at": Column("at", "date")},
                    rows=0.0,
                    analyzed=False,
                )
            },
        ),
    ]
)


@given(plans, statements, schemas)
@settings(max_examples=400, deadline=None)
def test_no_plan_is_too_odd(plan: Plan, statement: str, schema: Schema):
    context = Context(plan, statement, schema)
    for tip in tips_for(context):
        assert isinstance(tip, Tip)
        assert tip.name in NAMES
        assert 0 <= tip.node < len(context.nodes)
        assert tip.message
        assert tip.hint
        assert "\n" not in tip.message + tip.hint
        assert tip.cost_ms is None or tip.cost_ms == tip.cost_ms


def test_a_plan_may_be_deeper_than_the_stack():
    root = PlanNode("Result")
    for _ in range(5_000):
        root = PlanNode("Nested Loop", children=(root,))
    assert tips_for(Context(Plan(root, "postgresql"), "SELECT 1", Schema("postgresql"))) == ()
