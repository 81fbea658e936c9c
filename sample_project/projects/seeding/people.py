"""Users and what belongs to them."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.hashers import make_password

from sample_project.accounts.models import Profile, SecurityEvent, Settings, User

from .distributions import START, Popularity, Weighted, moment, timeline
from .tables import Plan, Table
from .vocabulary import CITIES, FIRST_NAMES, JOB_TITLES, LAST_NAMES, SENTENCES, TIME_ZONES

STAFF = 3
SALT_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def tables(plan: Plan) -> Iterator[Table]:
    yield Table(
        User,
        (
            "id",
            "username",
            "first_name",
            "last_name",
            "email",
            "password",
            "is_superuser",
            "is_staff",
            "is_active",
            "date_joined",
            "last_login",
        ),
        users(plan),
        plan.users,
    )
    yield Table(
        Profile,
        ("id", "user_id", "job_title", "location", "avatar_url", "biography"),
        profiles(plan),
        plan.users,
    )
    yield Table(
        Settings,
        ("id", "user_id", "theme", "time_zone", "email_notifications", "weekly_digest"),
        settings(plan),
        plan.users,
    )
    yield Table(
        SecurityEvent,
        ("id", "user_id", "event_type", "created_at", "ip"),
        security_events(plan),
        plan.size(2_000),
    )


def users(plan: Plan) -> Iterator[tuple]:
    """The superuser "admin", two more staff, and everyone else with a password nobody knows."""
    rng = plan.rng("users")
    password = make_password("admin", salt="".join(rng.choices(SALT_CHARACTERS, k=22)))
    names = len(FIRST_NAMES) * len(LAST_NAMES)
    for number in range(plan.users):
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        last = LAST_NAMES[(number * 7 + number // len(FIRST_NAMES)) % len(LAST_NAMES)]
        suffix = str(number) if number >= names // 2 else ""
        username = "admin" if number == 0 else f"{first}.{last}{suffix}".lower()
        joined = START - timedelta(days=rng.randrange(1, 365), seconds=rng.randrange(86_400))
        yield (
            number + 1,
            username,
            first,
            last,
            f"{username}@example.com",
            password if number < STAFF else "!" + "unusable" * 5,
            number == 0,
            number < STAFF,
            number < STAFF or rng.random() > 0.06,
            joined,
            None,
        )


def profiles(plan: Plan) -> Iterator[tuple]:
    rng = plan.rng("profiles")
    for number in range(1, plan.users + 1):
        yield (
            number,
            number,
            rng.choice(JOB_TITLES),
            rng.choice(CITIES),
            f"https://avatars.example.com/{number}.png",
            " ".join(rng.choices(SENTENCES, k=rng.randrange(4))),
        )


def settings(plan: Plan) -> Iterator[tuple]:
    rng = plan.rng("settings")
    theme = Weighted(rng, {Settings.Theme.LIGHT.value: 7, Settings.Theme.DARK.value: 3})
    for number in range(1, plan.users + 1):
        notify, digest = rng.random() < 0.8, rng.random() < 0.25
        yield (number, number, theme.pick(), rng.choice(TIME_ZONES), notify, digest)


def security_events(plan: Plan) -> Iterator[tuple]:
    rng = plan.rng("security events")
    kinds = Weighted(
        rng,
        {
            SecurityEvent.Type.LOGIN.value: 70,
            SecurityEvent.Type.LOGOUT.value: 22,
            SecurityEvent.Type.LOGIN_FAILED.value: 6,
            SecurityEvent.Type.PASSWORD_CHANGED.value: 1.5,
            SecurityEvent.Type.TOKEN_CREATED.value: 0.5,
        },
    )
    people = Popularity(rng, plan.users, flattening=3)
    for number, offset in enumerate(timeline(rng, plan.size(2_000)), start=1):
        ip = f"198.51.{rng.randrange(100, 104)}.{rng.randrange(1, 255)}"
        known = ip if rng.random() > 0.03 else None
        yield (number, people.pick(plan.users) + 1, kinds.pick(), moment(offset), known)
