"""Django's `url`, remembered where it says the same each time: a page's frame alone has ten such addresses."""

from __future__ import annotations

from django.template import Library, Node
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.urls import get_script_prefix

register = Library()


class RememberedURL(Node):
    """The address of a page without parameters, under each prefix that the console was reached at."""

    def __init__(self, node: URLNode) -> None:
        self._node = node
        self._said: dict[str, str] = {}

    def render(self, context: Context) -> str:
        """The address."""
        prefix = get_script_prefix()
        said = self._said.get(prefix)
        if said is None:
            said = self._said[prefix] = self._node.render(context)
        return said


@register.tag("url")
def url(parser: Parser, token: Token) -> Node:
    """See Django's `url`. What has parameters, or goes into a variable, is left to it."""
    node = django_url(parser, token)
    is_fixed = isinstance(node.view_name.var, str) and not (node.args or node.kwargs or node.asvar)
    return RememberedURL(node) if is_fixed else node
