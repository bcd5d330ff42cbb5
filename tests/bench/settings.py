"""The console's settings as in production, with Django's admin beside it, to compare with."""

from console.settings import *  # noqa: F403 - Django's settings are module names
from console.settings import BASE_DIR, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]
ROOT_URLCONF = "tests.bench.urls"
STATIC_ROOT = BASE_DIR / "var" / "bench" / "static"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING = {"version": 1, "disable_existing_loggers": False}
