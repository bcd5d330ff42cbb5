"""Django's settings, made from the typed `Environment`. Nothing here reads the process environment itself."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF

from console.environment import PROJECT, Environment, read_environment

BASE_DIR = PROJECT
# Where the default database, the collected static files and other things that are not in the repository go.
with suppress(OSError):  # a checkout that is read-only keeps them elsewhere
    (BASE_DIR / "var").mkdir(exist_ok=True)
ENVIRONMENT, ENVIRONMENT_PROBLEMS = read_environment()

DEBUG = ENVIRONMENT.CONSOLE_DEBUG
# A command such as `migrate` needs no key that outlives it. Serving does: jobs_ui.checks refuses to serve without one,
# because sessions would end at each restart and differ between workers.
SECRET_KEY = (
    ENVIRONMENT.CONSOLE_SECRET_KEY.get_secret_value()
    if ENVIRONMENT.CONSOLE_SECRET_KEY
    else "django-insecure-debug-only" + "-" * 24
    if DEBUG
    else secrets.token_urlsafe(50)
)
ALLOWED_HOSTS = list(ENVIRONMENT.CONSOLE_ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = list(ENVIRONMENT.CONSOLE_CSRF_TRUSTED_ORIGINS)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "template_partials",
    "jobs_ui",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "jobs_ui.middleware.PagesGZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "jobs_ui.middleware.ZoneMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jobs_ui.middleware.StaffOnlyMiddleware",
]

ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # Both wrap Django's own tags, see there.
            "libraries": {"i18n": "jobs_ui.templatetags.quick_i18n"},
            "builtins": ["jobs_ui.templatetags.quick"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


# That a library takes the name of Django's is meant.
SILENCED_SYSTEM_CHECKS = ["templates.W003"]


def database(environment: Environment, *, usable: bool) -> dict[str, Any]:  # Any: Django's own type for DATABASES
    """Django's configuration of the mirror's database; an unusable backend where the address was refused."""
    if not usable:
        return {"ENGINE": "django.db.backends.dummy"}
    config: dict[str, Any] = dict(dj_database_url.parse(environment.DATABASE_URL.get_secret_value()))
    if config["ENGINE"].endswith("sqlite3"):
        # A thread keeps its connection: to open the file and read its schema takes longer than most pages' queries.
        # Not for ever, so that a file which was put in its place is noticed.
        config["CONN_MAX_AGE"] = 60
        config["OPTIONS"] = {
            # Readers go on while sync writes; a writer that meets another waits up to 5 s, then the page says so.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            **config.get("OPTIONS", {}),
        }
    else:
        # A pool, because a new connection costs more than a page; it needs CONN_MAX_AGE 0. As many as a worker of
        # gunicorn.conf.py has threads: with fewer, pages would wait for each other.
        config["CONN_MAX_AGE"] = 0
        config["OPTIONS"] = {
            "pool": {"min_size": 1, "max_size": 32, "timeout": 5},
            "connect_timeout": 5,
            **config.get("OPTIONS", {}),
        }
    return config


DATABASES = {
    "default": database(ENVIRONMENT, usable=not any(p.name.startswith("DATABASE_URL") for p in ENVIRONMENT_PROBLEMS))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CSRF_FAILURE_VIEW = "jobs_ui.views.problems.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "job_list"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = int(timedelta(days=365).total_seconds())
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = ENVIRONMENT.https
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "var" / "static"
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENVIRONMENT.https
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SECURE_SSL_REDIRECT = ENVIRONMENT.https
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if ENVIRONMENT.https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

EMAIL_BACKEND = "jobs_ui.notifications.smtp.Backend"
EMAIL_HOST = ENVIRONMENT.EMAIL_HOST
EMAIL_PORT = ENVIRONMENT.email_port
EMAIL_HOST_USER = ENVIRONMENT.EMAIL_HOST_USER
EMAIL_HOST_PASSWORD = ENVIRONMENT.EMAIL_HOST_PASSWORD.get_secret_value() if ENVIRONMENT.EMAIL_HOST_PASSWORD else ""
EMAIL_USE_TLS = ENVIRONMENT.EMAIL_SECURITY == "starttls"
EMAIL_USE_SSL = ENVIRONMENT.EMAIL_SECURITY == "tls"
EMAIL_TIMEOUT = 10  # seconds to connect, and to wait for the next byte
DEFAULT_FROM_EMAIL = ENVIRONMENT.DEFAULT_FROM_EMAIL

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # Its debug lines, and its warning of headers that it cannot read, hold whole addresses: those of files are
        # signed.
        "urllib3": {"level": "ERROR"},
    },
}
