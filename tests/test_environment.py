"""The process environment: each setting right, wrong, missing and empty, and no sentence that holds a value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from console.environment import PROJECT, SECRETS, SETTINGS, Environment, Problem, read_environment
from console.settings import database
from jobs_ui.checks import IDS, check_delivery
from jobs_ui.jobs_api import JobsClient

NAMES = SETTINGS
VALID = {
    "EPCC_API_BASE_URL": "https://euwest.api.elasticpath.com",
    "EPCC_CLIENT_ID": "an-id",
    "EPCC_CLIENT_SECRET": "a-secret-of-the-store",
    "DATABASE_URL": "postgresql://console:a-password@db.internal:5432/console",
    "TEST_DATABASE_URL": "postgresql://console:a-password@db.internal:5432/test",
    "CONSOLE_API_BUDGET": "2.5",
    "JOBS_SOURCE": "live",
    "CONSOLE_SECRET_KEY": "k" * 50,
    "CONSOLE_DEBUG": "on",
    "CONSOLE_ALLOWED_HOSTS": "jobs.example.com, .example.org",
    "CONSOLE_CSRF_TRUSTED_ORIGINS": "https://jobs.example.com,https://*.example.org",
    "CONSOLE_HTTPS": "off",
    "DOWNLOAD_MODE": "redirect",
    "CONSOLE_PROXY_COUNT": "2",
    "DOWNLOAD_HOSTS": "files.example.com, *.CDN.example.com,10.0.0.1:8443",
    "CONSOLE_URL": "https://jobs.example.com/",
    "WEBHOOK_HOSTS": "hooks.internal:8080, *.CHAT.internal",
    "EMAIL_HOST": "smtp.example.com",
    "EMAIL_PORT": "2525",
    "EMAIL_HOST_USER": "console",
    "EMAIL_HOST_PASSWORD": "a-password-of-the-mail-server",
    "EMAIL_SECURITY": "tls",
    "DEFAULT_FROM_EMAIL": "Jobs console <jobs@example.com>",
}
WRONG = [
    ("EPCC_API_BASE_URL", "euwest.api.elasticpath.com"),
    ("EPCC_API_BASE_URL", "ftp://euwest.api.elasticpath.com"),
    ("EPCC_API_BASE_URL", "https://"),
    ("EPCC_API_BASE_URL", "https://user:hunter2@api.example.com"),
    ("EPCC_API_BASE_URL", "https://@api.example.com"),
    ("EPCC_API_BASE_URL", "https://api.example.com?key=hunter2"),
    ("EPCC_API_BASE_URL", "https://api.example.com#hunter2"),
    ("EPCC_API_BASE_URL", "https://api.example.com:hunter2"),
    ("EPCC_API_BASE_URL", "https://api.example.com:0"),
    ("EPCC_API_BASE_URL", "https://api example.com"),
    ("EPCC_API_BASE_URL", "https://[hunter2"),
    ("EPCC_CLIENT_ID", "hunter2" * 40),
    ("DATABASE_URL", "hunter2"),
    ("DATABASE_URL", "mysql://root:hunter2@db/console"),
    ("DATABASE_URL", "timescale://root:hunter2@db/console"),
    ("DATABASE_URL", "postgresql://root:hunter2@db:port/console"),
    ("DATABASE_URL", "postgresql://root:hunter2@[db/console"),
    ("DATABASE_URL", "postgresql://root:hunter2@db"),
    ("DATABASE_URL", "sqlite://var/hunter2.sqlite3"),
    ("TEST_DATABASE_URL", "hunter2"),
    *(("CONSOLE_API_BUDGET", value) for value in ("hunter2", "0", "-1", "nan", "inf", "0.01")),
    ("JOBS_SOURCE", "hunter2"),
    ("JOBS_SOURCE", "MIRROR"),
    ("CONSOLE_SECRET_KEY", "hunter2"),
    ("CONSOLE_DEBUG", "hunter2"),
    ("CONSOLE_ALLOWED_HOSTS", "https://hunter2.example.com"),
    ("CONSOLE_ALLOWED_HOSTS", "jobs.example.com:8000"),
    ("CONSOLE_ALLOWED_HOSTS", " , "),
    ("CONSOLE_CSRF_TRUSTED_ORIGINS", "hunter2.example.com"),
    ("CONSOLE_CSRF_TRUSTED_ORIGINS", "https://jobs.example.com/hunter2"),
    ("CONSOLE_HTTPS", "hunter2"),
    ("DOWNLOAD_MODE", "hunter2"),
    ("DOWNLOAD_MODE", "REDIRECT"),
    ("CONSOLE_PROXY_COUNT", "-1"),
    ("CONSOLE_PROXY_COUNT", "one"),
    ("DOWNLOAD_HOSTS", "https://hunter2.example.com"),
    ("DOWNLOAD_HOSTS", "files.example.com/hunter2"),
    ("DOWNLOAD_HOSTS", "files.example.com hunter2.example.com"),
    ("DOWNLOAD_HOSTS", "hunter2@files.example.com"),
    ("DOWNLOAD_HOSTS", "*"),
    ("DOWNLOAD_HOSTS", "*.*.example.com"),
    ("CONSOLE_URL", "jobs.example.com"),
    ("CONSOLE_URL", "ftp://hunter2.example.com"),
    ("CONSOLE_URL", "https://user:hunter2@jobs.example.com"),
    ("CONSOLE_URL", "https://jobs.example.com?key=hunter2"),
    ("CONSOLE_URL", "https://jobs.example.com/<hunter2>"),
    ("CONSOLE_URL", "https://jobs.example.com/hunter2\nBcc"),
    ("CONSOLE_URL", "https://jobs.example.com:hunter2"),
    ("WEBHOOK_HOSTS", "https://hunter2.example.com"),
    ("WEBHOOK_HOSTS", "*"),
    ("EMAIL_HOST", "smtp://hunter2"),
    ("EMAIL_HOST", "hunter2.example.com:25"),
    ("EMAIL_HOST", "hunter2 example.com"),
    *(("EMAIL_PORT", value) for value in ("hunter2", "0", "65536", "-1")),
    ("EMAIL_HOST_USER", "hunter2" * 50),
    ("EMAIL_SECURITY", "none"),
    ("EMAIL_SECURITY", "hunter2"),
    ("EMAIL_SECURITY", "STARTTLS"),
    ("DEFAULT_FROM_EMAIL", "hunter2"),
    ("DEFAULT_FROM_EMAIL", "hunter2@"),
    ("DEFAULT_FROM_EMAIL", "a@example.com, hunter2@example.com"),
    ("DEFAULT_FROM_EMAIL", "a@example.com\nBcc: hunter2@example.com"),
]
# Long enough not to be a part of our own words by chance. The environment cannot hold NUL.
SECRET_VALUES = st.one_of(
    st.text(st.characters(blacklist_characters="\0"), min_size=12, max_size=60),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(
            ["", "https://", "http://", "postgresql://u:", "mysql://", "sqlite://", "https://[", "//", "*."]
        ),
        st.text("abcdefXYZ0189-_%.", min_size=12, max_size=30),
        st.sampled_from(["", "@host/name", "@host:port/x", ":x", "/", "?a=b", "#", ",", "]", " "]),
    ),
)


def sentences(problems: list[Problem]) -> str:
    return "\n".join(f"{problem.name} {problem.reason} {problem.expected}" for problem in problems)


def only_problem(environ: Mapping[str, str]) -> Problem:
    _, problems = read_environment(environ)
    assert len(problems) == 1, problems
    return problems[0]


def test_every_setting_has_a_right_value_that_is_taken() -> None:
    # The file of stores has tests of its own.
    assert set(VALID) == set(NAMES) - {"CONSOLE_STORES_FILE"}, "a setting without a test"
    environment, problems = read_environment(VALID)
    assert problems == []
    assert environment.EPCC_API_BASE_URL == "https://euwest.api.elasticpath.com"
    assert environment.EPCC_CLIENT_ID == "an-id"
    assert environment.EPCC_CLIENT_SECRET is not None
    assert environment.EPCC_CLIENT_SECRET.get_secret_value() == "a-secret-of-the-store"
    assert environment.DATABASE_URL.get_secret_value() == VALID["DATABASE_URL"]
    assert environment.TEST_DATABASE_URL is not None
    assert environment.TEST_DATABASE_URL.get_secret_value() == VALID["TEST_DATABASE_URL"]
    assert environment.CONSOLE_API_BUDGET == 2.5
    assert environment.JOBS_SOURCE == "live"
    assert environment.CONSOLE_SECRET_KEY is not None
    assert environment.CONSOLE_SECRET_KEY.get_secret_value() == "k" * 50
    assert environment.CONSOLE_DEBUG is True
    assert environment.CONSOLE_ALLOWED_HOSTS == ("jobs.example.com", ".example.org")
    assert environment.CONSOLE_CSRF_TRUSTED_ORIGINS == ("https://jobs.example.com", "https://*.example.org")
    assert environment.CONSOLE_HTTPS is False
    assert environment.DOWNLOAD_MODE == "redirect"
    assert environment.CONSOLE_PROXY_COUNT == 2
    assert environment.DOWNLOAD_HOSTS == ("files.example.com", "*.cdn.example.com", "10.0.0.1:8443")
    assert environment.CONSOLE_URL == "https://jobs.example.com"
    assert environment.WEBHOOK_HOSTS == ("hooks.internal:8080", "*.chat.internal")
    assert (environment.EMAIL_HOST, environment.email_port) == ("smtp.example.com", 2525)
    assert environment.EMAIL_HOST_USER == "console"
    assert environment.EMAIL_HOST_PASSWORD is not None
    assert environment.EMAIL_HOST_PASSWORD.get_secret_value() == "a-password-of-the-mail-server"
    assert environment.EMAIL_SECURITY == "tls"
    assert environment.DEFAULT_FROM_EMAIL == "Jobs console <jobs@example.com>"


def check_defaults(environment: Environment) -> None:
    assert environment.EPCC_API_BASE_URL is None
    assert environment.EPCC_CLIENT_ID is None
    assert environment.EPCC_CLIENT_SECRET is None
    assert environment.DATABASE_URL.get_secret_value() == f"sqlite:///{PROJECT}/var/console.sqlite3"
    assert environment.TEST_DATABASE_URL is None
    assert environment.CONSOLE_API_BUDGET == 10
    assert environment.JOBS_SOURCE == "mirror"
    assert environment.CONSOLE_SECRET_KEY is None
    assert environment.CONSOLE_DEBUG is False
    assert environment.CONSOLE_ALLOWED_HOSTS == ("localhost", "127.0.0.1")
    assert environment.CONSOLE_CSRF_TRUSTED_ORIGINS == ()
    assert environment.CONSOLE_HTTPS is None
    assert environment.DOWNLOAD_MODE == "proxy"
    assert environment.CONSOLE_PROXY_COUNT == 0
    assert environment.DOWNLOAD_HOSTS == ()
    assert environment.webhooks == ()
    assert (environment.CONSOLE_URL, environment.WEBHOOK_HOSTS) == ("", ())
    assert (environment.EMAIL_HOST, environment.EMAIL_HOST_USER, environment.DEFAULT_FROM_EMAIL) == ("", "", "")
    assert (environment.EMAIL_HOST_PASSWORD, environment.EMAIL_SECURITY, environment.EMAIL_PORT) == (
        None,
        "starttls",
        None,
    )


def test_nothing_is_needed_to_read_the_settings() -> None:
    environment, problems = read_environment({})
    assert problems == []
    check_defaults(environment)


@pytest.mark.parametrize("nothing", ["", " ", "\t\n"])
def test_a_name_that_is_set_to_nothing_counts_as_not_set(nothing: str) -> None:
    environ = dict.fromkeys((*NAMES, *(f"{name}_FILE" for name in SECRETS)), nothing)
    environment, problems = read_environment(environ)
    assert problems == []
    check_defaults(environment)


def test_names_of_others_are_not_read() -> None:
    environment, problems = read_environment({"PATH": "/bin", "SECRET_KEY": "x", "console_debug": "on"})
    assert problems == []
    check_defaults(environment)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_is_one_sentence_that_names_it_and_says_what_it_should_look_like(name: str, value: str) -> None:
    problem = only_problem({**VALID, name: value})
    assert problem.name == name
    assert problem.expected == Environment.model_fields[name].description
    assert problem.reason.startswith(("is ", "must ", "names ", "holds ", "cannot be read"))
    assert "hunter2" not in sentences([problem])


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_leaves_its_default_and_all_the_others(name: str, value: str) -> None:
    environment, _ = read_environment({**VALID, name: value})
    right, _ = read_environment({key: text for key, text in VALID.items() if key != name})
    assert environment == right


def test_every_wrong_setting_is_said_at_once() -> None:
    wrong = dict(WRONG)
    environment, problems = read_environment(wrong)
    assert {problem.name for problem in problems} == set(wrong)
    assert len(problems) == len(wrong)
    check_defaults(environment)


def test_every_problem_has_an_id_of_its_own() -> None:
    names = {*NAMES, *(f"{name}_FILE" for name in SECRETS)}
    assert set(IDS) == names
    assert len(set(IDS.values())) == len(IDS)


def test_blanks_around_a_value_do_not_count() -> None:
    environment, problems = read_environment({name: f" {value}\n" for name, value in VALID.items()})
    assert problems == []
    assert environment == read_environment(VALID)[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_http_is_allowed_to_this_machine(host: str) -> None:
    environment, problems = read_environment({"EPCC_API_BASE_URL": f"http://{host}:8001/"})
    assert (environment.EPCC_API_BASE_URL, problems) == (f"http://{host}:8001", [])


@pytest.mark.parametrize(
    "host",
    ["api.example.com", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0", "example.com:8001"],  # noqa: S104
)
def test_http_is_refused_to_any_other_machine(host: str) -> None:
    problem = only_problem({"EPCC_API_BASE_URL": f"http://{host}"})
    assert "must be https" in problem.reason


@given(
    st.one_of(
        st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40),
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["https://", "http://127.0.0.1", "HTTPS://", "https:/", "https://a", " https://b"]),
            st.text("aA1.:/@?#[]\\ \t\n-%", max_size=12),
            st.sampled_from(["", "/", ":443", ":0", ":99999"]),
        ),
    )
)
@example("https://api.example.com:0")
@example("https://api example.com")
@example("https://a\\b")
def test_every_address_that_is_accepted_can_be_called(url: str) -> None:
    environment, problems = read_environment({"EPCC_API_BASE_URL": url})
    if environment.EPCC_API_BASE_URL is not None:
        assert problems == []
        JobsClient(base_url=environment.EPCC_API_BASE_URL, client_id="id", client_secret="secret").close()


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_mail_servers_port_is_the_usual_one_of_its_security(security: str, port: int) -> None:
    environment, problems = read_environment({"EMAIL_HOST": "mail.internal", "EMAIL_SECURITY": security})
    assert (environment.email_port, problems) == (port, [])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_password_goes_unencrypted_to_this_machine_alone(host: str) -> None:
    environ = {"EMAIL_HOST": host, "EMAIL_SECURITY": "none", "EMAIL_HOST_PASSWORD": "a-password"}
    environment, problems = read_environment(environ)
    assert (environment.EMAIL_SECURITY, problems) == ("none", [])
    environment, (problem,) = read_environment({**environ, "EMAIL_HOST": "mail.internal"})
    assert problem.name == "EMAIL_SECURITY"
    assert "a password is sent to another machine" in problem.reason
    assert environment.EMAIL_SECURITY == "starttls"


@pytest.mark.parametrize("word", ["on", "true", "1", "yes", "On", "TRUE"])
def test_a_switch_is_on(word: str) -> None:
    assert read_environment({"CONSOLE_DEBUG": word})[0].CONSOLE_DEBUG is True


@pytest.mark.parametrize("word", ["off", "false", "0", "no", "Off"])
def test_a_switch_is_off(word: str) -> None:
    assert read_environment({"CONSOLE_DEBUG": word})[0].CONSOLE_DEBUG is False


@pytest.mark.parametrize(
    ("environ", "https"),
    [
        ({}, True),
        ({"CONSOLE_DEBUG": "on"}, False),
        ({"CONSOLE_HTTPS": "off"}, False),
        ({"CONSOLE_DEBUG": "on", "CONSOLE_HTTPS": "on"}, True),
    ],
)
def test_https_is_on_unless_said_otherwise_or_in_debug(environ: dict[str, str], *, https: bool) -> None:
    assert read_environment(environ)[0].https is https


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_come_in_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{VALID[name]}\n")
    environment, problems = read_environment({f"{name}_FILE": str(path)})
    assert problems == []
    assert getattr(environment, name).get_secret_value() == VALID[name]


def test_what_is_no_secret_does_not_come_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "id"
    path.write_text("an-id")
    environment, _ = read_environment({"EPCC_CLIENT_ID_FILE": str(path)})
    assert environment.EPCC_CLIENT_ID is None


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "content", [None, b"", b" \n", b"\xff\xfe hunter2"], ids=["absent", "empty", "blank", "binary"]
)
def test_a_file_that_holds_no_text_is_a_sentence(name: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "hunter2"
    if content is not None:
        path.write_bytes(content)
    environment, problems = read_environment({f"{name}_FILE": str(path)})
    assert [problem.name for problem in problems] == [f"{name}_FILE"]
    assert problems[0].reason in {"names a file that cannot be read", "names a file that is empty"}
    assert "hunter2" not in sentences(problems)
    check_defaults(environment)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert only_problem({"CONSOLE_SECRET_KEY_FILE": str(tmp_path)}).reason == "names a file that cannot be read"


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_not_set_twice(name: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("another" + VALID[name])
    environment, problems = read_environment({name: VALID[name], f"{name}_FILE": str(path)})
    assert problems == [Problem(f"{name}_FILE", f"is set together with {name}", "only one of the two")]
    assert getattr(environment, name).get_secret_value() == VALID[name]


def test_a_wrong_value_in_a_file_is_said_of_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("hunter2")
    problem = only_problem({"CONSOLE_SECRET_KEY_FILE": str(path)})
    assert (problem.name, problem.reason) == ("CONSOLE_SECRET_KEY", "is too short")


@given(st.sampled_from(NAMES), SECRET_VALUES)
def test_no_sentence_holds_a_value_whatever_name_it_was_put_under(name: str, value: str) -> None:
    environment, problems = read_environment({name: value})
    value = value.strip()
    if len(value) < 12:
        return
    assert value not in sentences(problems)
    assert value not in repr(problems)
    if name.removeprefix("TEST_") in SECRETS or problems:
        for shown in (repr(environment), str(environment), environment.model_dump_json()):
            assert value not in shown


@given(st.text("abcdefXYZ0189", min_size=12, max_size=30))
def test_a_password_within_an_address_is_never_shown(password: str) -> None:
    environ = {
        "EPCC_API_BASE_URL": f"https://user:{password}@api.example.com",
        "DATABASE_URL": f"postgresql://console:{password}@db:port/console",
        "TEST_DATABASE_URL": f"postgresql://console:{password}@db/console",
        "DOWNLOAD_HOSTS": f"user:{password}@files.example.com",
        "CONSOLE_CSRF_TRUSTED_ORIGINS": password,
    }
    environment, problems = read_environment(environ)
    assert len(problems) == 4
    assert password not in sentences(problems)
    assert password not in repr(environment)


def test_the_environment_cannot_be_changed() -> None:
    environment, _ = read_environment({})
    with pytest.raises(ValueError, match="frozen"):
        environment.CONSOLE_DEBUG = True  # type: ignore[misc]


def test_sqlite_is_opened_so_that_readers_and_sync_do_not_stand_in_each_others_way() -> None:
    environment, _ = read_environment({"DATABASE_URL": "sqlite:////srv/console.sqlite3?timeout=9"})
    config = database(environment, usable=True)
    assert (config["ENGINE"], config["NAME"]) == ("django.db.backends.sqlite3", "/srv/console.sqlite3")
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in config["OPTIONS"]["init_command"]
    assert config["OPTIONS"]["timeout"] == 9


def test_postgresql_is_opened_through_a_pool() -> None:
    environment, _ = read_environment(VALID)
    config = database(environment, usable=True)
    assert config["ENGINE"] == "django.db.backends.postgresql"
    assert config["CONN_MAX_AGE"] == 0
    assert config["OPTIONS"]["pool"]["max_size"] > 1


def test_a_refused_database_address_opens_no_database() -> None:
    assert database(read_environment({})[0], usable=False) == {"ENGINE": "django.db.backends.dummy"}


def warnings_of(settings: Settings, environ: Mapping[str, str]) -> list[str | None]:
    settings.ENVIRONMENT, settings.ENVIRONMENT_PROBLEMS = read_environment(environ)
    return [warning.id for warning in check_delivery(None)]


def test_what_keeps_messages_from_being_sent_is_a_warning(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        '[webhooks.safe]\nurl = "https://a.example/hunter2"\n[webhooks.open]\nurl = "http://b.example/hunter2"\n'
    )
    mail = {"EMAIL_HOST": "mail.internal"}
    webhooks = {"CONSOLE_STORES_FILE": str(tmp_path / "a.toml")}
    url = {"CONSOLE_URL": "https://jobs.example.com"}

    assert warnings_of(settings, {}) == []
    assert warnings_of(settings, {**mail, **url}) == ["jobs_ui.W002"]
    assert warnings_of(settings, {**mail, **url, "DEFAULT_FROM_EMAIL": "jobs@example.com"}) == []
    assert warnings_of(settings, {**mail, "DEFAULT_FROM_EMAIL": "jobs@example.com"}) == ["jobs_ui.W003"]
    assert warnings_of(settings, {**webhooks, **url}) == ["jobs_ui.W001"]
    assert "“open”" in check_delivery(None)[0].msg
    assert "hunter2" not in str(check_delivery(None)[0])
    assert warnings_of(settings, {**webhooks, **url, "WEBHOOK_HOSTS": "b.example"}) == []
    # What is wrong has been said already.
    assert warnings_of(settings, {**webhooks, **mail, "CONSOLE_URL": "x", "WEBHOOK_HOSTS": "*"}) == ["jobs_ui.W002"]
