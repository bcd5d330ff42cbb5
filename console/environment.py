"""The one place that reads the process environment.

`read_environment()` gives a typed, frozen `Environment` and a list of `Problem`s. A setting that is wrong does not
stop the import of the settings: its default takes its place (an unusable one for the database) and the problem is
reported by a system check, so that every command, and gunicorn, shows the same readable sentence instead of a
traceback. No sentence ever holds a value: it may be a secret that was put under the wrong name.

pydantic-settings was not taken: it has no `NAME_FILE`, stops at the import, and the ten lines that it would save are
the ones that choose the words of a problem.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from email.utils import formataddr, getaddresses
from math import isfinite
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

import dj_database_url
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from console.stores_file import StoreSettings, read_stores
from console.webhooks_file import WebhookSettings, read_webhooks

PROJECT = Path(__file__).resolve().parent.parent
SECRETS = ("EPCC_CLIENT_SECRET", "CONSOLE_SECRET_KEY", "DATABASE_URL", "EMAIL_HOST_PASSWORD")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
_HOST = r"(?:[\w-][\w.-]*|\[[0-9A-Fa-f:.]+\])"
ALLOWED_HOST = re.compile(rf"\*|\.?{_HOST}")
ORIGIN = re.compile(rf"https?://(?:\*\.)?{_HOST}(?::\d{{1,5}})?")
TRUSTED_HOST = re.compile(rf"(?:\*\.)?{_HOST}(?::\d{{1,5}})?")


class Problem(NamedTuple):
    """A setting that cannot be used: its name, what is wrong with it, and what it should look like."""

    name: str
    reason: str
    expected: str


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _base_url(value: str) -> str:
    """An https address without path parameters; http only to this machine, since the client secret goes there."""
    value = _address(value)
    parts = urlsplit(value)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https, because the client secret is sent there (http only to this machine)")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or re.search(r"[\s\\]", value) or parts.port == 0:
        raise ValueError("is not an http(s) address")
    if re.search("[@?#]", value):
        raise ValueError("must not hold a user, a password, a query or a fragment")
    return value.rstrip("/")


def _database_url(value: SecretStr) -> SecretStr:
    try:
        parsed = dj_database_url.parse(value.get_secret_value())
    except ValueError:
        # The library's sentence repeats the address, password included.
        raise ValueError("is not a database address") from None
    if parsed["ENGINE"] not in ENGINES:
        raise ValueError("names a database that the console does not support")
    is_sqlite = parsed["ENGINE"] == ENGINES[0]
    if is_sqlite and parsed.get("HOST"):
        # With two slashes the first folder of a path is taken for a host, and a file elsewhere is opened.
        raise ValueError("names a host, which a file has not: three slashes come before a path")
    if not is_sqlite and not (parsed.get("NAME") or "service" in parsed.get("OPTIONS", {})):
        raise ValueError("names no database on its server")
    return value


def _secret_key(value: SecretStr) -> SecretStr:
    # Encoding refuses what is no text: the environment can hold any bytes.
    if len(value.get_secret_value().encode()) < 32:
        raise ValueError("is too short")
    return value


def _budget(value: float) -> float:
    # Below one in ten seconds not even the walk that finds new jobs would fit into a call's deadline.
    if not (isfinite(value) and value >= 0.1):
        raise ValueError("is not a number of requests a second, 0.1 or more")
    return value


def _allowed_hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("holds no host")
    if not all(map(ALLOWED_HOST.fullmatch, values)):
        raise ValueError("holds something that is not a host name")
    return values


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    # Django's own check of this setting repeats the value.
    if not all(map(ORIGIN.fullmatch, values)):
        raise ValueError("holds something that is not an origin, with its scheme and without a path")
    return values


def _trusted_hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    if not all(map(TRUSTED_HOST.fullmatch, values)):
        raise ValueError("holds something that is not a host")
    return tuple(value.lower() for value in values)


def _link_address(value: str) -> str:
    # It stands in every message: what would end the link early, or look like one to somewhere else, is no part of it.
    if not re.fullmatch(r"[!-~]{1,300}", value) or re.search(r"[<>\"'|`()*]", value):
        raise ValueError("is not an http(s) address")
    return _address(value)


def _mail_host(value: str) -> str:
    if not re.fullmatch(_HOST, value):
        raise ValueError("is not a host name")
    return value.strip("[]")


def _sender(value: str) -> str:
    addresses = getaddresses([value])
    name, address = addresses[0] if len(addresses) == 1 else ("", "")
    if not re.fullmatch(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}", address, re.ASCII) or not value.isprintable():
        raise ValueError("is not an address of e-mail")
    return formataddr((name, address))


CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_comma_separated)]


class Environment(BaseModel):
    """Every setting of the console. A field's description says what its value should look like."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    EPCC_API_BASE_URL: Annotated[str, AfterValidator(_base_url)] | None = Field(
        default=None, description="the store's API, such as https://euwest.api.elasticpath.com"
    )
    EPCC_CLIENT_ID: str | None = Field(
        default=None, max_length=200, description="the client id of an application key of the store"
    )
    EPCC_CLIENT_SECRET: SecretStr | None = Field(
        default=None, description="the client secret that belongs to the client id"
    )
    CONSOLE_STORES_FILE: Annotated[
        tuple[StoreSettings, ...], BeforeValidator(lambda value: read_stores(value, _base_url))
    ] = Field(
        default=(),
        description="the path of a TOML file with a table [stores.<slug>] for each store: name, base_url, client_id, "
        "and client_secret or client_secret_file; and a table [webhooks.<slug>] for each webhook: name, form, url or "
        "url_file, secret or secret_file",
    )
    webhooks: Annotated[tuple[WebhookSettings, ...], BeforeValidator(read_webhooks)] = ()
    """The other half of CONSOLE_STORES_FILE: not a setting of its own, see `SETTINGS`."""
    CONSOLE_API_BUDGET: Annotated[float, AfterValidator(_budget)] = Field(
        default=10.0, description="a number of requests a second, such as 10"
    )
    DATABASE_URL: Annotated[SecretStr, AfterValidator(_database_url)] = Field(
        default=SecretStr(f"sqlite:///{PROJECT}/var/console.sqlite3"),
        description="sqlite:////srv/console.sqlite3 or postgresql://user:password@host:5432/name",
    )
    TEST_DATABASE_URL: Annotated[SecretStr, AfterValidator(_database_url)] | None = Field(
        default=None, description="postgresql://user:password@host:5432/name, on which the tests run as well"
    )
    JOBS_SOURCE: Literal["mirror", "live"] = Field(default="mirror", description="mirror or live")
    CONSOLE_SECRET_KEY: Annotated[SecretStr, AfterValidator(_secret_key)] | None = Field(
        default=None, description="a random text of 50 characters (32 at least) that only this console knows"
    )
    CONSOLE_DEBUG: bool = Field(default=False, description="on or off")
    CONSOLE_ALLOWED_HOSTS: Annotated[CommaSeparated, AfterValidator(_allowed_hosts)] = Field(
        default=("localhost", "127.0.0.1"), description="host names separated by commas, such as jobs.example.com"
    )
    CONSOLE_CSRF_TRUSTED_ORIGINS: Annotated[CommaSeparated, AfterValidator(_origins)] = Field(
        default=(), description="origins separated by commas, such as https://jobs.example.com"
    )
    CONSOLE_HTTPS: bool | None = Field(default=None, description="on or off")
    CONSOLE_PROXY_COUNT: int = Field(default=0, ge=0, le=10, description="a number of proxies, such as 1")
    DOWNLOAD_MODE: Literal["proxy", "redirect"] = Field(default="proxy", description="proxy or redirect")
    DOWNLOAD_HOSTS: Annotated[CommaSeparated, AfterValidator(_trusted_hosts)] = Field(
        default=(), description="hosts separated by commas: host, host:port or *.host"
    )
    CONSOLE_URL: Annotated[str, AfterValidator(_link_address)] = Field(
        default="", description="the address that people open the console at, such as https://jobs.example.com"
    )
    WEBHOOK_HOSTS: Annotated[CommaSeparated, AfterValidator(_trusted_hosts)] = Field(
        default=(), description="hosts separated by commas: host, host:port or *.host"
    )
    EMAIL_HOST: Annotated[str, AfterValidator(_mail_host)] = Field(
        default="", description="the host name of a mail server (SMTP), such as smtp.example.com"
    )
    EMAIL_PORT: int | None = Field(default=None, ge=1, le=65_535, description="a port, such as 587")
    EMAIL_HOST_USER: str = Field(default="", max_length=300, description="the user at the mail server")
    EMAIL_HOST_PASSWORD: SecretStr | None = Field(
        default=None, description="the password that belongs to the user at the mail server"
    )
    EMAIL_SECURITY: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="starttls or tls; none only without a password, or to this machine"
    )
    DEFAULT_FROM_EMAIL: Annotated[str, AfterValidator(_sender)] = Field(
        default="", description="the sender of e-mail, such as jobs@example.com or Jobs <jobs@example.com>"
    )

    @property
    def email_port(self) -> int:
        """The mail server's port: the usual one of its security, unless said otherwise."""
        return self.EMAIL_PORT or {"starttls": 587, "tls": 465, "none": 25}[self.EMAIL_SECURITY]

    @property
    def https(self) -> bool:
        """Whether browsers reach the console over https: on, unless said otherwise or in debug."""
        return not self.CONSOLE_DEBUG if self.CONSOLE_HTTPS is None else self.CONSOLE_HTTPS


