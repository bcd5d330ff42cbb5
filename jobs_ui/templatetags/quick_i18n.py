"""Django's own tags of translation, under the same name; `translate` remembers what it says in each language.

A page has sixty fixed texts, and Django looks each up, and escapes it, every time that it is shown: a fifth of the time
that a job's page takes. What is fixed in a template is the same for all readers of a language.
"""

from __future__ import annotations

from django.template import Library, Node
from django.template.base import Parser, Token
from django.template.context import Context
from django.templatetags import i18n
from django.utils.translation import get_language

register = Library()
register.tags |= i18n.register.tags
register.filters |= i18n.register.filters


class RememberedTranslation(Node):
    """A text that is fixed in the template, as it is said in each language that it has been asked for in."""

    def __init__(self, node: i18n.TranslateNode) -> None:
        self._node = node
        self._said: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        """The text in the active language."""
        language = get_language()
        said = self._said.get(language)
        if said is None:
            said = self._said[language] = self._node.render(context)
        return said


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> Node:
    """See Django's `translate`. What holds a variable, or goes into one, is left to it."""
    node = i18n.do_translate(parser, token)
    # Django makes a variable of a fixed text, one that looks nothing up.
    is_fixed = node.filter_expression.var.lookups is None and not node.filter_expression.filters
    return RememberedTranslation(node) if is_fixed and node.asvar is None and node.message_context is None else node
