"""What the Makefile's targets do: a line for each step, its output only when it fails."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from types import ModuleType

import debian_chromium
import debian_postgresql
from debian_packages import Missing
from environments import ROOT, Environment, find_interpreter, locked

DEMO = Environment(".venv", "demo")
DEV = Environment(".venv", "dev")
PYTHON = DEV.python
SERVER = ("-m", "sample_project.postgres")
OLDEST_DJANGO = "django~=5.2.0"
NEWEST_DJANGO = "django~=6.1.0"
NEWEST_PYTHONS = ("3.14", "3.13", "3.12")
VENDORS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
#: What a run after the first leaves out: it would say the same again. See pyproject's markers.
REPEATED = {
    "sqlite": ("-m", "not any_environment"),
    "postgresql": (
        "--ignore=tests/core",
        "--ignore=tests/editing",
        "-m",
        "not any_database and not any_environment",
    ),
}
VERSIONS = """
import django, sys
print("Python %d.%d, Django %d.%d" % (*sys.version_info[:2], *django.VERSION[:2]))
"""
# No cache: one left by another user cannot be written to.
PYTEST = ("-m", "pytest", "-q", "-n", "auto", "--maxprocesses=8", "-p", "no:cacheprovider")
# A worker that is done takes over from the other one; most of a module's tests stay together.
STEALING = ("--dist", "worksteal")
NO_TESTS = 5  # pytest's exit status
# Tests start Python hundreds of times: compiling everything each time takes longer than they do.
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
CONTRACTS = "from importlinter.cli import lint_imports_command as main; main()"
CACHES = (".hypothesis", ".import_linter_cache", ".mypy_cache", ".pytest_cache", ".ruff_cache")


class StepFailed(Exception):
    """Its output has been shown."""


def demo() -> None:
    with locked("demo"):
        install(DEMO)
        if not os.environ.get("DATABASE_URL"):
            step("Starting the embedded PostgreSQL", PYTHON, *SERVER, "start")
        step("Creating the tables", PYTHON, "manage.py", "migrate", "--verbosity=0")
        show("Filling them, unless they are full", PYTHON, "manage.py", "seed")
    # Exit status 1 says that it found something, which is what a demonstration is for.
    show("Auditing the sample project", PYTHON, "manage.py", "queryscope", "audit", accept=(0, 1))


def check() -> None:
    """What the README tells others to do: new findings in the sample project fail."""
    install(DEV)
    with tempfile.TemporaryDirectory() as folder:
        variables = {"DATABASE_URL": f"sqlite:///{folder}/tracker.sqlite3"}
        manage = partial(step, variables=variables)
        manage("Creating the tables", PYTHON, "manage.py", "migrate", "--verbosity=0")
        manage("Filling them", PYTHON, "manage.py", "seed")
        checking = (PYTHON, "manage.py", "queryscope", "check", "--strict")
        manage("Checking for new findings", *checking)


def test(*arguments: str) -> None:
    with postgresql_with_extensions() as variables:
        test_everywhere(arguments, {**variables, **chromium()})


def test_everywhere(arguments: tuple[str, ...], variables: dict[str, str]) -> None:
    failed = []
    for environment in test_environments():
        versions = install(environment)
        for vendor, label in VENDORS.items():
            first = (environment, vendor) == (DEV, "sqlite")
            try:
                step(
                    f"Testing on {versions}, {label}",
                    environment.python,
                    *PYTEST,
                    *STEALING,
                    *(() if first else REPEATED[vendor]),
                    *arguments,
                    variables={**variables, **COMPILED, "QUERYSCOPE_TEST_VENDOR": vendor},
                    summary=True,
                    accept=(0,) if first or not arguments else (0, NO_TESTS),
                )
            except StepFailed:
                failed.append(f"{versions}, {label}")
    if failed:
        print(f"Failed: {'; '.join(failed)}")
        raise StepFailed


@contextmanager
def postgresql_with_extensions() -> Iterator[dict[str, str]]:
    """What tells the tests where it is, or why it is not. QUERYSCOPE_TEST_INSTALL installs it."""
    if os.environ.get("QUERYSCOPE_TEST_DEBIAN_URL"):
        yield {}
        return
    with ExitStack() as stack:
        try:
            if os.environ.get("QUERYSCOPE_TEST_INSTALL"):
                install_packages(debian_postgresql)
            url = stack.enter_context(debian_postgresql.running())
            variables = {"QUERYSCOPE_TEST_DEBIAN_URL": url}
        except Missing as missing:
            print(f"Skipping what needs HypoPG: {missing}", flush=True)
            variables = {"QUERYSCOPE_TEST_DEBIAN_MISSING": str(missing)}
        yield variables


def chromium() -> dict[str, str]:
    """What tells the tests why there is no browser. QUERYSCOPE_TEST_INSTALL installs it."""
    try:
        if os.environ.get("QUERYSCOPE_TEST_INSTALL"):
            install_packages(debian_chromium)
        debian_chromium.find()
    except Missing as missing:
        print(f"Skipping what needs Chromium: {missing}", flush=True)
        return {"QUERYSCOPE_TEST_CHROMIUM_MISSING": str(missing)}
    return {}


def install_packages(wanted: ModuleType) -> None:
    """Unless they are there. Raises Missing."""
    try:
        wanted.find()
    except Missing:
        say(f"Installing {' and '.join(wanted.PACKAGES)}")
        started = time.monotonic()
        try:
            wanted.install()
        except Missing:
            print("failed")
            raise
        finish(started, 0, "")


def test_environments() -> list[Environment]:
    """The default one, and the ends of the support range that it does not cover."""
    environments = [DEV]
    default = install(DEV)
    for name, versions, django in (
        (".venv-oldest", ("3.11",), OLDEST_DJANGO),
        (".venv-newest", NEWEST_PYTHONS, NEWEST_DJANGO),
    ):
        label = f"Django {django.removeprefix('django~=').removesuffix('.0')}"
        found = find_interpreter(*versions)
        if found is None:
            if not default.endswith(label):
                wanted = " or ".join(versions)
                print(f"Skipping {label}: no Python {wanted} on PATH, under ~/.pyenv or uv")
        elif default != f"Python {found[0]}, {label}":
            environments.append(Environment(name, "dev", django, found[1]))
    return environments


def lint() -> None:
    install(DEV)
    step("Looking for mistakes", PYTHON, "-m", "ruff", "check", ".")
    step("Checking the format", PYTHON, "-m", "ruff", "format", "--check", ".")


def types() -> None:
    install(DEV)
    step("Checking types", PYTHON, "-m", "mypy", summary=True)


def contracts() -> None:
    install(DEV)
    step("Checking imports", PYTHON, "-c", CONTRACTS, summary=True)


def bench(*arguments: str) -> None:
    install(DEV)
    show("Measuring", PYTHON, "benchmarks/overhead.py", *arguments)


def stop() -> None:
    # Not .venv's Python: a server can be stopped without it.
    step("Stopping the embedded PostgreSQL", sys.executable, *SERVER, "stop")


def clean() -> None:
    step("Deleting the embedded PostgreSQL", sys.executable, *SERVER, "destroy")
    print("Deleting environments and caches")
    for path in [*ROOT.glob(".venv*"), *(ROOT / cache for cache in CACHES)]:
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        except OSError as error:
            print(f"error: cannot delete {path}: {error.strerror}", file=sys.stderr)
            raise StepFailed from None


def install(environment: Environment) -> str:
    """Returns what is in it: "Python 3.13, Django 6.1"."""
    with locked(environment.name):
        if not environment.is_complete():
            say(f"Installing what {environment.extra} needs into {environment.name}")
            started = time.monotonic()
            done = environment.make()
            finish(started, done.returncode, done.stdout)
    return subprocess.check_output([environment.python, "-c", VERSIONS], text=True).strip()


def step(
    label: str,
    *command: str,
    variables: Mapping[str, str] | None = None,
    summary: bool = False,
    accept: tuple[int, ...] = (0,),
) -> None:
    """Shows the output if the command fails, or with `summary` the last line of it."""
    say(label)
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        close_fds=False,  # see locked
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    status = 0 if done.returncode in accept else done.returncode
    finish(started, status, done.stdout, summary=summary)


def show(label: str, *command: str, accept: tuple[int, ...] = (0,)) -> None:
    """Shows the output as it comes."""
    print(label, flush=True)
    if subprocess.run(command, cwd=ROOT, close_fds=False).returncode not in accept:
        raise StepFailed


def say(label: str) -> None:
    print(label, end=" ... ", flush=True)


def finish(started: float, status: int, output: str, *, summary: bool = False) -> None:
    lines = [line for line in output.splitlines() if line.strip()]
    if status:
        print(f"failed\n{output}")
        raise StepFailed
    words = lines[-1].strip("= ") if summary and lines else f"{time.monotonic() - started:.1f} s"
    print(words, flush=True)


TARGETS = {
    target.__name__: target
    for target in (demo, check, test, lint, types, contracts, bench, stop, clean)
}


if __name__ == "__main__":
    # As on Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        TARGETS[sys.argv[1]](*sys.argv[2:])
    except StepFailed:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
