"""The TOML file of `CONSOLE_STORES_FILE`: how its tables, texts and secrets are read, whatever they are about.

Every ValueError holds a reason that goes after the setting's name, and no value.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
KINDS = ("stores", "webhooks")
MOST = 50
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Table:
    """One table `[<kinds>.<slug>]`. `what` names it in a sentence; `folder` is the file's own."""

    what: str
    slug: str
    values: Mapping[str, object]
    folder: Path

    def text(self, key: str, default: str = "") -> str:
        """A short text that is there. Raises ValueError."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
            raise ValueError(f"holds {self.what} without a usable {key}")
        return value.strip()

    def secret(self, key: str) -> SecretStr | None:
        """The secret itself, or what the file under `<key>_file` holds; a relative path is taken from the folder.

        None where neither is there. Raises ValueError.
        """
        given, file = self.values.get(key), self.values.get(f"{key}_file")
        if given is None and file is None:
            return None
        if given is not None and file is not None:
            raise ValueError(f"holds {self.what} that needs one of {key} and {key}_file")
        if isinstance(file, str):
            try:
                given = (self.folder / file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError, ValueError):
                raise ValueError(f"holds {self.what} whose {key}_file cannot be read") from None
        if not isinstance(given, str) or not given:
            raise ValueError(f"holds {self.what} without a usable {key}")
        return SecretStr(given)

    def needed_secret(self, key: str) -> SecretStr:
        """The same where there has to be one."""
        secret = self.secret(key)
        if secret is None:
            raise ValueError(f"holds {self.what} that needs one of {key} and {key}_file")
        return secret


def read_tables(path: Path, kind: str, thing: str, keys: frozenset[str]) -> tuple[Table, ...]:
    """The tables `[<kind>.<slug>]` of the file, in its order; none where it has no such kind. Raises ValueError.

    `thing` is what one is called in a sentence, `keys` are those that are known.
    """
    content = _content(path)
    if kind not in content:
        return ()
    tables = content[kind]
    if not isinstance(tables, dict) or not tables or len(tables) > MOST:
        raise ValueError(f"names a file without {kind}, or with more than {MOST}")
    return tuple(_table(path.parent, thing, slug, table, keys) for slug, table in tables.items())


def _content(path: Path) -> dict[str, object]:
    try:
        content: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ValueError("names a file that cannot be read") from None
    except tomllib.TOMLDecodeError:
        raise ValueError("names a file that is not TOML") from None
    if unknown := sorted(set(content) - set(KINDS)):
        raise ValueError(f"holds a table that is not known: {unknown[0][:40]}")
    if not content:
        raise ValueError("names a file without stores, and without webhooks")
    return content


def _table(folder: Path, thing: str, slug: str, table: object, keys: frozenset[str]) -> Table:
    if not SLUG.fullmatch(slug):
        raise ValueError(f"holds a {thing} whose short name is not made of a to z, 0 to 9 and hyphens")
    what = f"a {thing} “{slug}”"
    if not isinstance(table, dict):
        raise ValueError(f"holds {what} that is not a table")  # noqa: TRY004 - pydantic takes ValueErrors
    if unknown := sorted(set(table) - keys):
        raise ValueError(f"holds {what} with a key that is not known: {unknown[0][:40]}")
    return Table(what, slug, table, folder)
