from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.cache import cache, caches
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.core.management import call_command
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from queryscope.audit import sandbox
from queryscope.audit.effects import Effect, Effects, sockets, stores, united
from queryscope.audit.effects import watch_effects as watch
from queryscope.audit.requests import Requester
from queryscope.proving.trial import Trial
from tests.testapp.models import Country

from .test_run import run

try:
    from django.tasks.backends.base import BaseTaskBackend
except ImportError:  # before Django 6.0
    BaseTaskBackend = object  # type: ignore[assignment, misc]

LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
FILES = "django.core.cache.backends.filebased.FileBasedCache"
FOUR_CACHES = {
    "default": {"BACKEND": LOCMEM, "LOCATION": "touched"},
    "other": {"BACKEND": LOCMEM, "LOCATION": "touched-other"},
    "none": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
    "table": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "entries"},
}


def remember(what: str) -> None:
    cache.set("remembered", what)


def told(work: Callable[[], Any]) -> tuple[str, ...]:
    with watch() as effects:
        work()
    return effects.told


# --- mail


@pytest.fixture
def _surroundings() -> Iterator[None]:
    with sandbox.quiet_surroundings("localhost"):
        yield


@pytest.mark.usefixtures("_surroundings")
@pytest.mark.parametrize(
    ("messages", "expected"),
    [(1, "mail: 1 message not sent"), (2, "mail: 2 messages not sent")],
)
def test_mail(messages: int, expected: str) -> None:
    def work() -> None:
        for number in range(messages):
            EmailMessage(f"secret {number}", "body", "a@example.com", ["b@example.com"]).send()

    assert told(work) == (expected,)


def test_mail_that_leaves(smtp_port: int) -> None:
    named = {"alias": "default"} if django.VERSION >= (6, 1) else {}
    backend = EmailBackend(host="localhost", port=smtp_port, **named)
    work = lambda: backend.send_messages([EmailMessage("s", "b", "a@e.org", ["b@e.org"])])  # noqa: E731
    assert told(work) == ("mail: 1 message sent", f"socket: localhost:{smtp_port}")


