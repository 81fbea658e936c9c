"""What the project allows: which findings its comments and ``QUERYSCOPE["ALLOW"]`` take away."""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .comments import Comment, parse_date, unknown_detector
from .detection import Detection, merged
from .detectors import NAMES
from .findings import Finding, Suppression, SuppressionStatus
from .names import nearest

#: What an entry may say of a finding; it must say one of these, and all that it says must fit.
CRITERIA = ("detector", "app", "model", "relation", "endpoint")
_KEYS = (*CRITERIA, "reason", "until")
_EXAMPLES = {"app": "projects", "model": "projects.Task", "relation": "projects.Task.project"}


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry of ``QUERYSCOPE["ALLOW"]``; a criterion that is "" fits every finding.

    ``endpoint`` is a pattern ("GET /admin/*"), the others are exact: ``model`` "projects.Task",
    ``relation`` "projects.Task.project", ``app`` the label of the model's app.
    """

    index: int
    reason: str
    detector: str = ""
    app: str = ""
    model: str = ""
    relation: str = ""
    endpoint: str = ""
    until: datetime.date | None = None

    @classmethod
    def of(cls, index: int, entry: Mapping[str, str]) -> Allowance:
        """An entry in which :func:`entry_problems` found nothing wrong."""
        values: dict[str, Any] = {**entry}
        if "until" in entry:
            values["until"] = parse_date(entry["until"])
        return cls(index, **values)

    def fits(self, finding: Finding) -> bool:
        model = finding.model or ""
        return (
            self.detector in ("", finding.detector)
            and self.app in ("", model.rpartition(".")[0])
            and self.model in ("", model)
            and self.relation in ("", finding.relation)
            and (not self.endpoint or fits_endpoint(self.endpoint, finding.endpoint))
        )


#: Whatever says that findings are allowed.
Rule = Comment | Allowance


def entry_problems(entry: object) -> list[str]:
    """What is wrong with an entry of ``ALLOW``, to be read right after its name.

    Whether a date has passed is not looked at: a setting does not turn wrong over night.
    """
    if not isinstance(entry, Mapping):
        return [f" must be a dict, not {entry!r}"]
    found = [problem for key, value in entry.items() for problem in _value_problems(key, value)]
    if not set(entry) & set(CRITERIA):
        found.append(f" says nothing to allow: give it one of {', '.join(map(repr, CRITERIA))}")
    if "reason" not in entry:
        found.append(" has no 'reason': say why, for whoever reads it next")
    return found


def _value_problems(key: object, value: object) -> Iterable[str]:
    if key not in _KEYS:
        yield f" has no key {key!r}{nearest(str(key), _KEYS)}"
    elif key == "until" and not (isinstance(value, str) and parse_date(value)):
        yield f"['until'] must be a date such as '2027-01-31', not {value!r}"
    elif not isinstance(value, str) or not value.strip():
        yield f"[{key!r}] must be a string that is not empty, not {value!r}"
    elif key == "detector" and value not in NAMES:
        yield f"['detector']: {unknown_detector(value)}"
    elif key in _EXAMPLES and value.count(".") != _EXAMPLES[key].count("."):
        yield f"[{key!r}] must be written like {_EXAMPLES[key]!r}, not {value!r}"


def fits_endpoint(pattern: str, endpoint: str) -> bool:
    """Whether a pattern fits "GET /admin/" or its route "/admin/"."""
    route = endpoint.partition(" ")[2] or endpoint
    return pattern in (endpoint, route) or any(
        fnmatch.fnmatchcase(name, pattern) for name in (endpoint, route)
    )


def suppress(
    detections: Iterable[Detection],
    allowed: Sequence[Allowance],
    comments_of: Callable[[str], tuple[Comment, ...]],
    today: datetime.date,
) -> tuple[list[Detection], tuple[Suppression, ...]]:
    """The detections that nobody allowed, and what was said about the others.

    Detections, not yet findings: the fix of those that are left shall not name what was allowed.
    """
    left: list[Detection] = []
    said: dict[Rule, list[Detection]] = {}
    for detection in detections:
        rules = list(_rules(detection.finding, allowed, comments_of))
        if not any(status_of(rule, today) == "used" for rule in rules):
            left.append(detection)
        for rule in rules:
            said.setdefault(rule, []).append(detection)
    return left, tuple(_suppression(rule, found, today) for rule, found in said.items())


def _rules(
    finding: Finding,
    allowed: Sequence[Allowance],
    comments_of: Callable[[str], tuple[Comment, ...]],
) -> Iterable[Rule]:
    yield from (allowance for allowance in allowed if allowance.fits(finding))
    places = [(p.file, p.line) for p in (finding.location, finding.origin) if p is not None]
    if finding.template is not None:
        places.append((finding.template.name, finding.template.line))
    told: dict[Comment, None] = {}
    for file, line in places:
        for comment in comments_of(file):
            if comment.first <= line <= comment.last and (
                comment.mistake or finding.detector in comment.detectors
            ):
                told[comment] = None
    yield from told


def status_of(rule: Rule, today: datetime.date) -> SuppressionStatus:
    """What a rule would be that fits a finding."""
    if isinstance(rule, Comment) and rule.mistake:
        return "misspelt"
    return "expired" if rule.until is not None and rule.until < today else "used"


def _suppression(rule: Rule, detections: list[Detection], today: datetime.date) -> Suppression:
    used = status_of(rule, today) == "used"
    return described(rule, today, findings=merged(detections) if used else ())


def described(
    rule: Rule, today: datetime.date, *, findings: tuple[Finding, ...] = ()
) -> Suppression:
    """What a rule did, in the words of the report; without ``findings`` it allowed nothing."""
    status = status_of(rule, today)
    if status == "used" and not findings:
        status = "unused"
    comment = rule if isinstance(rule, Comment) else None
    return Suppression(
        name=_name(rule),
        file=comment.file if comment else None,
        line=comment.line if comment else None,
        detectors=_detectors(rule),
        reason=rule.reason,
        until=rule.until.isoformat() if rule.until else None,
        status=status,
        message=_message(rule, status),
        findings=findings,
    )


def _detectors(rule: Rule) -> tuple[str, ...]:
    if isinstance(rule, Comment):
        return rule.detectors
    return (rule.detector,) if rule.detector else ()


def _name(rule: Rule) -> str:
    if isinstance(rule, Comment):
        return f"ignore[{', '.join(rule.detectors)}]" if rule.detectors else "comment"
    said = (str(getattr(rule, key)) for key in CRITERIA)
    return f'QUERYSCOPE["ALLOW"][{rule.index}] {", ".join(text for text in said if text)}'


def _message(rule: Rule, status: SuppressionStatus) -> str:
    if status == "misspelt":
        return rule.mistake if isinstance(rule, Comment) else ""
    if status == "expired":
        return f"expired after {rule.until}: make the change, or give a later date and the reason"
    return "" if status == "used" else "allowed nothing"
