"""The file that names several stores, `CONSOLE_STORES_FILE`: TOML, a table `[stores.<slug>]` for each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MOST_STORES = 50
TEXTS = ("name", "base_url", "client_id")
SECRET, SECRET_FILE = "client_secret", "client_secret_file"


class StoreSettings(BaseModel):
    """One store of the file."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    slug: str
    name: str
    base_url: str
    client_id: str
    client_secret: SecretStr


def read_stores(value: object, check_base_url: Callable[[str], str]) -> object:
    """The stores of the file of that path, in its order; anything that is no path is handed back as it is.

    Raises ValueError with a reason that goes after the setting's name, and that never holds a secret.
    """
    if not isinstance(value, str):
        return value
    path = Path(value)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ValueError("names a file that cannot be read") from None
    except tomllib.TOMLDecodeError:
        raise ValueError("names a file that is not TOML") from None
    tables = content.get("stores")
    if not isinstance(tables, dict) or not tables or len(tables) > MOST_STORES:
        raise ValueError(f"names a file without stores, or with more than {MOST_STORES}")
    return tuple(_store(path.parent, slug, table, check_base_url) for slug, table in tables.items())


def _store(folder: Path, slug: str, table: object, check_base_url: Callable[[str], str]) -> StoreSettings:
    if not SLUG.fullmatch(slug):
        raise ValueError("holds a store whose short name is not made of a to z, 0 to 9 and hyphens")
    if not isinstance(table, dict):
        raise ValueError(f"holds a store “{slug}” that is not a table")  # noqa: TRY004 - pydantic takes ValueErrors
    if unknown := sorted(set(table) - {*TEXTS, SECRET, SECRET_FILE}):
        raise ValueError(f"holds a store “{slug}” with a key that is not known: {unknown[0][:40]}")
    texts = {"name": slug, **table}
    for key in TEXTS:
        if not isinstance(texts.get(key), str) or not texts[key].strip() or len(texts[key]) > 300:
            raise ValueError(f"holds a store “{slug}” without a usable {key}")
    try:
        base_url = check_base_url(texts["base_url"].strip())
    except ValueError as error:
        raise ValueError(f"holds a store “{slug}” whose base_url {error}") from None
    return StoreSettings(
        slug=slug,
        name=texts["name"].strip(),
        base_url=base_url,
        client_id=texts["client_id"].strip(),
        client_secret=_secret(folder, slug, table),
    )


def _secret(folder: Path, slug: str, table: dict[str, object]) -> SecretStr:
    """The secret itself, or what its file holds; a relative path is taken from the folder of the stores' file."""
    given, file = table.get(SECRET), table.get(SECRET_FILE)
    if (given is None) == (file is None):
        raise ValueError(f"holds a store “{slug}” that needs one of {SECRET} and {SECRET_FILE}")
    if isinstance(file, str):
        try:
            given = (folder / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError, ValueError):
            raise ValueError(f"holds a store “{slug}” whose {SECRET_FILE} cannot be read") from None
    if not isinstance(given, str) or not given:
        raise ValueError(f"holds a store “{slug}” without a usable secret")
    return SecretStr(given)