@pytest.fixture
def smtp_port() -> Iterator[int]:
    """A server that speaks as much SMTP as one message needs."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connected, _ = server.accept()
        with connected, connected.makefile("rwb", buffering=0) as lines:
            lines.write(b"220 here\r\n")
            within = False
            for line in lines:
                if within and line != b".\r\n":
                    continue
                words = line.split(maxsplit=1)
                within = words[0].upper() == b"DATA"
                lines.write(b"354 go\r\n" if within else b"250 ok\r\n")
                if words[0].upper() == b"QUIT":
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    thread.join(10)
    server.close()


# --- caches


@pytest.fixture
def _four_caches(settings: Any) -> Iterator[None]:
    settings.CACHES = FOUR_CACHES
    yield
    caches["default"].clear()
    caches["other"].clear()


@pytest.mark.usefixtures("_four_caches")
@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda: cache.set("secret", 1), ("cache default: 1 write",)),
        (lambda: [cache.set("a", n) for n in range(3)], ("cache default: 3 writes",)),
        (lambda: cache.set_many({"a": 1, "b": 2}), ("cache default: 1 write",)),
        (lambda: cache.get_or_set("a", 1), ("cache default: 1 write",)),
        (lambda: [cache.get_or_set("a", 1) for _ in "12"], ("cache default: 1 write",)),
        (lambda: [cache.add("a", 1), cache.add("a", 2)], ("cache default: 1 write",)),
        (lambda: [cache.add("a", 1), cache.incr("a")], ("cache default: 2 writes",)),
        (lambda: [cache.set("a", 1), cache.decr("a")], ("cache default: 2 writes",)),
        (lambda: [cache.set("a", 1), cache.incr_version("a")], ("cache default: 2 writes",)),
        (lambda: cache.clear(), ("cache default: 1 write",)),
        (lambda: cache.delete("nothing"), ()),
        (lambda: cache.touch("nothing"), ()),
        (lambda: [cache.get("a"), cache.get_many("ab"), "a" in cache], ()),
        (
            lambda: [caches["other"].set("a", 1), cache.set("a", 1)],
            ("cache default: 1 write", "cache other: 1 write"),
        ),
        (lambda: caches["none"].set("a", 1), ()),
        (lambda: async_to_sync(cache.aset)("a", 1), ("cache default: 1 write",)),
        (lambda: async_to_sync(cache.aset_many)({"a": 1, "b": 2}), ("cache default: 1 write",)),
        (lambda: type(caches["default"])("kept", {}).set("a", 1), ("cache LocMemCache: 1 write",)),
    ],
)
def test_caches(work: Callable[[], Any], expected: tuple[str, ...]) -> None:
    assert told(work) == expected


@pytest.mark.django_db
@pytest.mark.usefixtures("_four_caches")
def test_a_cache_in_a_table_is_rolled_back() -> None:
    call_command("createcachetable", "entries", verbosity=0)
    assert told(lambda: caches["table"].set("a", 1)) == ()
    assert caches["table"].get("a") == 1


def test_a_cache_of_files_is_no_storage(settings: Any, tmp_path: Path) -> None:
    settings.CACHES = {"default": {"BACKEND": FILES, "LOCATION": str(tmp_path)}}
    assert told(lambda: cache.set("a", 1)) == ("cache default: 1 write",)
    assert list(tmp_path.iterdir())


def test_a_write_that_fails_is_none(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": LOCMEM, "LOCATION": "touched"}}
    with watch() as effects, pytest.raises((TypeError, AttributeError)):
        cache.set("a", threading.Lock())
    assert effects.told == ()


# --- files


class Archive(FileSystemStorage):
    """As a project writes one."""

    def save(self, name: Any, content: Any, max_length: Any = None) -> str:
        return super().save(f"archived-{name}", content, max_length)


@pytest.mark.parametrize(
    "make",
    [FileSystemStorage, Archive, lambda location: InMemoryStorage()],
    ids=["file", "own", "memory"],
)
def test_storage(make: Callable[[Path], Storage], tmp_path: Path) -> None:
    storage = make(tmp_path)

    def work() -> None:
        names = [storage.save("secret.txt", ContentFile(b"x")) for _ in range(2)]
        storage.delete(names[0])
        storage.exists(names[1])

    assert told(work) == ("storage: 1 file deleted", "storage: 2 files saved")


# --- tasks


@pytest.fixture
def celery() -> Iterator[Any]:
    pytest.importorskip("celery")
    from celery import Celery

    app = Celery("touched", broker="memory://", set_as_current=False)
    app.conf.task_ignore_result = True
    yield app
    app.close()


def test_celery(celery: Any, settings: Any) -> None:
    from celery import chain, group

    settings.CACHES = {"default": {"BACKEND": LOCMEM, "LOCATION": "touched"}}
    notify = celery.task(remember, name="app.tasks.notify")
    for send in (
        lambda: notify.delay("secret"),
        lambda: notify.apply_async(["secret"]),
        lambda: celery.send_task("app.tasks.notify", ["secret"]),
        lambda: celery.send_task(name="app.tasks.notify", args=["secret"]),
        lambda: group(notify.s("x"), notify.s("y")).apply_async(),
        lambda: chain(notify.si("x"), notify.si("y")).apply_async(),
    ):
        assert told(send) == ("celery: app.tasks.notify sent",)
    with celery.connection_for_read() as broker:
        assert broker.default_channel.queue_declare("celery", passive=True).message_count == 7
    celery.conf.task_always_eager = True
    cache.delete("remembered")
    # Done here and now, with the effects that it has.
    assert told(lambda: notify.delay("secret")) == ("cache default: 1 write",)
    assert cache.get("remembered") == "secret"


def test_a_task_that_could_not_be_sent(celery: Any) -> None:
    from kombu.exceptions import EncodeError

    notify = celery.task(remember, name="app.tasks.notify")
    with watch() as effects, pytest.raises(EncodeError):
        notify.delay(object())
    assert effects.told == ()


class Queue(BaseTaskBackend):
    """Somebody else runs what is in it."""

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> None:
        queued.append(args)


queued: list[Any] = []


@pytest.mark.skipif(django.VERSION < (6,), reason="Django has tasks from 6.0 on")
@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("tests.audit.test_touched.Queue", ("task: tests.audit.test_touched.remember enqueued",)),
        # What it does in place has effects of its own.
        ("django.tasks.backends.immediate.ImmediateBackend", ("cache default: 1 write",)),
        ("django.tasks.backends.dummy.DummyBackend", ()),
    ],
)
def test_tasks_of_django(
    settings: Any, monkeypatch: Any, backend: str, expected: tuple[str, ...]
) -> None:
    from django.tasks import task

    settings.CACHES = {"default": {"BACKEND": LOCMEM, "LOCATION": "touched"}}
    settings.TASKS = {"default": {"BACKEND": backend}}
    work = task(remember)
    # It is found by its name, as if the function had been decorated there.
    monkeypatch.setattr(sys.modules[__name__], "remember", work)
    queued.clear()
    assert told(lambda: work.enqueue("secret")) == expected
    assert told(lambda: async_to_sync(work.aenqueue)("secret")) == expected
    assert len(queued) == (2 if "Queue" in backend else 0)


# --- programs


@pytest.mark.parametrize(
    ("command", "options", "expected"),
    [
        ([sys.executable, "-c", "'secret'"], {}, Path(sys.executable).name),
        ([Path(sys.executable), "-c", ""], {}, Path(sys.executable).name),
        ("TOKEN=secret true", {"shell": True}, "a shell"),
        (["shown", "-c", ""], {"executable": sys.executable}, Path(sys.executable).name),
    ],
)
def test_programs(command: Any, options: dict[str, Any], expected: str) -> None:
    assert told(lambda: subprocess.run(command, check=True, **options)) == (f"process: {expected}",)


def test_a_program_that_is_not_there() -> None:
    with watch() as effects, pytest.raises(FileNotFoundError):
        subprocess.run(["/nowhere/at-all"])
    assert effects.told == ()


def test_a_program_that_a_coroutine_starts() -> None:
    async def work() -> None:
        started = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await started.wait()

    assert told(lambda: asyncio.run(work())) == (f"process: {Path(sys.executable).name}",)


# --- hooks


@pytest.mark.django_db(databases=["default", "other"])
def test_hooks_that_wait_for_a_commit() -> None:
    ran: list[int] = []

    def work() -> None:
        transaction.on_commit(lambda: ran.append(1))
        transaction.on_commit(lambda: ran.append(2), using="other")
        with pytest.raises(KeyError), transaction.atomic():  # noqa: PT012
            transaction.on_commit(lambda: ran.append(3))
            raise KeyError

    transaction.on_commit(lambda: ran.append(4))
    with sandbox.rolled_back(["default", "other"]):
        assert told(work) == ("on_commit: 2 hooks not run",)
    assert ran == []


# --- how they are told


def test_they_are_told_in_order_and_not_all_of_them() -> None:
    effects = Effects()
    for number in (*range(12), 3):
        effects.note(Effect("socket", f"host-{number:02}:80"))
    effects.note(Effect("mail", "not sent", "message"), 1_000)
    effects.note(Effect("celery", "b sent"))
    effects.note(Effect("celery", "a sent"))
    assert effects.told == (
        "celery: a sent",
        "celery: b sent",
        "mail: 1,000 messages not sent",
        *(f"socket: host-{number:02}:80" for number in range(10)),
        "socket: and 2 more",
    )


def test_those_of_several_requests() -> None:
    first, second = Effects(), Effects()
    first.note(Effect("mail", "not sent", "message"), 2)
    first.note(Effect("socket", "a:1"))
    second.note(Effect("mail", "not sent", "message"), 3)
    second.note(Effect("process", "convert"))
    expected = ("mail: 3 messages not sent", "process: convert", "socket: a:1")
    assert united([first, second]).told == expected
    assert united([]).told == ()


# --- in an audit


def reaches(request: Any) -> HttpResponse:
    cache.set("seen", 1)
    EmailMessage("s", "b", "a@example.com", ["b@example.com"]).send()
    transaction.on_commit(lambda: cache.set("committed", 1))
    if "fails" in request.path:
        raise KeyError
    return HttpResponse(Country.objects.count())


async def reaches_in_async(request: Any) -> HttpResponse:
    await cache.aset("seen", 1)
    return await sync_to_async(reaches)(request)


def streams(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(str(cache.set("part", n)) for n in range(3))


def writes_once(request: Any) -> HttpResponse:
    return HttpResponse(cache.get_or_set("first", Country.objects.count))


urlpatterns = [
    path("does/", reaches),
    path("fails/", reaches),
    path("async/", reaches_in_async),
    path("streams/", streams),
    path("once/", writes_once),
    path("nothing/", lambda request: HttpResponse()),
]
DONE = ("cache default: 1 write", "mail: 1 message not sent", "on_commit: 1 hook not run")


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.usefixtures("_four_caches")
def test_of_endpoints(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    touched = {endpoint.name: endpoint.touched for endpoint in run(repeat=2).report.endpoints}
    assert touched == {
        "GET /does/": DONE,
        "GET /fails/": DONE,
        "GET /async/": ("cache default: 2 writes", *DONE[1:]),
        "GET /streams/": ("cache default: 3 writes",),
        # By the first request, which is not measured and fills the cache.
        "GET /once/": ("cache default: 1 write",),
        "GET /nothing/": (),
    }
    assert cache.get("first") == 0
    assert not cache.has_key("committed")


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.usefixtures("_four_caches", "_surroundings")
def test_of_a_request_with_a_trial(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    requester = Requester(None, ("default", "other"))
    answers = [requester.send("GET", "/once/", "", trial=Trial()) for _ in "12"]
    assert [answer.effects.told for answer in answers] == [(), ()]
    assert [answer.trace.queries for answer in answers] == [1, 1]
    assert not cache.has_key("first")


def test_a_fault_of_ours_is_not_the_requests(monkeypatch: Any, settings: Any) -> None:
    settings.CACHES = FOUR_CACHES
    faults: set[str] = set()
    monkeypatch.setattr("queryscope.recording._reported", faults)
    monkeypatch.setattr(stores, "_alias", None)
    monkeypatch.setattr(sockets, "taps", None)
    with watch() as effects:
        cache.set("a", 1)
    assert cache.get("a") == 1
    assert effects.told == ()
    assert len(faults) == 2
