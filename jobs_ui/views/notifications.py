"""Being told: the jobs that somebody watches, the rules, and the log of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from jobs_ui.models import LongQueue, Notification, NotificationRule
from jobs_ui.notification_forms import EMAIL, RuleForm
from jobs_ui.notifications import emails
from jobs_ui.notifications.targets import USE_WEBHOOKS, configured_targets
from jobs_ui.presentation.notification_rows import rule_rows, sent_rows, watch_rows
from jobs_ui.sources import get_source
from jobs_ui.views.job_cancel import GROUP
from jobs_ui.views.job_watch import MOST_WATCHED, ask_for_ends, watched
from jobs_ui.views.rendering import person, render_page, utc_now, wants_fragment

MOST_RULES = 50
MOST_SENT = 50


@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: HttpRequest) -> HttpResponse:
    """`/notifications/`; a POST adds a rule. htmx gets the log alone."""
    source, now = get_source(), utc_now()
    stores, form = source.stores(), None
    if request.method == "POST":
        form = _form(request, request.POST)
        if form.is_valid():
            return _added(request, form)
    targets = {target.slug: target.name for target in configured_targets().values()}
    context = _log(request, targets) | {"capabilities": source.capabilities}
    if not wants_fragment(request):
        # What goes to webhooks is everybody's: others read it anyway.
        mine = Q(user=person(request)) | ~Q(webhook="")
        rules = NotificationRule.objects.filter(mine).select_related("user").order_by("id")
        names = {store.slug: store.name for store in stores}
        watches = watched(person(request), now).select_related("job").defer("job__raw", "job__filter")
        context |= {
            "form": form or _form(request),
            "rules": rule_rows(rules, targets, names, person(request).pk),
            "watches": watch_rows(watches.order_by("-id")[:MOST_WATCHED], names if len(names) > 1 else {}),
            "email": person(request).email,
            "sends_email": emails.is_configured(),
            "targets": targets,
            "may_use_webhooks": request.user.has_perm(USE_WEBHOOKS),
            "operators": GROUP,
            "has_address": bool(settings.ENVIRONMENT.CONSOLE_URL),
        }
        if context["watches"]:
            ask_for_ends(request)
    status = 400 if form is not None else 200
    return render_page(request, "notifications", context, status=status, fragment="sent")


def _log(request: HttpRequest, targets: Mapping[str, str]) -> dict[str, object]:
    """A page of what was sent: the newest, or what comes before the number `before`."""
    before = request.GET.get("before", "")
    sent = Notification.objects.order_by("-id")
    if is_older := before.isascii() and before.isdigit() and len(before) < 19:
        sent = sent.filter(pk__lt=int(before))
    # Each from its own index: for both at once databases walk the whole log of those who have little in it.
    parts = (Q(user=person(request)), ~Q(webhook=""))
    found = {row.pk: row for part in parts for row in sent.filter(part)[: MOST_SENT + 1]}
    rows = sorted(found.values(), key=lambda row: row.pk, reverse=True)[: MOST_SENT + 1]
    path = reverse("notifications")
    return {
        "sent": sent_rows(rows[:MOST_SENT], targets, utc_now()),
        "is_older": is_older,
        "page_words": "",
        "previous_url": f"{path}#sent" if is_older else "",
        "next_url": f"{path}?before={rows[MOST_SENT - 1].pk}#sent" if len(rows) > MOST_SENT else "",
    }


@require_POST
def rule_test(request: HttpRequest, number: int) -> HttpResponse:
    """`POST /notifications/rules/<n>/test/`: a message that says that it is a test, sent as the real ones are."""
    rule, now = _rule(request, number), utc_now()
    if Notification.objects.filter(rule=rule, kind=Notification.TEST, state=Notification.WAITING).exists():
        messages.info(request, _("A test is on its way already: what became of it stands below."))
        return redirect("notifications")
    Notification.objects.create(
        occasion=f"rule:{rule.pk}:test:{token_hex(8)}",
        kind=Notification.TEST,
        user_id=rule.user_id,
        username=rule.user.get_username(),
        rule=rule,
        webhook=rule.webhook,
        title="Test from the Jobs console",
        lines=[f"{request.user.get_username()} asked for this test. Nothing has happened to any job."],
        facts={"test": True},
        path=reverse("notifications"),
        created_at=now,
        due_at=now,
    )
    messages.info(request, _("The test is on its way: what became of it stands below."))
    return redirect("notifications")


@require_POST
def rule_pause(request: HttpRequest, number: int) -> HttpResponse:
    """`POST /notifications/rules/<n>/pause/`: what happens until it is resumed, or still waits, is not told."""
    rule = _rule(request, number)
    NotificationRule.objects.filter(pk=rule.pk).update(is_on=False)
    _take_back(rule, gettext_noop("The rule was paused."))
    return redirect("notifications")


@require_POST
def rule_resume(request: HttpRequest, number: int) -> HttpResponse:
    """`POST /notifications/rules/<n>/resume/`: tells of what happens from now on."""
    rule = _rule(request, number)
    LongQueue.objects.filter(rule=rule).delete()
    NotificationRule.objects.filter(pk=rule.pk).update(is_on=True, since=utc_now())
    return redirect("notifications")


@require_POST
def rule_remove(request: HttpRequest, number: int) -> HttpResponse:
    """`POST /notifications/rules/<n>/remove/`: what was sent stays in the log; what still waits is not sent."""
    rule = _rule(request, number)
    _take_back(rule, gettext_noop("The rule was removed."))
    rule.delete()
    messages.info(request, _("The rule is removed."))
    return redirect("notifications")


def _take_back(rule: NotificationRule, reason: str) -> None:
    waiting = Notification.objects.filter(rule=rule, state=Notification.WAITING)
    waiting.update(state=Notification.FAILED, outcome=reason)


def _rule(request: HttpRequest, number: int) -> NotificationRule:
    """The reader's own rule of that number. Raises Http404 for any other."""
    rules = NotificationRule.objects.select_related("user").filter(user=person(request))
    return get_object_or_404(rules, pk=min(number, 2**63 - 1))


def _form(request: HttpRequest, data: object = None) -> RuleForm:
    source = get_source()
    channels = []
    if emails.is_configured() and (address := person(request).email):
        channels.append((EMAIL, _("my e-mail, %(address)s") % {"address": address}))
    if request.user.has_perm(USE_WEBHOOKS):
        channels += [(f"webhook:{target.slug}", target.name) for target in configured_targets().values()]
    return RuleForm(data, channels=channels, stores=source.stores(), types=source.seen()[0])


def _added(request: HttpRequest, form: RuleForm) -> HttpResponse:
    values, now = form.cleaned_data, utc_now()
    mine = NotificationRule.objects.filter(user=person(request))
    chosen = {
        "kind": values["kind"],
        "store": values["store"],
        "type": values["type"],
        "longest": values["longest"] if values["kind"] == NotificationRule.QUEUE else 0,
        "webhook": "" if values["to"] == EMAIL else values["to"].removeprefix("webhook:"),
    }
    if mine.filter(**chosen).exists():
        messages.info(request, _("You have this rule already."))
    elif mine.count() >= MOST_RULES:
        sentence = _("You have %(count)s rules, and no more fit. Remove one first.")
        messages.error(request, sentence % {"count": MOST_RULES})
    else:
        NotificationRule.objects.create(user=person(request), created_at=now, since=now, **chosen)
        messages.info(request, _("The rule is added. Send a test to see that it arrives."))
    return redirect("notifications")
