from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections

from queryscope.audit.effects import watch_effects as watch

pytestmark = pytest.mark.any_database

POSTGRESQL = "django.db.backends.postgresql"
MYSQL = "django.db.backends.mysql"


def told(work: Callable[[], Any]) -> tuple[str, ...]:
    with watch() as effects:
        work()
    return effects.told


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *args: Any) -> None:
        """Tests need no log."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def by_urllib(host: str, port: int) -> None:
    with urllib.request.urlopen(f"http://{host}:{port}/secret?key=secret") as response:
        assert response.read() == b"hello"


def by_create_connection(host: str, port: int) -> None:
    socket.create_connection((host, port)).close()


def by_connect(host: str, port: int) -> None:
    with socket.socket() as made:
        made.connect((host, port))


def by_connect_ex(host: str, port: int) -> None:
    with socket.socket() as made:
        assert made.connect_ex((host, port)) == 0


def by_datagram(host: str, port: int) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        made.sendto(b"count:1|c", (host, port))


def by_streams(host: str, port: int) -> None:
    async def work() -> None:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        await writer.wait_closed()

    asyncio.run(work())


def by_sock_connect(host: str, port: int) -> None:
    async def work() -> None:
        with socket.socket() as made:
            made.setblocking(False)
            await asyncio.get_running_loop().sock_connect(made, (host, port))

    async_to_sync(work)()


def by_sync_to_async(host: str, port: int) -> None:
    async_to_sync(sync_to_async(by_urllib, thread_sensitive=False))(host, port)


WAYS = [
    *(by_urllib, by_create_connection, by_connect, by_connect_ex, by_datagram),
    *(by_streams, by_sock_connect, by_sync_to_async),
]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("way", WAYS)
def test_hosts(way: Callable[[str, int], None], host: str, port: int) -> None:
    expected = (f"socket: {host}:{port}",)
    assert told(lambda: way(host, port)) == expected


def test_one_that_refuses() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with watch() as effects, pytest.raises(ConnectionRefusedError):
            by_create_connection("127.0.0.1", port)
    assert effects.told == (f"socket: 127.0.0.1:{port}",)


def test_paths(tmp_path: Path) -> None:
    path = str(tmp_path / "redis.sock")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as made:
        server.bind(path)
        server.listen()
        assert told(lambda: made.connect(path)) == (f"socket: {path}",)


def test_an_abstract_path() -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as made:
        server.bind("\0queryscope-test")
        server.listen()
        assert told(lambda: made.connect(b"\0queryscope-test")) == ("socket: @queryscope-test",)


@pytest.mark.parametrize("pair", [socket.socketpair, getattr(socket, "_fallback_socketpair", None)])
def test_a_pair_reaches_nobody(pair: Any, monkeypatch: Any) -> None:
    if pair is None:
        pytest.skip("this Python makes no pair of two sockets")
    monkeypatch.setattr(socket, "socketpair", pair)
    assert told(lambda: [made.close() for made in socket.socketpair()]) == ()


@pytest.mark.parametrize(
    ("settings", "excluded"),
    [
        ({"ENGINE": MYSQL, "HOST": "localhost", "PORT": "{port}"}, True),
        ({"ENGINE": MYSQL, "HOST": "127.0.0.1", "PORT": "{port}"}, True),
        ({"ENGINE": MYSQL, "HOST": "", "PORT": "{port}"}, True),
        ({"ENGINE": "mssql", "HOST": "localhost", "PORT": ""}, True),
        ({"ENGINE": POSTGRESQL, "HOST": "first,localhost", "PORT": "1,{port}"}, True),
        ({"ENGINE": MYSQL, "HOST": "", "OPTIONS": {"host": "localhost"}, "PORT": "{port}"}, True),
        ({"ENGINE": MYSQL, "HOST": "elsewhere", "PORT": "{port}"}, False),
        ({"ENGINE": MYSQL, "HOST": "localhost", "PORT": "1"}, False),
        ({"ENGINE": MYSQL, "HOST": "localhost", "PORT": ""}, False),
        ({"ENGINE": "django.db.backends.sqlite3", "HOST": "", "PORT": ""}, False),
    ],
)
@pytest.mark.parametrize("way", [by_urllib, by_connect, by_streams])
def test_databases(
    monkeypatch: Any, port: int, way: Any, settings: dict[str, Any], excluded: bool
) -> None:
    database = {**settings, "PORT": settings["PORT"].format(port=port)}
    monkeypatch.setitem(connections.settings, "somewhere", database)
    expected = () if excluded else (f"socket: localhost:{port}",)
    assert told(lambda: way("localhost", port)) == expected


@pytest.mark.parametrize(
    ("host", "name", "excluded"),
    [
        ("{folder}", ".s.PGSQL.5432", True),
        ("{folder}/", ".s.PGSQL.5432", True),
        ("{folder}/mysqld.sock", "mysqld.sock", True),
        ("{folder}", "redis.sock", False),
        ("", ".s.PGSQL.5432", False),
    ],
)
def test_paths_of_databases(
    monkeypatch: Any, tmp_path: Path, host: str, name: str, excluded: bool
) -> None:
    database = {"ENGINE": POSTGRESQL, "HOST": host.format(folder=tmp_path), "PORT": ""}
    monkeypatch.setitem(connections.settings, "somewhere", database)
    path = str(tmp_path / name)
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as made:
        server.bind(path)
        server.listen()
        assert told(lambda: made.connect(path)) == (() if excluded else (f"socket: {path}",))
