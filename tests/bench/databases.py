"""Where the jobs go: a file for each size, and a database of PostgreSQL for each, made and dropped by the bench."""

# ruff: noqa: S608 - SQL put together from names of our own; values are parameters.
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from console.environment import PROJECT, Environment

FOLDER = PROJECT / "var" / "bench"
PREFIX = "console_bench"


class Database(Protocol):
    """A kind of database. `name` is its name in the table and in `bench.json`."""

    name: str

    def create(self, jobs: int, *, keep: bool) -> str:
        """Makes an empty one for so many jobs, or with `keep` takes the one that is there; its address."""

    def drop(self, jobs: int) -> None:
        """Removes it."""


class Sqlite:
    """A file under `var/bench`."""

    name = "sqlite"

    def create(self, jobs: int, *, keep: bool) -> str:
        """See Database."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        if not keep:
            self.drop(jobs)
        return f"sqlite:///{self._path(jobs)}"

    def drop(self, jobs: int) -> None:
        """See Database."""
        for end in ("", "-wal", "-shm"):
            Path(f"{self._path(jobs)}{end}").unlink(missing_ok=True)

    def _path(self, jobs: int) -> Path:
        return FOLDER / f"{jobs}.sqlite3"


class Postgresql:
    """Databases of their own on the server of `TEST_DATABASE_URL`; its role must be allowed to create them."""

    name = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url
        with self._server() as execute:
            execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")

    def create(self, jobs: int, *, keep: bool) -> str:
        """See Database."""
        name = f"{PREFIX}_{jobs}"
        if not keep:
            self.drop(jobs)
        with self._server() as execute:
            if not execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
                execute(f"CREATE DATABASE {name}")
        parts = urlsplit(self._url)
        return urlunsplit(parts._replace(path=f"/{name}"))

    def drop(self, jobs: int) -> None:
        """See Database."""
        with self._server() as execute:
            execute(f"DROP DATABASE IF EXISTS {PREFIX}_{jobs} WITH (FORCE)")

    @contextmanager
    def _server(self) -> Iterator[Callable[[str], object]]:
        import psycopg

        with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:

            def execute(statement: str) -> object:
                cursor = connection.execute(statement.encode())
                return cursor.fetchone() if cursor.description else None

            yield execute


def databases(environment: Environment, say: Callable[[str], None]) -> list[Database]:
    """SQLite, and PostgreSQL where it can be had; `say` is told why not."""
    found: list[Database] = [Sqlite()]
    if environment.TEST_DATABASE_URL is None:
        say("PostgreSQL is left out: set TEST_DATABASE_URL=postgresql://user:password@host:5432/name to measure it.")
        return found
    import psycopg

    try:
        found.append(Postgresql(environment.TEST_DATABASE_URL.get_secret_value()))
    except psycopg.Error as error:
        # The text of the error may hold the address.
        say(f"PostgreSQL is left out: TEST_DATABASE_URL cannot be reached ({type(error).__name__}).")
    return found
