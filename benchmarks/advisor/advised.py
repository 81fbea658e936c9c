"""Asks the command for advice, as a user would: `manage.py queryscope advise --from FILE`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .server import BenchmarkError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Advised:
    """``indexes`` are CREATE INDEX statements, ``droppable`` names of indexes that are there."""

    indexes: tuple[str, ...]
    droppable: tuple[str, ...] = ()
    elapsed_s: float = 0.0
    what_if_calls: int = 0


def advise(url: str, workload: dict[str, Any], *options: str) -> Advised:
    """Runs the command on the database. Raises BenchmarkError with its last line."""
    with tempfile.TemporaryDirectory() as directory:
        source, target = Path(directory, "workload.json"), Path(directory, "advice.json")
        source.write_text(json.dumps(workload))
        command = [sys.executable, "manage.py", "queryscope", "advise", "--from", str(source)]
        started = time.monotonic()
        done = subprocess.run(
            [*command, "--format", "json", "--output", str(target), *options],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        elapsed_s = time.monotonic() - started
        if not target.exists():
            lines = done.stdout.strip().splitlines() or [f"status {done.returncode}"]
            raise BenchmarkError(f"queryscope advise failed: {lines[-1]}")
        return read(target, elapsed_s)


def read(path: Path, elapsed_s: float = 0.0) -> Advised:
    """From the command's JSON, or from a list of CREATE INDEX statements."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"{path}: {error}") from None
    if isinstance(found, list):
        return Advised(tuple(found))
    advice = found.get("advice", found)
    return Advised(
        tuple(index["create"] for index in advice["indexes"]),
        tuple(index["name"] for index in advice.get("droppable", ())),
        elapsed_s,
        int(advice.get("what_if_calls", 0)),
    )
