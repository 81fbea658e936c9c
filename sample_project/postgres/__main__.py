"""``python -m sample_project.postgres start | stop | destroy``, for the Makefile."""

import sys

from . import Server, ServerError, for_checkout

COMMANDS = {"start": Server.start, "stop": Server.stop, "destroy": Server.destroy}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python -m sample_project.postgres {' | '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        COMMANDS[arguments[0]](for_checkout())
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


sys.exit(main(sys.argv[1:]))
