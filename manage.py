#!/usr/bin/env python
"""Django's command line for the Jobs console."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        # A sentence, not a traceback. The text names hosts, files or tables, never a password.
        sys.exit(f"The database cannot be used, check DATABASE_URL: {error}".strip())


if __name__ == "__main__":
    main()
