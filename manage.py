#!/usr/bin/env python
"""Runs the sample project, on an embedded PostgreSQL unless DATABASE_URL names a database."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_project.settings")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.exit("error: Django is not installed here: run `make demo`, then .venv/bin/python")
    from sample_project.database_url import DatabaseUrlError
    from sample_project.postgres import ServerError

    try:
        execute_from_command_line(sys.argv)
    except (DatabaseUrlError, ServerError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
