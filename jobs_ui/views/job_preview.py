"""The first rows of a part, so that nobody has to download it to see whether it is the right one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs_ui.downloads import make_preview, read_beginning
from jobs_ui.presentation.previews import preview_table
from jobs_ui.views.export_parts import ExportParts, one_of_few
from jobs_ui.views.job_files import explained
from jobs_ui.views.rendering import render_page


@require_safe
@one_of_few
def job_preview(request: HttpRequest, job_id: str, number: int) -> HttpResponseBase:
    """`/jobs/<id>/files/<n>/preview/` (from 1): a table of the first rows, read from the part's beginning alone."""
    return explained(request, job_id, number, lambda parts: _page(request, parts, number))


def _page(request: HttpRequest, parts: ExportParts, number: int) -> HttpResponse:
    beginning = read_beginning(lambda wanted: parts.open(number, wanted))
    others = [other for other in (number - 1, number + 1) if 1 <= other <= parts.count]
    context = {
        "job": parts.job,
        "number": number,
        "count": parts.count,
        "file_url": reverse("job_file", args=[parts.job.job_id, number]),
        "others": [(other, reverse("job_preview", args=[parts.job.job_id, other])) for other in others],
        "table": preview_table(make_preview(beginning), beginning),
    }
    response = render_page(request, "job_preview", context)
    response["Cache-Control"] = "private, no-store"
    return response
