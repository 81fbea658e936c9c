"""Work that is handed to others: Celery's tasks, Django's tasks, programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from .noted import Effect, Effects
from .taps import Call, Tap

#: Backends that run a task in place, or keep it in memory: nobody else hears of it.
_IN_PLACE = ("django.tasks.backends.immediate", "django.tasks.backends.dummy")


def taps() -> Iterator[Tap]:
    # What nobody has imported, nobody uses. Tasks, chains and groups all end in send_task(); what
    # runs in place (task_always_eager) does not, and has the effects of the task itself.
    celery = getattr(sys.modules.get("celery.app.base"), "Celery", None)
    if celery is not None:
        yield Tap(celery, "send_task", "celery", _sent)
    task = getattr(sys.modules.get("django.tasks.base"), "Task", None)
    if task is not None:
        yield Tap(task, "enqueue", "task", _enqueued)
        yield Tap(task, "aenqueue", "task", _enqueued)
    yield Tap(subprocess.Popen, "__init__", "process", _started)


def _sent(effects: Effects, call: Call) -> None:
    effects.note(Effect("celery", f"{call.argument(1, 'name')} sent"))


def _enqueued(effects: Effects, call: Call) -> None:
    task = call.args[0]
    if type(task.get_backend()).__module__ not in _IN_PLACE:
        effects.note(Effect("task", f"{task.module_path} enqueued"))


def _started(effects: Effects, call: Call) -> None:
    effects.note(Effect("process", _program(call)))


def _program(call: Call) -> str:
    """The file's name alone: arguments may be anything, in a shell's line the first word too."""
    executable = call.argument(3, "executable")
    if executable is None and call.argument(9, "shell"):
        return "a shell"
    args: Any = executable if executable is not None else call.argument(1, "args")
    first = args if isinstance(args, (str, bytes, os.PathLike)) else next(iter(args), "unknown")
    return os.path.basename(os.fsdecode(first))
