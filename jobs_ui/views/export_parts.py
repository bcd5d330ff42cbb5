"""An export whose parts are opened one after the other, each by a link that was read for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from jobs_ui.downloads import (
    SLOTS,
    CannotDownload,
    MergedFile,
    OpenFile,
    Slot,
    WantedRange,
    ZippedParts,
    direct_address,
    open_link,
)
from jobs_ui.jobs_api import SignedLink
from jobs_ui.sources import get_source
from jobs_ui.sources.base import JobRecord
from jobs_ui.views.csv_files import name_of
from jobs_ui.views.file_problems import too_many_downloads
from jobs_ui.views.rendering import release_connection, utc_now

# Seconds for which one reading of the job may serve several openings. Links may live as briefly as twice that.
FRESH = 1.0

P = ParamSpec("P")


class ExportParts:
    """The parts of an export, as the API lists them now.

    `job` and `count`, the number of parts, are of the first reading. `known`: the number of parts that there were
    according to the source before. Raises JobNotFound and CannotAsk.
    """

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        source = get_source()
        # Only a source that keeps jobs knows what they were before they are read again.
        self.known = len(source.get_job(job_id).files or ()) if source.capabilities.refresh else 0
        self.job = self._read()
        self.count = len(self._links)

    def _read(self) -> JobRecord:
        source = get_source()
        job, self._links = source.file_links(self._job_id)
        self._clock_offset = source.freshness(utc_now()).clock_offset
        self._read_at, self._is_used = time.monotonic(), False
        # A download takes as long as it takes; a page must not wait meanwhile for the connection that it held.
        release_connection()
        return job

    def _now(self) -> datetime:
        return utc_now() + self._clock_offset

    def _link(self, number: int, *, may_share: bool) -> SignedLink:
        if self._is_used and not (may_share and time.monotonic() - self._read_at < FRESH):
            self._read()
        self._is_used = True
        # A list that has changed is another export: what came before does not belong to what would come now.
        if len(self._links) != self.count or not 1 <= number <= self.count:
            raise CannotDownload("gone", part=number)
        return self._links[number - 1]

    def open(self, number: int, wanted: WantedRange | None = None, *, may_share: bool = False) -> OpenFile:
        """The part (from 1), opened with a link that nobody has used before.

        `may_share`: the link may be of a reading that is younger than `FRESH`. Raises CannotDownload, and what reading
        the job again raises.
        """
        link = self._link(number, may_share=may_share)
        hosts = settings.ENVIRONMENT.DOWNLOAD_HOSTS
        try:
            return open_link(link, hosts=hosts, now=self._now(), wanted=wanted)
        except CannotDownload as error:
            error.part = number
            raise

    def address(self, number: int) -> str:
        """The address of the part (from 1), for a browser that is sent there. Raises CannotDownload."""
        link = self._link(number, may_share=False)
        return direct_address(link, hosts=settings.ENVIRONMENT.DOWNLOAD_HOSTS, now=self._now())

    def name(self, ending: str) -> str:
        """`product-export_2026-11-23` and the ending."""
        return name_of(self.job, ending)

    def part_name(self, number: int) -> str:
        """`product-export_2026-11-23_part-1.csv`."""
        return self.name(f"_part-{number}.csv")


class _Held:
    """A stream that gives its slot back when it ends, breaks, is closed, or was never begun."""

    def __init__(self, response: StreamingHttpResponse, slot: Slot) -> None:
        self._pieces = iter(response)
        self._slot = slot

    def __iter__(self) -> _Held:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:
            self._slot.release()
            raise

    def close(self) -> None:
        self._slot.release()


def one_of_few(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """The view in one of the process's slots for downloads, taken before anybody is asked; 503 where none is free."""

    @wraps(view)
    def in_a_slot(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        slot = SLOTS.take()
        if slot is None:
            return too_many_downloads(request)
        try:
            response = view(request, *args, **kwargs)
        except BaseException:
            slot.release()
            raise
        if isinstance(response, StreamingHttpResponse) and request.method != "HEAD":
            response.streaming_content = _Held(response, slot)
        else:
            slot.release()
        return response

    return in_a_slot


def attachment(
    request: HttpRequest,
    stream: OpenFile | ZippedParts | MergedFile,
    name: str,
    content_type: str,
    *,
    status: int = 200,
) -> HttpResponseBase:
    """The stream as a file to save; for HEAD, what its headers would be."""
    if request.method == "HEAD":
        stream.close()
        # Streamed, although there is nothing to stream: Django would otherwise say that the file has no bytes.
        response = StreamingHttpResponse(iter(()), status=status)
    else:
        response = StreamingHttpResponse(stream, status=status)
    response["Content-Type"] = content_type
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
