"""Projects and their tasks, comments, tags and activities."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from django.contrib.contenttypes.models import ContentType

from sample_project.projects.models import Activity, Comment, Project, Tag, Task

from .distributions import Popularity, Weighted, moment, timeline
from .tables import Plan, Table
from .vocabulary import (
    COLOURS,
    PROJECT_ADJECTIVES,
    PROJECT_KINDS,
    PROJECT_NOUNS,
    REMARKS,
    SENTENCES,
    TAGS,
    TASK_PLACES,
    TASK_THINGS,
    TASK_VERBS,
)

PROJECT_STATUSES = {
    Project.Status.ACTIVE.value: 55,
    Project.Status.COMPLETED.value: 25,
    Project.Status.PLANNING.value: 10,
    Project.Status.ARCHIVED.value: 8,
    Project.Status.ON_HOLD.value: 2,
}
TASK_STATUSES = {
    Task.Status.DONE.value: 64,
    Task.Status.TODO.value: 20,
    Task.Status.IN_PROGRESS.value: 8,
    Task.Status.REVIEW.value: 4,
    Task.Status.CANCELLED.value: 3.4,
    Task.Status.BLOCKED.value: 0.6,
}
PRIORITIES = {
    Task.Priority.LOW.value: 22,
    Task.Priority.MEDIUM.value: 58,
    Task.Priority.HIGH.value: 17,
    Task.Priority.URGENT.value: 3,
}
VERBS = {
    Activity.Verb.UPDATED.value: 45,
    Activity.Verb.COMMENTED.value: 35,
    Activity.Verb.CLOSED.value: 15,
    Activity.Verb.CREATED.value: 5,
}
TAGS_PER_TASK = {0: 35, 1: 30, 2: 22, 3: 9, 4: 4}
UNASSIGNED = 0.22
WITHOUT_DUE_DATE = 0.35


@dataclass(slots=True)
class Written:
    """What later rows need of earlier ones; indexes are ids less one."""

    teams: list[array] = field(default_factory=list)
    project_times: array = field(default_factory=lambda: array("d"))
    task_times: array = field(default_factory=lambda: array("d"))
    task_projects: array = field(default_factory=lambda: array("l"))


def tables(plan: Plan, content_types: dict[type, ContentType]) -> Iterator[Table]:
    written = Written()
    yield Table(Tag, ("id", "name", "colour"), tags(plan), len(TAGS))
    yield Table(
        Project,
        ("id", "owner_id", "name", "description", "status", "created_at"),
        projects(plan, written),
        plan.projects,
    )
    yield Table(
        Project.team_members.through,
        ("project_id", "user_id"),
        memberships(written),
        plan.projects * 5,
    )
    yield Table(
        Task,
        (
            "id",
            "project_id",
            "assigned_to_id",
            "title",
            "description",
            "status",
            "priority",
            "due_date",
            "created_at",
        ),
        tasks(plan, written),
        plan.tasks,
    )
    yield Table(Task.tags.through, ("task_id", "tag_id"), tagged(plan), plan.tasks * 6 // 5)
    yield Table(
        Comment,
        ("id", "task_id", "author_id", "body", "created_at"),
        comments(plan, written),
        plan.size(12_000),
    )
    yield Table(
        Activity,
        ("id", "actor_id", "verb", "content_type_id", "object_id", "created_at"),
        activities(plan, written, content_types[Project].pk, content_types[Task].pk),
        plan.size(10_000),
    )


def texts(rng: Random, pool: tuple[str, ...], longest: int, how_many: int = 300) -> list[str]:
    """Texts to choose from: making one for each of a million rows would cost more than it shows."""
    return [" ".join(rng.choices(pool, k=rng.randint(1, longest))) for _ in range(how_many)]


def tags(plan: Plan) -> Iterator[tuple]:
    rng = plan.rng("tags")
    for number, name in enumerate(TAGS, start=1):
        yield (number, name, rng.choice(COLOURS))


def projects(plan: Plan, written: Written) -> Iterator[tuple]:
    rng = plan.rng("projects")
    people = Popularity(rng, plan.users, flattening=4)
    statuses = Weighted(rng, PROJECT_STATUSES)
    descriptions = ["", *texts(rng, SENTENCES, 5)]
    written.project_times = timeline(rng, plan.projects, growth=1.2)
    for number, offset in enumerate(written.project_times, start=1):
        size = min(2 + int(rng.expovariate(0.33)), 25, plan.users)
        team = array("l", dict.fromkeys(people.pick(plan.users) + 1 for _ in range(size)))
        written.teams.append(team)
        adjective, noun = rng.choice(PROJECT_ADJECTIVES), rng.choice(PROJECT_NOUNS)
        name = f"{adjective} {noun} {rng.choice(PROJECT_KINDS)} {number}"
        yield (number, team[0], name, rng.choice(descriptions), statuses.pick(), moment(offset))


def memberships(written: Written) -> Iterator[tuple]:
    for project_id, team in enumerate(written.teams, start=1):
        for user_id in team:
            yield (project_id, user_id)


def tasks(plan: Plan, written: Written) -> Iterator[tuple]:
    rng = plan.rng("tasks")
    random = rng.random
    # A flatter head at a larger scale: one project in a hundred thousand does not hold 1 % of all.
    popular = Popularity(rng, plan.projects, flattening=10 * max(plan.scale, 1) ** 0.5)
    statuses, priorities = Weighted(rng, TASK_STATUSES), Weighted(rng, PRIORITIES)
    titles = [f"{a} {b} {c}".rstrip() for a in TASK_VERBS for b in TASK_THINGS for c in TASK_PLACES]
    descriptions = ["", *texts(rng, SENTENCES, 6)]
    written.task_times = timeline(rng, plan.tasks)
    started, starts = 0, written.project_times
    for number, offset in enumerate(written.task_times, start=1):
        while started < len(starts) and starts[started] <= offset:
            started += 1
        project = popular.pick(started)
        written.task_projects.append(project)
        team = written.teams[project]
        created = moment(offset)
        due = None
        if random() > WITHOUT_DUE_DATE:
            due = (created + timedelta(days=1 + int(60 * random()))).date()
        yield (
            number,
            project + 1,
            None if random() < UNASSIGNED else team[int(random() * len(team))],
            titles[int(random() * len(titles))],
            descriptions[int(random() * len(descriptions))],
            statuses.pick(),
            priorities.pick(),
            due,
            created,
        )


def tagged(plan: Plan) -> Iterator[tuple]:
    rng = plan.rng("task tags")
    counts = Weighted(rng, TAGS_PER_TASK)
    popular = Popularity(rng, len(TAGS), flattening=2)
    for task_id in range(1, plan.tasks + 1):
        for tag in {popular.pick(len(TAGS)) for _ in range(counts.pick())}:
            yield (task_id, tag + 1)


def on_tasks(rng: Random, written: Written, offsets: array) -> Iterator[tuple[int, float]]:
    """For each time a task (index) that exists by then: a lively one, or one of the latest."""
    popular = Popularity(rng, len(written.task_times), flattening=len(written.task_times) / 20)
    started, starts = 0, written.task_times
    for offset in offsets:
        while started < len(starts) and starts[started] <= offset:
            started += 1
        if rng.random() < 0.5:
            yield max(0, started - 1 - int(rng.expovariate(0.01))), offset
        else:
            yield popular.pick(started), offset


def comments(plan: Plan, written: Written) -> Iterator[tuple]:
    rng = plan.rng("comments")
    bodies = texts(rng, REMARKS, 3)
    offsets = timeline(rng, plan.size(12_000))
    for number, (task, offset) in enumerate(on_tasks(rng, written, offsets), start=1):
        team = written.teams[written.task_projects[task]]
        author = team[int(rng.random() * len(team))]
        yield (number, task + 1, author, bodies[int(rng.random() * 300)], moment(offset))


def activities(plan: Plan, written: Written, project_type: int, task_type: int) -> Iterator[tuple]:
    rng = plan.rng("activities")
    verbs = Weighted(rng, VERBS)
    offsets = timeline(rng, plan.size(10_000))
    for number, (task, offset) in enumerate(on_tasks(rng, written, offsets), start=1):
        project = written.task_projects[task]
        team = written.teams[project]
        actor = team[int(rng.random() * len(team))]
        target = (task_type, task + 1) if rng.random() < 0.85 else (project_type, project + 1)
        yield (number, actor, verbs.pick(), *target, moment(offset))
