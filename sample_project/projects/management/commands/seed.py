import math
import sys
from dataclasses import replace

from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections, transaction

from sample_project.accounts.models import Profile, SecurityEvent, Settings, User
from sample_project.projects.models import Activity, Comment, Project, Tag, Task
from sample_project.projects.seeding import people, traffic, work
from sample_project.projects.seeding.loading import empty, finish, load, lock, trust_references
from sample_project.projects.seeding.progress import Progress
from sample_project.projects.seeding.tables import Plan, Table
from sample_project.scans.models import Bag, Bill, Scan
from sample_project.webhooks.models import Webhook, WebhookDelivery

MODELS = [
    User,
    Profile,
    Settings,
    SecurityEvent,
    Tag,
    Project,
    Project.team_members.through,
    Task,
    Task.tags.through,
    Comment,
    Activity,
    Webhook,
    WebhookDelivery,
    Bag,
    Scan,
    Bill,
]
COUNTED = [User, Project, Task, Comment, Webhook, WebhookDelivery, Bag, Scan]
LARGEST_SCALE = 1_000


class Command(BaseCommand):
    help = "Fills an empty tracker with sample data, the same every time, in one transaction."

    def add_arguments(self, parser):
        # Numbers are read in handle(), so that a bad one is one line and not the whole usage.
        parser.add_argument(
            "--scale",
            default="1",
            metavar="N",
            help="Multiplies 100 users, 1,000 projects, 10,000 tasks and the rest (default: 1).",
        )
        parser.add_argument(
            "--seed",
            default="2026",
            metavar="N",
            help="The same number makes the same rows (default: 2026).",
        )
        parser.add_argument("--database", default="default", metavar="ALIAS")
        parser.add_argument(
            "--flush", action="store_true", help="Delete everything in the tracker first."
        )

    def handle(self, *, scale, seed, database, flush, **options):
        plan = Plan(scale_from(scale), seed_from(seed))
        if database not in connections:
            known = ", ".join(connections)
            raise CommandError(f"--database: no alias {database!r} in DATABASES (known: {known}).")
        try:
            with transaction.atomic(using=database):
                lock(database)
                if flush:
                    empty(MODELS, database)
                if Project.objects.using(database).exists():
                    self.stdout.write(f"Already seeded: {summary(database)}. --flush starts over.")
                    return
                refuse_strangers(database)
                self.fill(plan, database)
        except DatabaseError as error:
            reason = str(error).partition("\n")[0]
            raise CommandError(
                f"Nothing was seeded: {reason}. Without tables, run migrate first."
            ) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted; nothing was seeded.", returncode=130) from None
        self.stdout.write(f"Seeded {summary(database)}. Log in as admin, password admin.")

    def fill(self, plan: Plan, database: str) -> None:
        tables = every_table(plan, database)
        progress = Progress(sys.stderr, sum(table.expected for table in tables))
        trust_references(database)
        try:
            for table in tables:
                label = str(table.model._meta.verbose_name_plural)
                rows = progress.watch(table.rows, table.expected, label)
                load(replace(table, rows=rows), database)
            progress.draw("statistics")
            finish(MODELS, database)
        finally:
            progress.clear()


def every_table(plan: Plan, database: str) -> list[Table]:
    types = ContentType.objects.db_manager(database).get_for_models(Project, Task)
    return [*people.tables(plan), *work.tables(plan, types), *traffic.tables(plan)]


def scale_from(text) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 0 < scale <= LARGEST_SCALE:
        raise CommandError(
            f"--scale: {text!r} is not a number above 0 and at most {LARGEST_SCALE:,}."
        )
    return scale


def seed_from(text) -> int:
    try:
        return int(text)
    except ValueError:
        raise CommandError(f"--seed: {text!r} is not a whole number.") from None


def refuse_strangers(database: str) -> None:
    """Seeded rows have ids from 1: they cannot be put beside rows that are there already."""
    for model in MODELS:
        if count := model._base_manager.using(database).count():
            name = model._meta.db_table
            raise CommandError(
                f"Nothing was seeded: {name} already holds {count:,} row(s); --flush deletes them."
            )


def summary(database: str) -> str:
    counts = (
        f"{model._base_manager.using(database).count():,} {model._meta.verbose_name_plural}"
        for model in COUNTED
    )
    return ", ".join(counts)
