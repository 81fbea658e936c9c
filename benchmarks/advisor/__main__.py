"""How good the advice is: ``python -m benchmarks.advisor tpch | oltp | many | tracker``."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from . import many, oltp, report, server, tpch, tracker
from .advised import Advised, advise, read
from .evaluate import evaluate, figures
from .extend import Extend

#: What a budget's MB is, as PostgreSQL counts.
MIB = 1 << 20


def main() -> int:
    options = _parser().parse_args()
    try:
        found = options.benchmark(options)
    except server.BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advisor", description=__doc__)
    kinds = parser.add_subparsers(required=True, metavar="BENCHMARK")
    for name, function, what in (
        ("tpch", _tpch, "19 queries of TPC-H, beside published algorithms"),
        ("oltp", _oltp, "a shop's reads and writes, indexes built for real"),
        ("many", _many, "how long the advice for 300 distinct queries of the shop takes"),
        ("tracker", _tracker, "the sample project's page of a project at a million tasks"),
    ):
        kind = kinds.add_parser(name, help=what, description=what)
        kind.set_defaults(benchmark=function)
        kind.add_argument("--url", help=f"the server; default: {server.VARIABLE}")
        kind.add_argument("--anew", action="store_true", help="fill the database once more")
        kind.add_argument("--json", metavar="FILE", help="write the figures there as well")
        if name in ("tpch", "oltp"):
            kind.add_argument(
                "--advice", type=Path, metavar="FILE", help="judge this advice, ask for none"
            )
        if name == "oltp":
            kind.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each query")
            kind.add_argument("--baselines", action="store_true", help="indexes made by habit, too")
        if name == "tpch":
            kind.add_argument("--what-if", default="hypopg", metavar="MODE")
            kind.add_argument("--primary-keys", action="store_true", help="with primary keys")
            kind.add_argument("--budget", type=int, action="append", metavar="MB")
    return parser


def _tpch(options: argparse.Namespace) -> dict[str, Any]:
    database = tpch.WITH_KEYS if options.primary_keys else tpch.WITHOUT_KEYS
    tpch.load(database, options.url, anew=options.anew)
    url = server.url_of(database, options.url)
    found: dict[str, Any] = {}
    budgets = options.budget or tpch.BUDGETS
    with server.connected(url) as connection:
        peer = Extend(connection, tpch.queries())
        for budget in budgets:
            limit = ["--storage-budget", f"{budget}MB"] if budget else []
            advice = (
                read(options.advice)
                if options.advice
                else advise(url, tpch.workload(), "--what-if", options.what_if, *limit)
            )
            extend = peer.best(budget * MIB if budget else math.inf)
            found[str(budget)] = _shares(connection, advice) | {
                "extend": tpch.share(connection, extend).total,
                "published": None if options.primary_keys else tpch.EXTEND.get(budget),
            }
            print(f"{budget or 'no'} budget: {advice.elapsed_s:.0f} s", file=sys.stderr)
    rows = [_tpch_row(budget, found[str(budget)]) for budget in budgets]
    print(report.table(rows, _TPCH_HEADERS))
    print("Share of the cost that is left, by HypoPG and with real indexes; sizes in MB.")
    print("To reach: Extend's at every budget; without one 0.400 in half of 342 MB;")
    print("less than 60 s and 10,000 what-if calls.")
    return found


_TPCH_HEADERS = ("budget", "left", "MB", "real", "MB", "Extend", "published", "s", "calls")


def _shares(connection: server.Connection, advice: Advised) -> dict[str, Any]:
    imagined = tpch.share(connection, advice.indexes)
    really = tpch.share(connection, advice.indexes, really=True)
    return {
        "indexes": advice.indexes,
        "share": imagined.total,
        "size_bytes": imagined.size_bytes,
        "share_real": really.total,
        "size_bytes_real": really.size_bytes,
        "queries": imagined.queries,
        "elapsed_s": advice.elapsed_s,
        "what_if_calls": advice.what_if_calls,
    }


def _tpch_row(budget: int | None, one: dict[str, Any]) -> list[str]:
    return [
        f"{budget} MB" if budget else "none",
        f"{one['share']:.3f}",
        f"{one['size_bytes'] / MIB:.1f}",
        f"{one['share_real']:.3f}",
        f"{one['size_bytes_real'] / MIB:.1f}",
        f"{one['extend']:.3f}",
        f"{one['published']:.3f}" if one["published"] else "",
        f"{one['elapsed_s']:.0f}",
        f"{one['what_if_calls']:,}",
    ]


def _oltp(options: argparse.Namespace) -> dict[str, Any]:
    oltp.load(options.url, anew=options.anew)
    url = server.url_of(oltp.DATABASE, options.url)
    if options.advice:
        sets = {"advice": read(options.advice)}
    else:
        sets = {
            "advice": advise(url, oltp.workload()),
            "in 100 MB": advise(url, oltp.workload(), "--storage-budget", "100MB"),
        }
    judged = {name: advice.indexes for name, advice in sets.items()}
    judged["by hand"] = tuple(oltp.indexes("best_known"))
    if options.baselines:
        judged["by habit"] = tuple(oltp.indexes("single_columns"))
    templates = tuple(oltp.templates())
    with server.connected(url) as connection:
        with connection.transaction(force_rollback=True):
            before = figures(connection, templates, options.runs)
        found = {
            name: evaluate(connection, templates, indexes, before=before, runs=options.runs)
            for name, indexes in judged.items()
        }
        connection.execute("VACUUM")
    first = next(iter(found.values()))
    advice = next(iter(sets.values()))
    named = sorted(set(oltp.REDUNDANT) & set(advice.droppable))
    print(report.queries(first), report.indexes(first), sep="\n\n")
    print()
    print(report.comparison(found))
    print(f"In 100 MB at most {report.GOALS['cost left, 100 MB']} of the cost may be left.")
    print(f"Redundant indexes named: {len(named)} of {len(oltp.REDUNDANT)}.")
    print(f"Advised in {advice.elapsed_s:.0f} s with {advice.what_if_calls:,} what-if calls.")
    return {name: one.as_dict() for name, one in found.items()} | {
        "redundant_named": named,
        "elapsed_s": advice.elapsed_s,
        "what_if_calls": advice.what_if_calls,
    }


def _many(options: argparse.Namespace) -> dict[str, Any]:
    oltp.load(options.url, anew=options.anew)
    url = server.url_of(oltp.DATABASE, options.url)
    with server.connected(url) as connection:
        asked = many.workload(connection)
    advice = advise(url, asked)
    print(f"{len(asked['queries'])} distinct queries were advised in {advice.elapsed_s:.0f} s,")
    print(f"with {advice.what_if_calls:,} what-if calls: {len(advice.indexes)} indexes.")
    print("To reach: 120 s.")
    return {"queries": len(asked["queries"]), "elapsed_s": advice.elapsed_s}


def _tracker(options: argparse.Namespace) -> dict[str, Any]:
    found = tracker.measure(options.url, anew=options.anew)
    print(tracker.told(found))
    return found


if __name__ == "__main__":
    sys.exit(main())
