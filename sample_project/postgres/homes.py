"""Which server belongs to whom: one for each checkout, one for each test session."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from .directories import base_directory, locked, make_private
from .programs import Installed
from .server import Server

CHECKOUT = Path(__file__).resolve().parents[2]


def for_checkout(checkout: Path = CHECKOUT) -> Server:
    """The server of a checkout: the same one each time, another one for another checkout."""
    base = base_directory()
    home = base / _home_name(checkout)
    if not (home / "checkout").exists():
        with locked(base):
            delete_orphans(base)
            _write_token(checkout)
            home = base / _home_name(checkout)
            make_private(home)
            (home / "checkout").write_text(str(checkout))
    return Server(home)


def temporary(installed: Installed | None = None) -> Server:
    """A new, empty server for this process; to be destroyed by it. The embedded one by default.

    When the process is killed, the next server that is made cleans up after it.
    """
    base = base_directory()
    with locked(base):
        delete_orphans(base)
        home = Path(tempfile.mkdtemp(prefix="session-", dir=base))
        session = (home / "session").open("w")
        fcntl.flock(session, fcntl.LOCK_EX)
    return Server(home, session, installed)


def delete_orphans(base: Path) -> None:
    """Deletes the servers of checkouts that are gone and of test sessions that were killed."""
    for home in base.iterdir():
        is_home = home.is_dir() and not home.name.startswith("postgresql-")
        if is_home and _is_orphan(home):
            Server(home).delete()


def _is_orphan(home: Path) -> bool:
    try:
        if home.name.startswith("session-"):
            with (home / "session").open() as session:
                fcntl.flock(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        checkout = Path((home / "checkout").read_text())
        return not checkout.exists() or _home_name(checkout) != home.name
    except FileNotFoundError:  # killed while it was being made
        return True
    except OSError:  # locked, or out of sight
        return False


def _home_name(checkout: Path) -> str:
    """A checkout is its path and a random token in it.

    The token tells a fresh clone from a deleted one at the same path, the path tells a copy from
    its original.
    """
    try:
        token = (checkout / ".postgres-id").read_text()
    except OSError:
        token = ""
    return sha256(f"{checkout}\n{token}".encode()).hexdigest()[:12]


def _write_token(checkout: Path) -> None:
    token = checkout / ".postgres-id"
    if not token.exists():
        with suppress(OSError):  # someone else's checkout: its path will have to do
            new = token.with_name(f"{token.name}.{os.getpid()}")
            new.write_text(secrets.token_hex(8) + "\n")
            new.rename(token)
