"""Writing down who did what to which job: each cancel, download and refresh, with what came of it."""

from __future__ import annotations

import logging
from ipaddress import ip_address

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest

from jobs_ui.jobs_api.text import clean_line
from jobs_ui.models import AuditEntry
from jobs_ui.sync.clocks import utc_now

logger = logging.getLogger(__name__)


def note(
    request: HttpRequest,
    action: str,
    job_id: str,
    outcome: str,
    *,
    succeeded: bool,
    store: str = "",
    detail: str = "",
    request_id: str = "",
) -> None:
    """Writes an entry. `action` is one of AuditEntry's; `outcome` one plain sentence or word, without anything secret.

    Where the database does not take it the log does: what was done is done, and its page must still be shown.
    """
    entry = AuditEntry(
        at=utc_now(),
        user_id=request.user.pk,
        username=request.user.get_username()[:150],
        address=client_address(request),
        action=action,
        store=store,
        job_id=clean_line(job_id, 255),
        detail=clean_line(detail, 255),
        outcome=clean_line(outcome, 255),
        succeeded=succeeded,
        request_id=clean_line(request_id, 255),
    )
    try:
        entry.save()
    except (DatabaseError, InterfaceError) as error:
        logger.error("An audit entry could not be stored (%s): %s from %s", error, entry, entry.address)  # noqa: TRY400 - the error is in the line, its traceback tells no more


def client_address(request: HttpRequest) -> str:
    """Where the request comes from: the address that the outermost of our own CONSOLE_PROXY_COUNT proxies saw.

    Each proxy appends the address it was called from to X-Forwarded-For; what stands further left is the client's word.
    """
    text = request.META.get("REMOTE_ADDR", "")
    count = settings.ENVIRONMENT.CONSOLE_PROXY_COUNT
    if count:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        text = hops[-count] if len(hops) >= count else ""
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