SETTINGS = tuple(name for name in Environment.model_fields if name.isupper())
"""The names that are read from the environment."""


def read_environment(environ: Mapping[str, str] | None = None) -> tuple[Environment, list[Problem]]:
    """The settings in `environ` (the process's by default) and what is wrong with them.

    A name that is set to nothing counts as not set, and blanks around a value do not count. Each name in `SECRETS` may
    come as `NAME_FILE`, a path, instead.
    """
    environ = os.environ if environ is None else environ
    problems: list[Problem] = []
    values = {name: value for name in SETTINGS if (value := environ.get(name, "").strip())}
    for name in SECRETS:
        if path := environ.get(f"{name}_FILE", "").strip():
            if name in values:
                problems.append(Problem(f"{name}_FILE", f"is set together with {name}", "only one of the two"))
                continue
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                problems.append(Problem(f"{name}_FILE", "names a file that cannot be read", "the path of a text file"))
                continue
            if not values[name]:
                del values[name]
                problems.append(Problem(f"{name}_FILE", "names a file that is empty", "the path of a text file"))
    if "CONSOLE_STORES_FILE" in values:
        values["webhooks"] = values["CONSOLE_STORES_FILE"]
    environment, wrong = _validated(values)
    if _sends_password_in_the_open(environment):
        environment = environment.model_copy(update={"EMAIL_SECURITY": "starttls"})
        wrong["EMAIL_SECURITY"] = "must not be none where a password is sent to another machine"
    # Either half of the file may be wrong, or both for the same reason.
    if reason := wrong.pop("webhooks", ""):
        wrong.setdefault("CONSOLE_STORES_FILE", reason)
    for name, reason in wrong.items():
        problems.append(Problem(name, reason, Environment.model_fields[name].description or ""))
    return environment, problems


def _validated(values: Mapping[str, str]) -> tuple[Environment, dict[str, str]]:
    """The settings, each that is wrong left at its default, and what is wrong with those."""
    try:
        return Environment.model_validate(values), {}
    except ValidationError as error:
        wrong = {str(item["loc"][0]): item["msg"] for item in error.errors(include_input=False, include_url=False)}
    for name, message in wrong.items():
        wrong[name] = message.removeprefix("Value error, ")
        if not wrong[name].startswith(("is ", "must ", "names ", "holds ")):
            wrong[name] = "cannot be read"
    return Environment.model_validate({k: v for k, v in values.items() if k not in wrong}), wrong


def _sends_password_in_the_open(environment: Environment) -> bool:
    is_here = environment.EMAIL_HOST in LOOPBACK
    return environment.EMAIL_SECURITY == "none" and environment.EMAIL_HOST_PASSWORD is not None and not is_here
