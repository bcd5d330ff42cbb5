"""The stores of `CONSOLE_STORES_FILE`: a table `[stores.<slug>]` for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from console.settings_file import Table, read_tables

KEYS = frozenset({"name", "base_url", "client_id", "client_secret", "client_secret_file"})


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
    return tuple(_store(table, check_base_url) for table in read_tables(Path(value), "stores", "store", KEYS))


def _store(table: Table, check_base_url: Callable[[str], str]) -> StoreSettings:
    name, base_url, client_id = table.text("name", table.slug), table.text("base_url"), table.text("client_id")
    try:
        base_url = check_base_url(base_url)
    except ValueError as error:
        raise ValueError(f"holds {table.what} whose base_url {error}") from None
    return StoreSettings(
        slug=table.slug,
        name=name,
        base_url=base_url,
        client_id=client_id,
        client_secret=table.needed_secret("client_secret"),
    )
