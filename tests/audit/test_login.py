from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from queryscope.audit.login import UnknownUser, default_user, find_user, has_sessions


@pytest.mark.parametrize("name", ["boss", "boss@example.com", "{pk}"])
def test_found_by_username_email_or_key(boss: Any, name: str) -> None:
    assert find_user(name.format(pk=boss.pk)) == boss


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("bos", "no user of that username, e-mail or key; did you mean 'boss'?"),
        ("zzz", "no user of that username, e-mail or key"),
        ("gone", "the user is not active and cannot log in"),
    ],
)
def test_unknown(boss: Any, name: str, problem: str) -> None:
    get_user_model().objects.create_user("gone", is_active=False)
    with pytest.raises(UnknownUser) as caught:
        find_user(name)
    assert str(caught.value) == f"--user {name!r}: {problem}"


def test_default_is_the_first_active_superuser(boss: Any) -> None:
    users = get_user_model().objects
    users.create_user("plain")
    users.create_superuser("later", "", "pw")
    assert default_user() == boss
    boss.is_active = False
    boss.save()
    assert default_user() == users.get(username="later")


def test_nobody(db: None) -> None:
    assert default_user() is None


class Replica:
    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "other"


def test_sessions_that_a_replica_cannot_see(settings: Any) -> None:
    assert has_sessions()
    settings.DATABASE_ROUTERS = [Replica()]
    assert not has_sessions()
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert has_sessions()
