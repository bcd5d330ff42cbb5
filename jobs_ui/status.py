"""What the console knows of the API's statuses and types. A value that it does not know has a place here, too.

Jobs API: `pending` → `started` → `success` or `failed`; `pending` → `cancelled`. An unknown status is shown as it is
and treated as not final; new types appear without notice.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

PENDING, STARTED, SUCCESS, FAILED, CANCELLED = "pending", "started", "success", "failed", "cancelled"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A status: the API's name, our word, the icon's id in icons.svg, and whether the job can still change."""

    name: str
    word: str | Promise
    icon: str
    is_final: bool

    @property
    def label(self) -> str:
        """Our word for it in the reader's language."""
        return str(self.word)


@dataclass(frozen=True, slots=True)
class JobType:
    """A type: the API's name, our words, and the other names under which the API has sent it."""

    name: str
    words: str | Promise
    aliases: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Our words for it in the reader's language."""
        return str(self.words)


STATUSES = {
    status.name: status
    for status in (
        JobStatus(PENDING, pgettext_lazy("status", "Pending"), "pending", is_final=False),
        JobStatus(STARTED, pgettext_lazy("status", "Running"), "started", is_final=False),
        JobStatus(SUCCESS, pgettext_lazy("status", "Succeeded"), "success", is_final=True),
        JobStatus(FAILED, pgettext_lazy("status", "Failed"), "failed", is_final=True),
        JobStatus(CANCELLED, pgettext_lazy("status", "Cancelled"), "cancelled", is_final=True),
    )
}
FINAL_STATUSES = frozenset(status.name for status in STATUSES.values() if status.is_final)

TYPES = {
    job_type.name: job_type
    for job_type in (
        JobType("product-import", _("Product import"), ("product_import",)),
        JobType("product-export", _("Product export"), ("product_export",)),
        JobType("price-import", _("Price import"), ("pricebook-import", "price_import")),
        JobType("hierarchy-duplicate", _("Hierarchy copy"), ("hierarchy_duplicate",)),
        JobType("child-products", _("Child products"), ("child_products",)),
    )
}
_TYPES_BY_ANY_NAME = {name: t for t in TYPES.values() for name in (t.name, *t.aliases)}


def job_status(name: str) -> JobStatus:
    """The status of that name; an unknown one under its own name, not final."""
    return STATUSES.get(name) or JobStatus(name, name, "unknown", is_final=False)


def job_type(name: str) -> JobType:
    """The type that the API sent under that name; an unknown one under its own name."""
    return _TYPES_BY_ANY_NAME.get(name) or JobType(name, name)


def names_of_type(name: str) -> tuple[str, ...]:
    """Every name under which jobs of that type may be stored."""
    known = job_type(name)
    return (known.name, *known.aliases)


def is_final(status: str) -> bool:
    """Whether a job of that status can no longer change."""
    return status in FINAL_STATUSES


def can_carry_messages(kind: str, status: str) -> bool:
    """Whether a job of that type and status is worth being asked for its messages, though nobody wished it.

    Jobs API: a price import that succeeds can carry notices.
    """
    return status == FAILED or (status == SUCCESS and job_type(kind).name == "price-import")
