"""Sockets that are connected to what is no database of the project."""

from __future__ import annotations

import os
import socket
from asyncio import base_events
from collections.abc import Iterator
from typing import Any

from django.db import connections

from .noted import Effect, Effects
from .taps import Call, Tap

_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})
#: Ports of databases whose settings name none.
_PORTS = {"postgresql": 5432, "postgis": 5432, "mysql": 3306, "oracle": 1521}


def taps() -> Iterator[Tap]:
    """Connecting, datagrams, and the names that addresses were found under."""
    for name in ("connect", "connect_ex", "sendto"):
        yield Tap(socket.socket, name, "socket", _reached, before=True)
    # Where the system has no pairs, one is made of two sockets that leave nothing.
    yield Tap(socket, "socketpair", "socket", lambda effects, call: None)
    yield Tap(socket, "getaddrinfo", "name", _named)
    # It looks names up in a thread that has no context of ours.
    yield Tap(base_events.BaseEventLoop, "getaddrinfo", "name", _named_in_loop)


def _named(effects: Effects, call: Call) -> None:
    _remember(effects, call.argument(0, "host"), call.result)


def _named_in_loop(effects: Effects, call: Call) -> None:
    _remember(effects, call.argument(1, "host"), call.result)


def _remember(effects: Effects, host: Any, found: Any) -> None:
    if not host:
        return
    for *_, address in found:
        effects.names[str(address[0])] = _text(host)


def _reached(effects: Effects, call: Call) -> None:
    address = call.args[-1]
    where = None
    if isinstance(address, tuple) and len(address) >= 2 and isinstance(address[0], (str, bytes)):
        host, port = _text(address[0]), address[1]
        name = effects.names.get(host, host)
        if not any(_is_host(name, host, port, database) for database in _databases()):
            where = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    elif isinstance(address, (str, bytes)):
        path = _text(address)
        if not any(_is_path(path, database) for database in _databases()):
            where = path.replace("\0", "@", 1)  # as ss and netstat write an abstract one
    else:
        where = getattr(call.args[0].family, "name", "unknown address")
    if where is not None:
        effects.note(Effect("socket", where))


def _databases() -> Iterator[dict[str, Any]]:
    for alias in connections:
        yield connections.settings[alias]


def _is_host(name: str, ip: str, port: Any, database: dict[str, Any]) -> bool:
    vendor = str(database.get("ENGINE", "")).rpartition(".")[2]
    if vendor in ("sqlite3", "dummy", "spatialite"):
        return False
    expected = database.get("PORT") or _PORTS.get(vendor)
    # libpq takes several: "first,second".
    hosts = [host for named in _hosts(database) for host in named.split(",")]
    known = any({name, ip} & ({host} | (_LOCAL if host in _LOCAL else set())) for host in hosts)
    ports = str(expected).split(",") if expected else [str(port)]
    return known and str(port) in ports


def _is_path(path: str, database: dict[str, Any]) -> bool:
    folder, name = os.path.split(path)
    hosts = {host.rstrip("/") for host in _hosts(database) if host}
    return path in hosts or (folder in hosts and name.startswith(".s.PGSQL."))


def _hosts(database: dict[str, Any]) -> list[str]:
    options = database.get("OPTIONS") or {}
    named = (database.get("HOST"), options.get("host"), options.get("unix_socket"))
    return [str(host) for host in named if host] or [""]


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, (bytes, bytearray)) else str(value)
