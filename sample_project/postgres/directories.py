"""The directory of this user's servers: who may see it, and the lock in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .programs import ServerError, check_shell_safe

LONGEST_SOCKET = Path("session-12345678/server/.s.PGSQL.5432")
MAX_SOCKET_PATH = 103  # bytes: macOS; Linux allows 107


def base_directory() -> Path:
    """Where this user's servers live. Raises ServerError when it cannot be used."""
    parent = Path(os.environ.get("QUERYSCOPE_POSTGRES_HOME") or "/var/tmp").absolute()
    base = parent / f"queryscope-{os.geteuid()}"
    check_shell_safe(base)
    if len(os.fsencode(base / LONGEST_SOCKET)) > MAX_SOCKET_PATH:
        raise ServerError(
            f"{parent} is too long a path for a socket: name a shorter one in "
            "QUERYSCOPE_POSTGRES_HOME"
        )
    try:
        make_private(base)
    except OSError as error:
        raise ServerError(
            f"cannot use {base}: {error.strerror}; name another directory in "
            "QUERYSCOPE_POSTGRES_HOME or another database in DATABASE_URL"
        ) from None
    return base


def make_private(path: Path, user: dict[str, Any] | None = None) -> None:
    """Makes `path` a directory that only its owner can list, read and write.

    The owner is the current user, or `user` as `programs.server_user` returns it.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if path.is_symlink() or found.st_uid not in (os.geteuid(), (user or {}).get("user")):
        raise PermissionError(1, "it belongs to another user", str(path))
    if user:
        os.chown(path, user["user"], user["group"])
    # The server's user passes through what belongs to root.
    mode = 0o711 if os.geteuid() == 0 and not user else 0o700
    if found.st_mode & 0o777 != mode:
        path.chmod(mode)


@contextmanager
def locked(base: Path) -> Iterator[None]:
    """One process at a time changes what is below `base`; the kernel frees a killed one's lock."""
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
