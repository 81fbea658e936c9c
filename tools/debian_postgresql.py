"""A server with the extensions that the embedded one has not: HypoPG, pg_trgm, pg_stat_statements.

It takes the PostgreSQL that the system's packages installed (Debian 12: postgresql-15 and
postgresql-15-hypopg), in a directory of its own and with no port, so that it meets no other.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import debian_packages
from debian_packages import Missing
from environments import ROOT

sys.path.append(str(ROOT))

from sample_project import postgres

PACKAGES = ("postgresql-15", "postgresql-15-hypopg")
EXTENSIONS = ("hypopg", "pg_trgm", "pg_stat_statements")
PROGRAMS = Path("/usr/lib/postgresql")
SHARED = Path("/usr/share/postgresql")
# What keeps the packages from making, and starting, a server that nobody asked for.
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/queryscope.conf")


@contextmanager
def running() -> Iterator[str]:
    """The URL of a new, empty server, deleted at the end. Raises Missing."""
    installed = postgres.Installed(find(), preload="pg_stat_statements")
    try:
        server = postgres.temporary(installed)
    except postgres.ServerError as error:
        raise Missing(str(error)) from None
    try:
        try:
            server.start()
        except postgres.ServerError as error:
            raise Missing(str(error)) from None
        yield server.url
    finally:
        server.destroy()


def find() -> Path:
    """Where the newest one's programs are. Raises Missing."""
    versions = [path.name for path in SHARED.glob("*") if path.name.isdigit()]
    for version in sorted(versions, key=int, reverse=True):
        controls = (SHARED / version / "extension" / f"{name}.control" for name in EXTENSIONS)
        programs = PROGRAMS / version / "bin"
        if (programs / "postgres").exists() and all(control.exists() for control in controls):
            return programs
    raise Missing(f"{PACKAGES[-1]} is not installed")


def install() -> None:
    """By apt-get, as root. Raises Missing."""
    debian_packages.refuse(PACKAGES)
    NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
    NO_CLUSTER.write_text("create_main_cluster = false\n")
    try:
        debian_packages.install(PACKAGES)
    finally:
        NO_CLUSTER.unlink()
