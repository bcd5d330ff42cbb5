"""The source that pages read from, as the settings say."""

from __future__ import annotations

from django.conf import settings

from jobs_ui.sources.base import JobSource
from jobs_ui.sources.live import LiveSource
from jobs_ui.sources.mirror import MirrorSource
from jobs_ui.stores import configured_stores


def get_source() -> JobSource:
    """The configured source: `JOBS_SOURCE` is `mirror` or `live`."""
    stores = configured_stores()
    return LiveSource(stores) if settings.ENVIRONMENT.JOBS_SOURCE == "live" else MirrorSource(stores)
