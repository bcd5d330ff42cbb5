"""The mirror as a source: the database answers, and the API is asked only on somebody's wish."""

from jobs_ui.sources.mirror.source import MirrorSource

__all__ = ["MirrorSource"]
