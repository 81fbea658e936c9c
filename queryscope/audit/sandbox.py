"""What keeps an audit from leaving anything behind: transactions rolled back, mail not sent."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any

from django.conf import settings
from django.core import mail
from django.db import DatabaseError, connections, transaction
from django.test.utils import override_settings
from django.utils import translation

from ..conf import SETTING

_LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
#: Their records would repeat, in the middle of the output, what the report says of each endpoint.
_SILENCED = ("django.request", "django.security.DisallowedHost")


@contextmanager
def rolled_back(aliases: Iterable[str]) -> Iterator[None]:
    """A transaction on each alias that is rolled back at the end; ``on_commit`` hooks never run."""
    with ExitStack() as stack:
        for alias in aliases:
            stack.enter_context(_rolled_back(alias))
        yield


@contextmanager
def _rolled_back(alias: str) -> Iterator[None]:
    atomic = transaction.atomic(using=alias)
    # As TestCase does: lets a view open its own atomic(durable=True).
    atomic._from_testcase = True  # type: ignore[attr-defined]
    with ExitStack() as guard:
        guard.callback(_close_if_broken, alias)
        with atomic:
            connection = connections[alias]
            savepoints, blocks = len(connection.savepoint_ids), len(connection.atomic_blocks)
            try:
                yield
            finally:
                # A view that is interrupted may leave blocks of its own open.
                del connection.savepoint_ids[savepoints:], connection.atomic_blocks[blocks:]
                if connection.in_atomic_block:
                    connection.set_rollback(True)


def _close_if_broken(alias: str) -> None:
    """A connection that the view broke is replaced, so that the next request has a whole one."""
    connection = connections[alias]
    if connection.in_atomic_block or connection.connection is None:
        return
    try:
        usable = connection.is_usable()
    except DatabaseError:
        usable = False
    if not usable:
        connection.close()


@contextmanager
def quiet_surroundings(host: str) -> Iterator[None]:
    """For a whole audit: no mail leaves, nothing prints to stdout, the host is an allowed one."""
    # The project's own QueryScopeMiddleware would log every finding a second time.
    changes: dict[str, Any] = {SETTING: {**getattr(settings, SETTING, {}), "ENABLED": False}}
    if hasattr(settings, "MAILERS"):
        changes["MAILERS"] = {alias: {"BACKEND": _LOCMEM} for alias in settings.MAILERS}
    else:
        changes["EMAIL_BACKEND"] = _LOCMEM
    if not settings.DEBUG and not settings.ALLOWED_HOSTS:
        changes["ALLOWED_HOSTS"] = [host]
    sent = list(getattr(mail, "outbox", []))
    with (
        _overridden(changes),
        translation.override(settings.LANGUAGE_CODE),
        redirect_stdout(sys.stderr),
        _silenced(),
    ):
        try:
            yield
        finally:
            if hasattr(mail, "outbox"):
                mail.outbox[:] = sent


@contextmanager
def _overridden(changes: dict[str, Any]) -> Iterator[None]:
    override = override_settings(**changes)
    with _without_warnings():
        override.enable()
    try:
        yield
    finally:
        with _without_warnings():
            override.disable()


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Django 6.1 warns whoever names EMAIL_BACKEND; a project that has not migrated needs it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _silenced() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _SILENCED]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
