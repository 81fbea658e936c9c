"""An exception in one line: its type, its text without values of rows, and where it came from."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from django.db import Error

from ..core.masking import masked_message
from ..core.paths import relative
from ..roles import OTHER_APP, USER, classify

_LONGEST = 200
_OWN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")


def told(error: BaseException) -> str:
    """ "KeyError: 'nothing' (shop/views.py:31)"."""
    return what(error) + place(error.__traceback__)


def what(error: BaseException) -> str:
    """ "KeyError: 'nothing'"; of a database's error without the values that it quotes."""
    try:
        text = str(error)
    except Exception:  # __str__ of the project's own exception
        text = ""
    if any(isinstance(cause, Error) for cause in _causes(error)):
        text = masked_message(text)
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def logged_errors() -> Iterator[list[BaseException]]:
    """Exceptions that are logged meanwhile: a view that answers 500 by itself has caught one.

    By the factory of records: loggers of a project need not propagate to a handler of ours.
    """
    found: list[BaseException] = []
    factory = logging.getLogRecordFactory()

    def noting(*args: Any, **options: Any) -> logging.LogRecord:
        record = factory(*args, **options)
        if record.levelno >= logging.ERROR and record.exc_info and record.exc_info[1]:
            found.append(record.exc_info[1])
        return record

    logging.setLogRecordFactory(noting)
    try:
        yield found
    finally:
        logging.setLogRecordFactory(factory)


def place(trace: TracebackType | None) -> str:
    """The innermost line of the project, else of an installed app, else of a library:
    " (shop/views.py:31)"; "" when there is none.
    """
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    frames = [at for at in frames if not at[0].startswith("<")]
    # The hook of a recording is in the middle of every query; it is not what failed.
    others = [at for at in frames if not os.path.abspath(at[0]).startswith(_OWN)]
    for whose in (USER, OTHER_APP):
        own = [at for at in others if classify(at[0]) == whose]
        if own:
            break
    else:
        own = others or frames
    return f" ({relative(own[-1][0], os.getcwd())}:{own[-1][1]})" if own else ""
