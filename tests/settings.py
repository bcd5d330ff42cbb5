"""The console's settings for the tests: the same whatever the environment says, but for the database to run on."""

from typing import Any

from pydantic import SecretStr

from console.environment import Environment
from console.settings import *  # noqa: F403 - Django's settings are module names
from console.settings import BASE_DIR, ENVIRONMENT, database

_on_postgresql = ENVIRONMENT.TEST_DATABASE_URL
ENVIRONMENT_PROBLEMS = []
ENVIRONMENT = Environment(
    # Nothing listens on port 1: a test that needs an API says so, and names the sandbox's address.
    EPCC_API_BASE_URL="http://127.0.0.1:1",
    EPCC_CLIENT_ID="sandbox",
    EPCC_CLIENT_SECRET=SecretStr("sandbox"),
    CONSOLE_SECRET_KEY=SecretStr("only-for-tests-only-for-tests-only-for-tests"),
    CONSOLE_HTTPS=False,
    # No limit: what a budget does is seen in the tests about it.
    CONSOLE_API_BUDGET=100_000,
    DATABASE_URL=_on_postgresql or SecretStr(f"sqlite:///{BASE_DIR}/var/unused.sqlite3"),
)
DEBUG = False
SECRET_KEY = "only-for-tests-only-for-tests-only-for-tests"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 0
EMAIL_HOST = EMAIL_HOST_USER = EMAIL_HOST_PASSWORD = DEFAULT_FROM_EMAIL = ""
EMAIL_USE_TLS = EMAIL_USE_SSL = False

_database: dict[str, Any] = database(ENVIRONMENT, usable=True)  # Any: Django's own type for DATABASES
if not _on_postgresql:
    # A file, not memory: WAL, locks and several connections are part of what is tested.
    _database["TEST"] = {"NAME": str(BASE_DIR / "var" / "test.sqlite3")}
DATABASES = {"default": _database}

STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATIC_ROOT = BASE_DIR / "static"  # not collected: WhiteNoise warns of a folder that is not there
WHITENOISE_USE_FINDERS = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
