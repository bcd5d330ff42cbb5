"""`manage.py sandbox`: the simulated Jobs API, for the demo and for trying things out."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs_ui.sandbox.cli import add_arguments, serve


class Command(BaseCommand):
    """Needs no store, no credentials and no database."""

    help = "Serve a simulated Jobs API on 127.0.0.1 (client id sandbox, client secret sandbox)."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the options of `python -m jobs_ui.sandbox`."""
        add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Serve until it is told to end."""
        status = serve(argparse.Namespace(**options))
        if status:
            sys.exit(status)
