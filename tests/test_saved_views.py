"""Saved views: named, chosen, one of them first; and always a plain link that anybody can follow."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from jobs_ui.models import SavedView
from jobs_ui.saved_views import LONGEST_NAME, MOST_VIEWS
from tests.conftest import PASSWORD
from tests.test_job_list import HOSTILE, HTMX, Page, check_nothing_was_injected, get, mirror, shown, sync_state
from tests.test_job_list_reader import ENGLISH, GERMAN

pytestmark = pytest.mark.usefixtures("sandbox")
URL = "/jobs/views/"
FAILED = "status=failed&type=price-import"


def save(client: Client, name: str, query: str = FAILED, **form: str) -> Page:
    """The page that saving leads to: the list under that very query."""
    answer = client.post(URL, {"name": name, "query": query} | form)
    assert answer.status_code == 302, Page(answer).text
    return get(client, answer["Location"].removeprefix("/jobs/"))


def refused(client: Client, name: str, query: str = FAILED) -> str:
    answer = client.post(URL, {"name": name, "query": query})
    assert answer.status_code == 400
    page = Page(answer)
    check_nothing_was_injected(page)
    assert "The view is not saved" in page.text
    assert not SavedView.objects.exists()
    return page.text


def act(client: Client, verb: str, name: str, /, **form: str) -> Page:
    view = SavedView.objects.get(name=name)
    answer = client.post(f"{URL}{view.pk}/{verb}/", form)
    assert (answer.status_code, answer["Location"]) == (302, URL)
    return Page(client.get(URL))


def menu(page: Page) -> dict[str, str]:
    """The views that the list offers, by their address: whether it is the one that is shown."""
    return {link["href"]: link.get("aria-current", "") for link in page.all("a") if link.get("class") == "file"}


def test_what_is_shown_is_saved_under_a_name_and_is_then_one_of_the_views(staff_client: Client) -> None:
    sync_state()
    page = get(staff_client, f"?{FAILED}")
    (query,) = [field["value"] for field in page.all("input") if field.get("name") == "query"]
    assert query == FAILED
    page = save(staff_client, "  Failed   prices ", query)
    assert "Saved as “Failed prices”." in page.text
    assert menu(page) == {f"/jobs/?{FAILED}": "page"}
    assert "Failed prices▾" in page.text
    assert menu(get(staff_client)) == {f"/jobs/?{FAILED}": ""}
    assert "Views▾" in get(staff_client).text


def test_an_order_alone_is_a_view_too(staff_client: Client) -> None:
    assert menu(save(staff_client, "Slow", "sort=-run")) == {"/jobs/?sort=-run": "page"}


def test_a_place_in_the_list_is_no_part_of_a_view(staff_client: Client) -> None:
    mirror(120)
    save(staff_client, "Succeeded", "status=success")
    older = get(staff_client, str(get(staff_client, "?status=success").link("next")).removeprefix("/jobs/"))
    assert menu(older) == {"/jobs/?status=success": "page"}


def test_whoever_gets_the_link_sees_the_same_and_may_save_it_under_a_name_of_their_own(staff_client: Client) -> None:
    save(staff_client, "Failed prices")
    assert "Save this view" not in get(staff_client, f"?{FAILED}").text
    other = Client()
    other.force_login(User.objects.create_user("otto", is_staff=True))
    page = get(other, f"?{FAILED}")
    assert menu(page) == {}
    assert "Failed prices" not in page.text
    assert page.text.count("Save this view") == 2
    save(other, "Ottos")
    assert [view.name for view in SavedView.objects.filter(user__username="otto")] == ["Ottos"]


def test_all_jobs_need_no_view(staff_client: Client) -> None:
    assert "Save this view" not in get(staff_client).text
    assert "None yet." in get(staff_client).text
    assert "Choose a filter or an order first" in refused(staff_client, "All", "")
    assert "Choose a filter or an order first" in refused(staff_client, "All", "sort=-created&q=")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("page=2", "not a filter of the list"),
        ("status=failed&before=abc", "not a filter of the list"),
        ("https://evil.example/?status=failed", "not a filter of the list"),
        ("sort=price", "cannot be sorted in that way"),
        ("status=failed&created_from=yesterday", "The date created_from could not be read"),
        ("status=" + "x" * 300, "Part of the filter by status could not be read"),
        ("status=%00", "Part of the filter by status could not be read"),
        ("q=" + "x" * 5000, "too long to be saved"),
        ("&".join(["q=x"] * 1200), "too long to be saved"),
    ],
    ids=["unknown", "place", "site", "sort", "date", "long", "nul", "longer", "fields"],
)
def test_what_the_list_would_not_show_is_not_saved_and_why_is_said(
    query: str, sentence: str, staff_client: Client
) -> None:
    assert sentence in refused(staff_client, "View", query)


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST_NAME + 1), "a\0b", "a\u202eb"], ids=repr)
def test_a_name_that_is_none_is_refused(name: str, staff_client: Client) -> None:
    assert "name" in refused(staff_client, name)


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_names_and_searches_are_text(words: str, staff_client: Client) -> None:
    name = "".join(filter(str.isprintable, words))[:LONGEST_NAME]
    page = save(staff_client, name, urlencode({"q": words[:200]}))
    check_nothing_was_injected(page)
    assert shown(name) in page.text
    page = Page(staff_client.get(URL))
    check_nothing_was_injected(page)
    assert shown(name) in page.text


def test_a_name_that_is_in_use_goes_to_what_is_shown_now(staff_client: Client) -> None:
    save(staff_client, "Mine")
    page = save(staff_client, "Mine", "type=price-import")
    assert "“Mine” shows this list from now on." in page.text
    assert menu(page) == {"/jobs/?type=price-import": "page"}


def test_there_is_an_end_to_views(staff_client: Client, staff: User) -> None:
    SavedView.objects.bulk_create(
        SavedView(user=staff, name=f"v{number}", query=FAILED) for number in range(MOST_VIEWS)
    )
    answer = staff_client.post(URL, {"name": "one more", "query": FAILED})
    assert (answer.status_code, SavedView.objects.count()) == (400, MOST_VIEWS)
    assert "You have 50 views, and no more fit." in Page(answer).text
    save(staff_client, "v7", "sort=created")
    assert SavedView.objects.get(name="v7").query == "sort=created"


def test_the_default_opens_with_the_console_and_never_in_the_place_of_an_address(
    staff_client: Client, staff: User
) -> None:
    save(staff_client, "Failed prices", default="on")
    save(staff_client, "Slow", "sort=-run")
    assert staff_client.get("/")["Location"] == f"/jobs/?{FAILED}"
    mirror(1)
    assert get(staff_client).ids == ["job-0"]
    assert staff_client.get("/jobs/").status_code == 200
    login = {"username": "mara", "password": PASSWORD}
    assert Client().post("/login/", login)["Location"] == f"/jobs/?{FAILED}"
    assert Client().post("/login/", login | {"next": "/jobs/"})["Location"] == "/jobs/"
    # There is one default.
    assert "opens with the console" in act(staff_client, "default", "Slow").text
    assert staff_client.get("/")["Location"] == "/jobs/?sort=-run"
    assert SavedView.objects.filter(is_default=True).count() == 1
    assert "opens with the console" not in act(staff_client, "default", "Slow", off="").text
    assert staff_client.get("/")["Location"] == "/jobs/"


def test_a_view_is_renamed_and_removed(staff_client: Client) -> None:
    save(staff_client, "Failed prices")
    save(staff_client, "Slow", "sort=-run")
    page = act(staff_client, "rename", "Slow", name=" Slowest ")
    assert "Slowest Longest run first" in page.text
    assert "Failed, of type Price import" in page.text
    for name in ("Failed prices", "", "a\0b"):
        answer = staff_client.post(f"{URL}{SavedView.objects.get(name='Slowest').pk}/rename/", {"name": name})
        assert answer.status_code == 400
        assert "The view is not saved" in Page(answer).text
    assert "The view “Slowest” is removed." in act(staff_client, "remove", "Slowest").text
    assert "No views yet" in act(staff_client, "remove", "Failed prices").text


@pytest.mark.parametrize("verb", ["rename", "default", "remove"])
def test_the_views_of_others_are_out_of_reach(verb: str, staff_client: Client) -> None:
    view = SavedView.objects.create(user=User.objects.create_user("otto"), name="Ottos", query=FAILED)
    for number in (view.pk, view.pk + 1, 10**30):
        assert staff_client.post(f"{URL}{number}/{verb}/", {"name": "x"}).status_code == 404
    assert staff_client.get(f"{URL}{view.pk}/{verb}/").status_code == 405
    view.refresh_from_db()
    assert (view.name, view.is_default) == ("Ottos", False)
    assert "Ottos" not in Page(staff_client.get(URL)).text
    assert staff_client.get("/")["Location"] == "/jobs/"


def test_views_cost_one_query_a_page_and_none_a_refresh(
    staff_client: Client, staff: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    SavedView.objects.bulk_create(
        SavedView(user=staff, name=f"v{number}", query=FAILED) for number in range(MOST_VIEWS)
    )
    for headers in ({}, HTMX):
        with django_assert_num_queries(4 if headers else 6) as asked:
            get(staff_client, f"?{FAILED}", **headers)
        assert sum("savedview" in query["sql"] for query in asked) == (0 if headers else 1)


def test_views_are_german_for_a_german(staff_client: Client) -> None:
    sync_state()
    save(staff_client, "Preise", default="on")
    for address in (URL, "/jobs/?sort=-run"):
        page = Page(staff_client.get(address, headers=GERMAN))
        assert "Gesicherte Ansichten" in page.text
        assert ENGLISH.findall(page.text) == []
    assert "Längste Laufzeit zuerst" in page.text
    answer = staff_client.post(URL, {"name": "", "query": ""}, headers=GERMAN)
    assert "Die Ansicht braucht einen Namen." in Page(answer).text
