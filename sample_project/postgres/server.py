"""Starts and stops a PostgreSQL server, whatever state the last one was left in."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .directories import locked, make_private
from .programs import Installed, ServerError, find_programs, run_program, server_user

PORT = 5432  # names the socket; nothing listens on the network

# Demo and test data: what a crash of the machine would lose can be made again.
SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
START_SECONDS = 60
# The same order of text everywhere, whatever the system has.
EMBEDDED_LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
INSTALLED_LOCALE = ("--locale=C.UTF-8",)  # PostgreSQL 16 and older have no provider of their own


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server and the directory it lives in."""

    home: Path
    # Open and locked for as long as a test session lives; see homes.temporary.
    session: IO[str] | None = field(default=None, repr=False, compare=False)
    installed: Installed | None = None

    @property
    def directory(self) -> Path:
        """Data, log and socket: what belongs to the user that the server runs as."""
        return self.home / "server"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def socket(self) -> Path:
        return self.directory / f".s.PGSQL.{PORT}"

    @property
    def url(self) -> str:
        return f"postgresql://postgres@:{PORT}/postgres?host={self.directory}"

    def database(self) -> dict[str, Any]:
        """An entry for Django's ``DATABASES``."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": str(self.directory),
            "PORT": str(PORT),
        }

    def is_ready(self) -> bool:
        """True when the server accepts connections; takes less than a millisecond."""
        try:
            status = (self.data / "postmaster.pid").read_text().splitlines()[7]
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.socket))
        except (OSError, IndexError):
            return False
        return status.startswith("ready")

    def start(self) -> Server:
        """Returns when the server accepts connections, having made its data if there were none.

        Raises ServerError.
        """
        if not self.is_ready():
            with locked(self.home.parent):
                if not self.is_ready():
                    self._launch(
                        self.installed.programs
                        if self.installed
                        else find_programs(self.home.parent)
                    )
        return self

    def stop(self) -> bool:
        """Returns whether there was a server to stop. Raises ServerError."""
        with locked(self.home.parent):
            return self._halt()

    def destroy(self) -> None:
        """Stops the server and deletes its data. Raises ServerError."""
        with locked(self.home.parent):
            self.delete()
        if self.session:
            self.session.close()

    def delete(self) -> None:
        """What `destroy` does once it has the lock."""
        self._halt()
        if self.home.exists():
            # Renamed first: a deletion that is killed leaves an orphan, not half a server.
            deleted = self.home.rename(self.home.with_name(f"deleted-{secrets.token_hex(4)}"))
            shutil.rmtree(deleted)

    def process_id(self) -> int | None:
        """The running server's; None also when the id it had now belongs to something else."""
        try:
            process_id = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return process_id if str(self.data) in _command_line(process_id) else None

    def _launch(self, programs: Path) -> None:
        make_private(self.home)
        make_private(self.directory, server_user())
        for left_over in self.directory.glob("initdb-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        self._await_turn()
        if self.is_ready():
            return
        self._discard_stale_locks()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
        self._run(programs)

    def _await_turn(self) -> None:
        """Waits for a server that is starting or stopping to be one thing or the other."""
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready() and (process_id := self.process_id()):
            if time.monotonic() > deadline:
                raise ServerError(
                    f"PostgreSQL (process {process_id}) is running but does not answer "
                    f"(log: {self.log}): end that process and try again"
                )
            time.sleep(0.05)

    def _discard_stale_locks(self) -> None:
        # PostgreSQL keeps to the files of a killed server for as long as any process has its id,
        # be it a zombie or, after a restart of the machine, something else.
        for stale in (self.data / "postmaster.pid", Path(f"{self.socket}.lock")):
            stale.unlink(missing_ok=True)

    def _initialise(self, programs: Path) -> None:
        # Renamed when complete: an initdb that is killed leaves nothing that looks like data.
        new = self.directory / f"initdb-{secrets.token_hex(4)}"
        run_program(
            programs / "initdb",
            f"--pgdata={new}",
            "--username=postgres",
            "--auth=trust",  # the socket lies in a directory that only its owner can enter
            "--encoding=UTF8",
            *(INSTALLED_LOCALE if self.installed else EMBEDDED_LOCALE),
            "--no-sync",
            "--no-instructions",
            cwd=self.directory,
        )
        shutil.rmtree(self.data, ignore_errors=True)  # without a PG_VERSION: deleted half-way
        new.rename(self.data)

    def _run(self, programs: Path) -> None:
        settings = SERVER_SETTINGS | {"unix_socket_directories": str(self.directory)}
        if self.installed:
            settings["shared_preload_libraries"] = self.installed.preload
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        deadline = time.monotonic() + START_SECONDS
        while True:
            log_start = self.log.stat().st_size if self.log.exists() else 0
            try:
                return run_program(
                    programs / "pg_ctl",
                    "start",
                    "--silent",
                    f"--pgdata={self.data}",
                    f"--log={self.log}",
                    f"--options={shlex.join(options)}",
                    f"--timeout={START_SECONDS}",
                    cwd=self.directory,
                )
            except ServerError as error:
                reason = self._fatal_lines(log_start) or str(error)
                # A killed server's children are still finishing what they were doing.
                if "pre-existing shared memory" not in reason or time.monotonic() > deadline:
                    raise ServerError(
                        f"PostgreSQL does not start: {reason} (log: {self.log}); "
                        "`make clean` starts afresh"
                    ) from None
                time.sleep(0.2)

    def _fatal_lines(self, log_start: int) -> str:
        """What went wrong, in the server's words, since its log was `log_start` bytes long."""
        log = self.log.read_bytes()[log_start:] if self.log.exists() else b""
        lines = log.decode(errors="replace").splitlines()
        return "; ".join(line.split("FATAL:")[1].strip() for line in lines if "FATAL:" in line)

    def _halt(self) -> bool:
        process_id = self.process_id()
        if process_id is None:
            return False
        for signal_number, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 10)):
            with suppress(ProcessLookupError):
                os.kill(process_id, signal_number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self.process_id() is None:
                    return True
                time.sleep(0.02)
        raise ServerError(f"PostgreSQL (process {process_id}) does not stop (log: {self.log})")


def _command_line(process_id: int) -> str:
    """Empty when there is no such process or only the zombie of one."""
    if Path("/proc/self/cmdline").exists():  # Linux, where ps may not be installed
        try:
            return Path(f"/proc/{process_id}/cmdline").read_text()
        except OSError:
            return ""
    command = ["ps", "-o", "args=", "-p", str(process_id)]
    return subprocess.run(command, capture_output=True, text=True).stdout
