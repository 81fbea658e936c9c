"""Which lines a pull request changed: an annotation elsewhere is not shown beside its code."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from ..audit.preflight import CannotRun
from ..core.changes import Changes, changes_of

_DIFF = (
    *("git", "diff", "--merge-base", "--unified=0", "--no-color", "--no-ext-diff"),
    # Whatever the user's own settings of git say.
    *("--src-prefix=a/", "--dst-prefix=b/"),
)
_TIMEOUT_S = 30


def changes_since(revision: str | None, environment: Mapping[str, str]) -> Changes | None:
    """Lines that changed since a git revision, or in the pull or merge request that runs.

    None where neither is known. Raises CannotRun when git does not know a ``revision`` that was
    asked for; what a job's environment names may not have been fetched, and is left alone then.
    """
    base = _base(environment) if revision is None else revision
    if base is None:
        return None
    if base.startswith("-") or not base.strip():
        raise CannotRun(f"--changed-since {base!r} is no revision")
    try:
        done = subprocess.run(
            [*_DIFF, base, "--"], capture_output=True, timeout=_TIMEOUT_S, check=False
        )
        problem = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    except (OSError, subprocess.TimeoutExpired) as error:
        done, problem = None, str(error)
    if done is not None and done.returncode == 0:
        return changes_of(done.stdout.decode("utf-8", "surrogateescape"))
    if revision is not None:
        if "merge-base'" in problem:  # an option that git does not know outside of a repository
            problem = "no git repository here, or a git older than 2.30"
        raise CannotRun(f"--changed-since {revision!r}: {problem or 'git failed'}")
    return None


def _base(environment: Mapping[str, str]) -> str | None:
    """GitHub names the branch, GitLab the commit."""
    branch = environment.get("GITHUB_BASE_REF")
    if branch:
        return f"origin/{branch}"
    return environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA") or None
