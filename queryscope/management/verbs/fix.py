"""``manage.py queryscope fix``: proven fixes as a diff, or in the files."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from typing import Any

from ... import editing
from ...audit.preflight import CannotRun
from ...core.findings import Report
from ...core.paths import relative
from ...core.reporters.layout import clean, plural
from ..auditing import add_choice, add_requests, audited, detectors_of
from ..confirming import Confirmation, NotConfirmed, answers_now, audited_anew

HELP = "show proven fixes as a diff, or write them"
DESCRIPTION = """\
Audit the project with proof, and print the proven fixes as one unified diff: each request was run
again with them in place, asked fewer queries and answered the same. The diff is all that is printed
to stdout: manage.py queryscope fix | git apply. What cannot be edited with certainty is named on
stderr, with the code to write.

--write puts them into the files and audits the project again, in a fresh interpreter, to confirm.
If an endpoint fails or answers otherwise then, or the audit cannot run, all files get back what was
in them. Files with changes that are in no commit are written as well, and named.

Edits need libcst: pip install "queryscope[fix]".

Exit status: 0 nothing to fix, or all of it written and confirmed; 1 there are fixes that are not
written, or not confirmed; 2 it could not run.
"""
LEFT = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_requests(parser)
    add_choice(parser)
    parser.add_argument(
        "--write", action="store_true", help="change the files, and audit again to confirm"
    )


def run(options: dict[str, Any], stdout: Any, stderr: Any) -> int:
    """Show or write the proven fixes; LEFT where some are not in the files, or not confirmed."""
    loaded = time.time()
    detectors = detectors_of(options)
    if not editing.is_installed():
        raise CannotRun(editing.NEEDS)
    report = audited(options, stderr, explain=False, what_if=None, proof=True)
    proven = [
        finding
        for finding in report.findings
        if editing.is_proven(finding) and (detectors is None or finding.detector in detectors)
    ]
    edits = editing.edits_for(proven, report.findings, os.getcwd(), since=loaded)
    _tell_refused(edits, stderr)
    if not proven:
        stderr.write("no finding has a proven fix")
    if not options["write"] or not edits.edit.diff:
        stdout.write(edits.edit.diff, ending="")
        return LEFT if proven else 0
    confirmed = _written(edits, report, options, stdout, stderr)
    return 0 if confirmed and not edits.refused else LEFT


def _tell_refused(edits: editing.Edits, stderr: Any) -> None:
    told: dict[str, None] = {}
    for refusal in edits.refused:
        finding = refusal.finding
        place = finding.origin or finding.location
        where = f"{relative(place.file, os.getcwd())}:{place.line}" if place else finding.endpoint
        code = finding.fix.code if finding.fix else ""
        if finding.fix and (rewrite := finding.fix.rewrite):
            code += f", then {rewrite.after} instead of {rewrite.before}"
        told[f"{where}: no certain edit: {refusal.reason}; write: {code}"] = None
    for line in told:
        stderr.write(clean(line))


def _written(
    edits: editing.Edits, report: Report, options: dict[str, Any], stdout: Any, stderr: Any
) -> bool:
    """Write the files and audit again; whether that confirms all of it."""
    from ...editing.writing import restore, uncommitted, write

    files = edits.edit.files
    for path in uncommitted(files):
        stderr.write(f"{_shown(path)} has changes that are in no commit")
    try:
        answered = answers_now(options)
    except NotConfirmed as error:
        raise CannotRun(f"nothing is written: the audit failed: {error}") from error
    try:
        originals = write(files)
    except OSError as error:
        raise CannotRun(f"nothing is written: {error.filename}: {error.strerror}") from error
    try:
        confirmation = audited_anew(options, report, edits.done, answered)
    except NotConfirmed as error:
        back = _restored(restore(originals, files))
        raise CannotRun(f"{back}: the audit failed with the fixes: {error}") from error
    except BaseException:
        stderr.write(_restored(restore(originals, files)))
        raise
    if confirmation.failing or confirmation.otherwise:
        back = _restored(restore(originals, files))
        for problem in confirmation.failing:
            stderr.write(f"FAILS with the fixes: {clean(problem)}")
        for difference in confirmation.otherwise:
            stderr.write(f"ANSWERS OTHERWISE with the fixes: {clean(difference)}")
        stderr.write(f"{back}; --endpoint, --select and --ignore choose fixes")
        return False
    stdout.write(f"Written: {', '.join(map(_shown, files))}")
    stdout.write(confirmation.text())
    return _confirmed(confirmation, edits.edit.diff, stderr)


def _restored(changed: tuple[str, ...]) -> str:
    if not changed:
        return "all files are as they were"
    names = ", ".join(map(_shown, changed))
    return f"all files are as they were but for what was changed meanwhile ({names})"


def _confirmed(confirmation: Confirmation, diff: str, stderr: Any) -> bool:
    worse = confirmation.worse
    for finding in worse:
        stderr.write(f"NEW with the fixes: {finding.endpoint}: {clean(finding.message)}")
    if worse or confirmation.stayed:
        what = plural(len(worse), "new finding") if worse else "not all is gone"
        stderr.write(f"{what}; to undo: patch -R -p1 < {_kept(diff)}")
    return not worse and not confirmation.stayed


def _kept(diff: str) -> str:
    """The diff in a file, for who wants to undo it."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="queryscope-fix-", suffix=".diff", delete=False, encoding="utf-8", newline=""
    ) as stream:
        stream.write(diff)
    return stream.name


def _shown(path: str) -> str:
    return relative(path, os.path.realpath(os.getcwd()))
