"""Who makes the requests of an audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import auth
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DatabaseError, router
from django.db.models import Model
from django.test.client import Client

from ..core.names import nearest
from .rows import all_rows

#: Names looked through for the nearest one to a misspelled name.
_NEAR = 2_000


class UnknownUser(Exception):
    """No such user, or one who cannot log in; the text says which and what is near."""


def find_user(name: str) -> Model:
    """The active user of that username, e-mail address or primary key. Raises UnknownUser."""
    model = _user_model()
    if model is None:
        raise UnknownUser(f"--user {name!r}: django.contrib.auth is not installed")
    user = _by_columns(model, name)
    if user is None:
        column = model.USERNAME_FIELD
        names = map(str, all_rows(model).values_list(column, flat=True)[:_NEAR])
        problem = f"no user of that username, e-mail or key{nearest(name, names)}"
        raise UnknownUser(f"--user {name!r}: {problem}")
    if not getattr(user, "is_active", True):
        raise UnknownUser(f"--user {name!r}: the user is not active and cannot log in")
    return user


def default_user() -> Model | None:
    """The first active superuser, or None when there is none."""
    model = _user_model()
    if model is None or not (_has(model, "is_superuser") and _has(model, "is_active")):
        return None
    found: Model | None = (
        all_rows(model).filter(is_superuser=True, is_active=True).order_by("pk").first()
    )
    return found


@contextmanager
def session(client: Client, user: Model | None) -> Iterator[None]:
    """A logged-in session for the client, made without the ``user_logged_in`` signal.

    Rows it writes belong to the caller's transaction; :func:`forget` deletes what is left after it.
    """
    if user is None or not has_sessions():
        yield
        return
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[auth.SESSION_KEY] = user._meta.pk.value_to_string(user)
    store[auth.BACKEND_SESSION_KEY] = _backend(user)
    if hasattr(user, "get_session_auth_hash"):
        store[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = store.session_key
    yield


def forget(keys: set[str]) -> None:
    """Delete sessions that outlived a request's transaction.

    They are in a cache or in files, or in a table when a view committed by itself.
    """
    engine = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        with suppress(DatabaseError):
            if engine().exists(key):
                engine(key).delete()


def session_key(client: Client) -> set[str]:
    """The key that the client's cookie holds, which a view may have changed."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    return {cookie.value} if cookie is not None and cookie.value else set()


def is_logged_in(client: Client) -> bool:
    """Whether the session of the client's cookie says whose it is; as well if it is unreadable."""
    engine = import_module(settings.SESSION_ENGINE).SessionStore
    try:
        return any(engine(key).get(auth.SESSION_KEY) is not None for key in session_key(client))
    except DatabaseError:  # the view has broken the transaction
        return True


def _user_model() -> Any:
    if not apps.is_installed("django.contrib.auth"):
        return None
    return auth.get_user_model()


def _by_columns(model: Any, name: str) -> Model | None:
    columns = [model.USERNAME_FIELD, getattr(model, "EMAIL_FIELD", "email"), "pk"]
    for column in columns:
        if column != "pk" and not _has(model, column):
            continue
        try:
            user: Model | None = all_rows(model).filter(**{column: name}).first()
        except (ValueError, ValidationError):  # "alice" is no integer key
            continue
        if user is not None:
            return user
    return None


def _has(model: Any, column: str) -> bool:
    try:
        model._meta.get_field(column)
    except FieldDoesNotExist:
        return False
    return True


def has_sessions() -> bool:
    """Whether a session that is written can be read in the same transaction."""
    if not settings.SESSION_ENGINE.endswith(".db"):
        return True
    if not apps.is_installed("django.contrib.sessions"):
        return False
    sessions = apps.get_model("sessions", "Session")
    # A replica does not see what the primary has not committed.
    return bool(router.db_for_read(sessions) == router.db_for_write(sessions))


def name_of(user: Model | None) -> str:
    """The user's name to log in with; "" for nobody."""
    return "" if user is None else str(getattr(user, "get_username", lambda: user.pk)())


def fresh(user: Model) -> Model:
    """The same user without anything that was loaded through it."""
    again: Model = all_rows(type(user)).get(pk=user.pk)
    return again


def _backend(user: Model) -> str:
    """The authentication backend that gives this user back on the next request."""
    names = list(settings.AUTHENTICATION_BACKENDS)
    for name, backend in zip(names, auth.get_backends(), strict=True):
        if getattr(backend, "get_user", None) and backend.get_user(user.pk) is not None:
            return str(name)
    return str(names[0]) if names else "django.contrib.auth.backends.ModelBackend"
