"""CPU that recording adds to each query, beside the tools that do something alike.

Run: python benchmarks/overhead.py [--peers] [--only NAME] [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import measure
from subjects import NOTHING, PEERS, QUERYSCOPE, Subject

HEADERS = (
    "",
    "version",
    "201 queries\nµs/query",
    "ratio",
    "101, template\nµs/query",
    "ratio",
    "4 queries,\n500 rows\nms/page",
    "ratio",
    "not recording\nµs/query",
)
TARGETS = ("target of queryscope", "", "≤ 10", "", "≤ 15", "", "≈ 0", "", "≤ 0.3")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", action="store_true", help="measure the other tools too")
    parser.add_argument("--only", metavar="NAME", help="measure the tools whose name has NAME")
    parser.add_argument("--rounds", type=int, default=60, help="rounds per page (default: 60)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--subject", help=argparse.SUPPRESS)
    options = parser.parse_args()
    known = {subject.name: subject for subject in (NOTHING, QUERYSCOPE, *PEERS)}
    if options.subject:
        print(json.dumps(measure(known[options.subject], options.rounds)))
        return 0
    wanted = [QUERYSCOPE, *PEERS] if options.peers else [QUERYSCOPE]
    if options.only:
        wanted = [subject for name, subject in known.items() if options.only in name]
        if not wanted:
            parser.error(f"no tool named {options.only!r}; there are: {', '.join(known)}")
    nothing = announced_run(NOTHING, options.rounds)
    results = []
    for subject in wanted:
        # Right before the tool, since the two processes cannot take turns.
        clean = announced_run(NOTHING, options.rounds) if subject.patches else nothing
        results.append(with_patches(subject, announced_run(subject, options.rounds), clean))
    report = {
        "machine": machine(),
        "rounds": options.rounds,
        "nothing": nothing,
        "subjects": results,
    }
    print(json.dumps(report, indent=2) if options.json else table(report))
    return int(any("error" in r for r in results if r["name"] == QUERYSCOPE.name))


def with_patches(subject: Subject, result: dict[str, Any], nothing: Any) -> dict[str, Any]:
    """Add what a tool's patches cost while it is switched off, which its own rounds cannot see."""
    for name, page in result.get("pages", {}).items():
        if subject.patches and "error" not in page:
            clean = nothing["pages"][name]
            page["off_us"] = page["bare_us"] - clean["bare_us"]
            page["tool_us_per_query"] += page["off_us"] / page["queries"]
            page["page_ms_added"] += page["off_us"] / 1000
            page["ratio"] = page["tool_us"] / clean["noop_us"]
    return result


def announced_run(subject: Subject, rounds: int) -> dict[str, Any]:
    print(f"measuring: {subject.name}", file=sys.stderr)
    return run(subject, rounds)


def run(subject: Subject, rounds: int) -> dict[str, Any]:
    """Measure a subject in a process of its own, so that what it patches ends with it."""
    command = [sys.executable, __file__, "--subject", subject.name, "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        complaints = done.stderr.strip().splitlines() or ["no output"]
        return {"name": subject.name, "error": complaints[-1]}
    return json.loads(lines[-1])


def machine() -> dict[str, Any]:
    import django

    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def table(report: dict[str, Any]) -> str:
    from tabulate import tabulate

    measured = [result for result in report["subjects"] if "error" not in result]
    rows = [_row(result) for result in measured]
    lines = [
        _machine_line(report),
        tabulate([*rows, TARGETS], HEADERS, disable_numparse=True, colalign=["left"] * 2),
        *(_notes(report["nothing"]) if "pages" in report["nothing"] else ()),
    ]
    for result in report["subjects"]:
        if "error" in result:
            lines.append(f"not measured: {result['name']}: {result['error']}")
        for page in result.get("pages", {}).values():
            if "error" in page:
                lines.append(f"breaks: {result['name']}: {page['error']}")
    return "\n\n".join(lines)


def _row(result: dict[str, Any]) -> list[str]:
    first, second, third = result["pages"].values()
    patched = any("off_us" in page for page in result["pages"].values())
    return [
        result["name"] + " *" * patched,
        result["version"],
        _figure(first, "tool_us_per_query", ".1f"),
        _figure(first, "ratio", ".2f"),
        _figure(second, "tool_us_per_query", ".1f"),
        _figure(second, "ratio", ".2f"),
        _figure(third, "page_ms_added", ".2f"),
        _figure(third, "ratio", ".2f"),
        _figure(result["idle"], "tool_us_per_query", ".2f"),
    ]


def _figure(figures: dict[str, Any], name: str, form: str) -> str:
    return "breaks" if "error" in figures else format(figures[name], form)


def _machine_line(report: dict[str, Any]) -> str:
    about = report["machine"]
    return (
        f"Python {about['python']}, Django {about['django']}, SQLite {about['sqlite']} in memory, "
        f"{about['system']}, {about['processor']}, {about['cores']} cores\n"
        f"CPU time over a no-op execute wrapper, medians of {report['rounds']} rounds; "
        f"ratio: whole page over the same page with the no-op wrapper"
    )


def _notes(nothing: dict[str, Any]) -> list[str]:
    first = nothing["pages"]["foreign-keys"]
    return [
        f"Nothing installed: the page of {first['queries']} queries takes "
        f"{first['bare_us'] / 1000:.1f} ms; the no-op wrapper adds "
        f"{nothing['idle']['noop_us_per_query']:.2f} µs to a query. "
        f"On the template page {nothing['depth']} frames lie between cursor and view.",
        "* with what its patches cost while it is switched off, from the process without them",
    ]


if __name__ == "__main__":
    sys.exit(main())
