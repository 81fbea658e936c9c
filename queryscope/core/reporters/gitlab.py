"""GitLab's Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/

Each entry must name a file of the project. A finding without one is not in it: the exit status
counts it, and so do the formats for people.
"""

from __future__ import annotations

import json

from ..findings import Report, Severity
from .layout import clean
from .problems import Problem, described, problems
from .proof import proof_of, sentences
from .sites import site_of

_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report, *, root: str = "", verbose: bool = False) -> str:
    """A JSON array; GitLab itself compares it with that of the target branch."""
    entries = [
        {
            "description": f"{described(problem.worst)} ({problem.where}){_proof(problem)}",
            "check_name": problem.worst.detector,
            "fingerprint": problem.fingerprint,
            "severity": _SEVERITIES[problem.severity],
            "location": {"path": clean(site.file), "lines": {"begin": site.line}},
        }
        for problem in problems(report.findings)
        if (site := site_of(problem.worst, root, report.changed)) is not None
    ]
    text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _proof(problem: Problem) -> str:
    proven = [finding for finding in problem.findings if proof_of(finding) is not None]
    return "".join(f". {sentence}" for sentence in sentences(proven))
