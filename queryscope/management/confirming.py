"""An audit of code that has just changed: in a fresh interpreter, compared with the one before."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from ..audit import answers as answers_file
from ..conf import get_settings, is_unordered
from ..core.comparison import Comparison, compare
from ..core.findings import Finding, Report
from ..core.reporters.layout import clean, plural
from ..core.responses import Captured
from ..core.responses import compare as compare_responses
from ..core.stored import StoredError, report_of

_RAN = (0, 1)


class NotConfirmed(Exception):
    """The second audit could not run; says why in one line."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What became of the findings that were ``cured``, and of the rest; ``otherwise`` are endpoints
    that answer otherwise now, each with what differs.
    """

    cured: tuple[Finding, ...]
    compared: Comparison
    otherwise: tuple[str, ...] = ()

    @property
    def gone(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.cured if _told(f) not in self._left)

    @property
    def stayed(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.cured if _told(f) in self._left)

    @property
    def _left(self) -> set[tuple[str, str]]:
        return {_told(finding) for finding in self.compared.after.findings}

    @property
    def failing(self) -> tuple[str, ...]:
        """Endpoints that could be judged before, each with what happens now."""
        changes = self.compared.at("failing")
        return tuple(f"{c.name}: {c.after.problem if c.after else ''}" for c in changes)

    @property
    def worse(self) -> tuple[Finding, ...]:
        """Findings of severity error that were not there."""
        before = self.compared.before
        known = {f.key for f in before.findings} | {w.finding.key for w in before.withdrawn}
        known |= {finding.key for finding in before.suppressed}
        return tuple(
            finding
            for finding in self.compared.after.findings
            if finding.severity == "error" and finding.key not in known
        )

    def text(self) -> str:
        """Queries before and after of each endpoint that changed, and what became of findings."""
        rows = [
            (before.name, f"{before.queries} → {after.queries}")
            for before, after in self.compared.common
            if before.queries != after.queries
        ]
        told = [tabulate(rows, headers=("Endpoint", "Queries"), colalign=("left", "right"))]
        if not rows:
            told = ["No endpoint asks another number of queries."]
        told.append(f"{len(self.gone)} of {plural(len(self.cured), 'finding')} gone.")
        told += [f"Stayed: {f.endpoint}: {clean(f.message)}" for f in self.stayed]
        return "\n".join(told)


def _told(finding: Finding) -> tuple[str, str]:
    return finding.endpoint, finding.key


Answers = dict[str, list[Captured]]


def answers_now(options: dict[str, Any]) -> Answers:
    """What the code as it is on disk now answers. Raises NotConfirmed."""
    return _audited(options)[1]


def audited_anew(
    options: dict[str, Any], before: Report, cured: tuple[Finding, ...], answered: Answers
) -> Confirmation:
    """Send the same requests to the code as it is on disk now. Raises NotConfirmed."""
    after, answers = _audited(options)
    settings = get_settings()
    otherwise = []
    for name in answered.keys() & answers.keys():
        unordered = is_unordered(settings, name) or _may_be_reordered(before, name)
        found = compare_responses(answered[name], answers[name], unordered=unordered)
        if found.comparable and not found.same and answered[name] and answers[name]:
            otherwise.append(f"{name}: {found.reason}")
    return Confirmation(cured, compare(before, after), tuple(sorted(otherwise)))


def _may_be_reordered(report: Report, name: str) -> bool:
    return any(e.proof.reordered for e in report.endpoints if e.name == name and e.proof)


def _audited(options: dict[str, Any]) -> tuple[Report, Answers]:
    with tempfile.TemporaryDirectory(prefix="queryscope-") as folder:
        file = os.path.join(folder, "responses.json")
        report = _reported([*_command(options), "--responses", file])
        try:
            return report, answers_file.read(file)
        except (OSError, ValueError) as error:
            raise NotConfirmed(f"it kept no responses ({error})") from error


def _reported(command: list[str]) -> Report:
    try:
        ran = subprocess.run(command, capture_output=True, check=False, env=_environment())
    except OSError as error:
        raise NotConfirmed(f"it did not start ({error.strerror})") from error
    if ran.returncode not in _RAN:
        said = ran.stderr.decode(errors="replace").strip().splitlines()
        raise NotConfirmed(clean(said[-1] if said else f"exit status {ran.returncode}"))
    try:
        return report_of(ran.stdout.decode(), "the second audit")
    except (StoredError, UnicodeDecodeError) as error:
        raise NotConfirmed(str(error)) from error


def _command(options: dict[str, Any]) -> list[str]:
    """The audit of the same requests, started as this command was."""
    script = sys.argv[0]
    own = os.path.isfile(script) and os.path.basename(script) not in ("__main__.py", "django-admin")
    command = [sys.executable, script] if own else [sys.executable, "-m", "django"]
    command += ["queryscope", "audit", *options["urls"], "--format", "json"]
    command += ["--no-explain", "--no-indexes", "--no-proof", "--verbosity", "1"]
    # Two of each: what changes in a response by itself is seen.
    command += ["--repeat", str(max(2, options["repeat"]))]
    for name in ("user", "timeout", "database", "pythonpath", "settings"):
        if options.get(name) is not None:
            command += [f"--{name}", str(options[name])]
    for glob in options["endpoint"]:
        command += ["--endpoint", glob]
    return command + [f"--{name}" for name in ("anonymous", "admin") if options[name]]


def _environment() -> dict[str, str]:
    """What this process has: settings that were found, and modules of folders added since."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
