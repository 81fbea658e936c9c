"""50 threads and 50 async tasks at once: does each trace hold exactly its own queries?

Run: python benchmarks/soak.py [--seconds N] [--threads N] [--tasks N] [--json]

Threads call Django's WSGI handler, tasks of one event loop its ASGI handler, over the endpoints of
tracker/mixed.py. Each request has a token in the text of one of its queries and reads as many rows
as the token says. A trace is wrong when it holds another token, another number of queries, or
other findings than its endpoint has. Ends with exit code 1 when one is, or when one is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import random
import re
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from subjects import Subject

_TOKEN = re.compile(r"\btoken_(\d+)_")
#: Share of the time after which memory is read for the first time: by then caches are full.
_WARM = 0.25
#: Between two requests of one thread, on average.
_PAUSE_S = 0.5


class Judge:
    """Compares each recording with what its request should have asked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sent: Counter[str] = Counter()
        self.judged: Counter[str] = Counter()
        self.wrong: list[str] = []

    def judge(self, recording: Any) -> None:
        from tracker.mixed import expected

        from queryscope import inspect

        name, token = recording.request.strip("/").split("/")
        report = inspect(recording)
        found = {
            (f.detector, f.relation, f.location and f.location.function): f.count
            for f in report.findings
        }
        groups = recording.trace.groups
        tokens = [t for group in groups for t in _TOKEN.findall(group.fingerprint)]
        counted = sum(group.count for group in groups)
        queries, findings = expected(name, int(token))
        is_right = (
            (recording.queries, counted, found) == (queries, queries, findings)
            and tokens == [token]
        )  # fmt: skip
        with self.lock:
            self.judged[name] += 1
            if not is_right:
                self.wrong.append(
                    f"{recording.request}: {recording.queries} queries and {found}, "
                    f"not {queries} and {findings}; tokens {tokens}"
                )


judge = Judge()
_tokens = itertools.count(1)


def _next(names: list[str]) -> str:
    token = next(_tokens)
    name = random.choice(names)
    with judge.lock:
        judge.sent[name] += 1
    return f"/{name}/{token}/"


def _judged_middleware() -> type:
    from queryscope.middleware import QueryScopeMiddleware

    class Judged(QueryScopeMiddleware):
        """Hands each recording on once its request is reported."""

        def _report(self, recording: Any) -> None:
            super()._report(recording)
            try:
                judge.judge(recording)
            except Exception:
                judge.wrong.append(traceback.format_exc())

    return Judged


def call_wsgi(handler: Any, url: str) -> int:
    """Serve a URL as a WSGI server does: call, read the body, close."""
    from django.test import RequestFactory

    statuses: list[str] = []
    response = handler(
        RequestFactory().get(url).environ, lambda status, headers: statuses.append(status)
    )
    for _ in response:
        pass
    response.close()
    return int(statuses[0][:3])


async def call_asgi(handler: Any, url: str) -> int:
    """Serve a URL as an ASGI server does."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": url, "raw_path": url.encode(), "query_string": b"",
        "root_path": "", "headers": [(b"host", b"testserver")],
        "client": ("127.0.0.1", 1), "server": ("testserver", 80),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    bodies = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if bodies:
            return bodies.pop()
        await asyncio.Event().wait()  # until the handler lets go: the client stays
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await handler(scope, receive, send)
    return int(sent[0]["status"])


def threads(handler: Any, number: int, end: float) -> list[threading.Thread]:
    from tracker.mixed import SYNC

    names = [view.__name__ for view in SYNC]

    def work() -> None:
        while time.monotonic() < end:
            url = _next(names)
            _check_status(url, call_wsgi(handler, url))
            # All tasks share one thread: without a pause fifty others would leave it no time.
            time.sleep(random.uniform(0, 2 * _PAUSE_S))

    return [threading.Thread(target=work) for _ in range(number)]


def _check_status(url: str, status: int) -> None:
    if status != (500 if "failing" in url else 200):
        with judge.lock:
            judge.wrong.append(f"{url}: status {status}")


def event_loop(handler: Any, number: int, end: float) -> threading.Thread:
    from tracker.mixed import ASYNC, SYNC

    names = [view.__name__ for view in (SYNC | ASYNC) if view.__name__ != "threaded"]

    async def work() -> None:
        while time.monotonic() < end:
            url = _next(names)
            _check_status(url, await call_asgi(handler, url))

    async def together() -> None:
        await asyncio.gather(*(work() for _ in range(number)))

    return threading.Thread(target=lambda: asyncio.run(together()))


def resident_mb() -> float:
    """What the process holds in memory now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def soak(seconds: float, thread_count: int, task_count: int) -> dict[str, Any]:
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler

    from queryscope import recording

    # Threads change places ten times as often as they would, in the middle of whatever they do.
    sys.setswitchinterval(5e-4)
    start = time.monotonic()
    end = start + seconds
    everyone = threads(WSGIHandler(), thread_count, end)
    everyone.append(event_loop(ASGIHandler(), task_count, end))
    for thread in everyone:
        thread.start()
    time.sleep(seconds * _WARM)
    warm, requests = resident_mb(), sum(judge.sent.values())
    for thread in everyone:
        thread.join()
    gc.collect()
    alive = [thing for thing in gc.get_objects() if isinstance(thing, recording.Recording)]
    return {
        "requests": sum(judge.sent.values()),
        "traces": sum(judge.judged.values()),
        "wrong": len(judge.wrong),
        "by_endpoint": dict(sorted(judge.judged.items())),
        "faults": sorted(recording._reported),
        "recordings_alive": len(alive),
        "mb_warm": warm,
        "requests_warm": requests,
        "mb_end": resident_mb(),
        "seconds": time.monotonic() - start,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--threads", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="queryscope-soak-") as folder:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/soak.sqlite3"}
        settings = {"DATABASES": {"default": database}, "ROOT_URLCONF": "tracker.mixed"}
        harness.configure(Subject("queryscope", "queryscope", ("queryscope",), settings=settings))
        sys.modules["soak"] = sys.modules[__name__]
        globals()["Judged"] = _judged_middleware()
        from django.conf import settings as django_settings

        django_settings.MIDDLEWARE = ["soak.Judged"]
        result = soak(options.seconds, options.threads, options.tasks)
    print(json.dumps(result, indent=2) if options.json else _text(result))
    for line in judge.wrong[:10]:
        print(line, file=sys.stderr)
    complete = result["requests"] == result["traces"]
    return int(bool(result["wrong"] or result["faults"] or not complete))


def _text(result: dict[str, Any]) -> str:
    each = ", ".join(f"{name} {number}" for name, number in result["by_endpoint"].items())
    return (
        f"{result['requests']} requests in {result['seconds']:.0f} s ({each})\n"
        f"{result['traces']} traces, {result['wrong']} wrong, "
        f"{len(result['faults'])} faults of queryscope, "
        f"{result['recordings_alive']} recordings still alive\n"
        f"memory: {result['mb_warm']:.1f} MB after {result['requests_warm']} requests, "
        f"{result['mb_end']:.1f} MB at the end"
    )


if __name__ == "__main__":
    sys.exit(main())
