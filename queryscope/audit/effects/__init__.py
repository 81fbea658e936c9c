"""What a request reaches that no database rollback undoes: mail, caches, files, tasks, sockets.

An audit's requests do what a visitor's would, the first one and those that are measured: what they
write to the project's caches and storages stays there, tasks are sent and sockets connected. Of its
own an audit leaves nothing: the session it logs in with is deleted again, wherever it is kept. Mail
goes to memory, and hooks on a commit never run. Only the requests of a proof have empty caches of
their own (``fresh_caches``).
"""

from .noted import Effect, Effects, united
from .watching import watch_effects

__all__ = ["Effect", "Effects", "united", "watch_effects"]
