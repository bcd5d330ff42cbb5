"""The index behind the search by words: trigrams of `JobText.text`, by what the database has for it.

SQLite: an FTS5 table over the rows of `JobText`, kept by triggers. It knows which rows hold three letters in a row,
not where (`detail=none`): a tenth of the size, and whoever asks looks at the few rows again anyway. PostgreSQL: a GIN
index of pg_trgm. `CREATE EXTENSION` needs a right that the console's role may not have: then the search by words is
off until the database's administrator has run it, and `migrate` after that makes the index.
"""

from __future__ import annotations

import logging
import unicodedata
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

INDEX = "jobs_ui_jobtext_trigrams"
DBA = "CREATE EXTENSION pg_trgm"

_SQLITE = (
    (
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {INDEX} USING fts5("
        "text, content='jobs_ui_jobtext', content_rowid='id', tokenize='trigram', detail='none')"
    ),
    (
        f"CREATE TRIGGER IF NOT EXISTS {INDEX}_insert AFTER INSERT ON jobs_ui_jobtext BEGIN "
        f"INSERT INTO {INDEX}(rowid, text) VALUES (new.id, new.text); END"
    ),
    (
        f"CREATE TRIGGER IF NOT EXISTS {INDEX}_delete AFTER DELETE ON jobs_ui_jobtext BEGIN "
        f"INSERT INTO {INDEX}({INDEX}, rowid, text) VALUES ('delete', old.id, old.text); END"
    ),
    (
        f"CREATE TRIGGER IF NOT EXISTS {INDEX}_update AFTER UPDATE OF text ON jobs_ui_jobtext BEGIN "
        f"INSERT INTO {INDEX}({INDEX}, rowid, text) VALUES ('delete', old.id, old.text); "
        f"INSERT INTO {INDEX}(rowid, text) VALUES (new.id, new.text); END"
    ),
)
_POSTGRESQL = f"CREATE INDEX IF NOT EXISTS {INDEX} ON jobs_ui_jobtext USING gin (text gin_trgm_ops)"


def folded(text: str) -> str:
    """The text as it is compared: the same letters in another case, or composed otherwise, are the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def ensure(database: BaseDatabaseWrapper = connection) -> bool:
    """Makes the index where it is missing; False where the database does not let us."""
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            for statement in _SQLITE:
                cursor.execute(statement)
            return True
        try:
            with transaction.atomic(using=database.alias):
                cursor.execute(f"{DBA.replace('EXTENSION', 'EXTENSION IF NOT EXISTS')}")
        except DatabaseError:
            logger.warning("The search by words is off: have a superuser of this database run “%s”, then migrate.", DBA)
            return False
        cursor.execute(_POSTGRESQL)
    return True


def exists() -> bool:
    """Whether the index is there: one look-up in the database's catalogue."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [INDEX])
        else:
            cursor.execute("SELECT 1 FROM pg_class WHERE relname = %s", [INDEX])
        return cursor.fetchone() is not None


def after_migrate(using: str, **kwargs: Any) -> None:  # Any: the signature of Django's signal
    """Django's `post_migrate`."""
    from django.db import connections

    ensure(connections[using])
