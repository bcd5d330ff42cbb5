"""The messages that Elastic Path's documentation explains: what each means for whoever has to change the file.

To add one: its words in lower case as they stand in the message, one sentence that says what to change (who shows it
translates it), what its values are called (one of those that `presentation.error_rows` can count), and, where a value
stands in the message without quotation marks, patterns of the message with `…` in the place of each value.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

HOLE = "…"


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """`words` are found in the message in any case; `values` is a plural. A pattern begins with words."""

    words: str
    hint: str
    values: str = ""
    patterns: tuple[str, ...] = ()


# Elastic Path's documents give the messages, and not always what to do about them: a hint says no more than the message
# itself makes plain.
KNOWN_MESSAGES = (
    KnownMessage(
        "must be unique amongst products",
        _("Another product has this SKU already. Give the row a SKU of its own, or take it out."),
        "SKUs",
        ("data.attributes.sku: … Must be unique amongst products", "Must be unique amongst products. (…)"),
    ),
    KnownMessage(
        "missing required csv header",
        _("The file has no column of this name. Add it to the first row, spelt exactly so, and import the file again."),
        "columns",
        ("missing required csv header: …",),
    ),
    KnownMessage(
        "must be url compatible",
        _(
            "A slug becomes part of an address. Take spaces and dots out of it, or, for child products, out of the "
            "names of the options that it is made from."
        ),
        "slugs",
        ("slug … must be URL compatible", "must be URL compatible. (…)"),
    ),
    KnownMessage(
        "error processing gzip file",
        _("The file could not be read as gzip. Compress it again, check that it opens, and upload it once more."),
    ),
    KnownMessage(
        "invalid json provided",
        _(
            "What is given for this object is no JSON that can be read. Check its brackets and quotes: inside a CSV "
            "cell each quotation mark is doubled."
        ),
        "objects",
    ),
    KnownMessage(
        "in imported price books",
        _("The file names this price book more than once. Keep one entry for each id."),
        "price books",
    ),
    KnownMessage(
        "missing sku for price",
        _("This price has no SKU, so it belongs to no product. Fill in the SKU, or take the row out."),
    ),
    KnownMessage(
        "price book id not found",
        _("The store has no price book of this id. Create it first, or correct the id in the file."),
        "price books",
        ("price book id not found: …",),
    ),
    KnownMessage(
        "duplicate external ref",
        _("This external reference is used more than once. Keep one product for each reference."),
        "references",
        ("duplicate external ref found: …",),
    ),
    KnownMessage(
        "matched price with",
        _("This price was not found, so nothing was applied for it. Check both ids: price book first, then price."),
        "ids",
        ("matched price with … - … not found",),
    ),
)


def known_message(message: str) -> KnownMessage | None:
    """What is known of the message, or of its shape; None where the documentation does not explain it."""
    lowered = message.lower()
    return next((known for known in KNOWN_MESSAGES if known.words in lowered), None)
