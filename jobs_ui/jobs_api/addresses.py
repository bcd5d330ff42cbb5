"""What may be the address of an API, and what may be an id in its paths."""

from __future__ import annotations

from urllib.parse import urlsplit

from .text import SHORT


def checked_base_url(url: str) -> str:
    """Return the API's address, tidied. Raises ValueError where it is none."""
    explanation = (
        "the base URL of the API must look like https://euwest.api.elasticpath.com, without user, query or fragment"
    )
    try:
        parts = urlsplit(url.strip())
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(explanation) from None
    if not whole or parts.query or parts.fragment or "@" in parts.netloc or any(c.isspace() for c in url.strip()):
        raise ValueError(explanation)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def can_be_id(job_id: str) -> bool:
    """Tell whether a text may stand for a job in the path of a URL."""
    # "." and ".." would be taken out of the path, which then is another endpoint's.
    if not job_id.strip() or job_id in (".", "..") or len(job_id) > SHORT:
        return False
    try:
        job_id.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
