"""What a form asks for ↔ a rule about what somebody wants to be told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_lazy

from jobs_ui.models import NotificationRule
from jobs_ui.presentation.numbers import whole
from jobs_ui.sources.base import StoreName
from jobs_ui.status import TYPES, job_type

EMAIL = "email"
MOST_WAITING = 9_999


def _too_many() -> str:
    return gettext("The number of waiting jobs can be %(count)s at most.") % {"count": whole(MOST_WAITING)}


class RuleForm(forms.Form):
    """A new rule. `channels`: what it may be sent to, as value and words; `types`: those besides the known ones."""

    use_required_attribute = False

    kind = forms.ChoiceField(label=gettext_lazy("Tell of"), choices=NotificationRule.KINDS)
    longest = forms.IntegerField(
        label=gettext_lazy("More jobs wait than"),
        required=False,
        min_value=0,
        max_value=MOST_WAITING,
        error_messages={
            "invalid": gettext_lazy("Give the number of waiting jobs as a whole number, such as 10."),
            "min_value": gettext_lazy("The number of waiting jobs cannot be less than 0."),
            "max_value": lazy(_too_many, str)(),
        },
    )
    type = forms.ChoiceField(label=gettext_lazy("Type"), required=False)
    store = forms.ChoiceField(label=gettext_lazy("Store"), required=False)
    to = forms.ChoiceField(label=gettext_lazy("Send to"))

    # Any: Django's own signature.
    def __init__(
        self,
        *args: Any,
        channels: Sequence[tuple[str, str]],
        stores: Sequence[StoreName],
        types: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        known = dict.fromkeys([*TYPES, *types])
        self._choose("type", [("", gettext("All types")), *((name, job_type(name).label) for name in known)])
        self._choose("store", [("", gettext("All stores")), *((store.slug, store.name) for store in stores)])
        self._choose("to", channels)
        for name in ("kind", "type", "store", "to"):
            self.fields[name].error_messages["invalid_choice"] = gettext("Choose one of what is offered.")

    def clean(self) -> dict[str, Any]:  # Any: Django's own signature
        """Refuses a rule about queues that does not say how long is too long."""
        values: dict[str, Any] = super().clean() or {}
        is_queue = values.get("kind") == NotificationRule.QUEUE
        if is_queue and values.get("longest") is None and "longest" not in self.errors:
            self.add_error("longest", gettext("Say how many waiting jobs are still fine, such as 10."))
        return values

    def _choose(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows a type of Django's
        field.choices = choices
