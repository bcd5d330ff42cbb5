"""The shape of a message: what is the same in all rows, and what each row has of its own."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs_ui.insights.error_groups import MOST_GROUPS, MOST_SLOTS, OTHERS, Grouping
from jobs_ui.insights.known_messages import KNOWN_MESSAGES, known_message
from jobs_ui.insights.shapes import LAST_SLOT, MOST_SHAPE, ROW_SLOT, shape_of

UUID = "8e7f1a66-0cb9-4d5c-8b5f-2b0f0a1c2d3e"
MESSAGES = {
    "data.attributes.sku: Must be unique amongst products.": (
        "data.attributes.sku: Must be unique amongst products.",
        [],
    ),
    "missing required csv header: name": ("missing required csv header: …", ["name"]),
    "slug must be URL compatible.": ("slug must be URL compatible.", []),
    "error processing gzip file": ("error processing gzip file", []),
    "error processing object 'LAMP-1' invalid json provided": (
        "error processing object '…' invalid json provided",
        ["LAMP-1"],
    ),
    "error processing object '' invalid json provided": ("error processing object '…' invalid json provided", [""]),
    f"duplicate price book Id '{UUID}' in imported price books": (
        "duplicate price book Id '…' in imported price books",
        [UUID],
    ),
    "missing sku for price": ("missing sku for price", []),
    f"price book id not found: {UUID}": ("price book id not found: …", [UUID]),
    "price book id not found: standard": ("price book id not found: …", ["standard"]),
    "duplicate external ref found": ("duplicate external ref found", []),
    "duplicate external ref found: ERP-22": ("duplicate external ref found: …", ["ERP-22"]),
    "matched price with pricebook_id - price_id not found": (
        "matched price with … - … not found",
        ["pricebook_id", "price_id"],
    ),
    "row 12: data.attributes.sku: Must be unique amongst products. (LAMP-00012)": (
        "row …: data.attributes.sku: Must be unique amongst products. (…)",
        ["12", "LAMP-00012"],
    ),
    "row 3: slug must be URL compatible. (red & blue-33)": (
        "row …: slug must be URL compatible. (…)",
        ["3", "red & blue-33"],
    ),
    "slug summer dress/red must be URL compatible.": ("slug … must be URL compatible.", ["summer dress/red"]),
    "data.attributes.sku: TEE-RED Must be unique amongst products.": (
        "data.attributes.sku: … Must be unique amongst products.",
        ["TEE-RED"],
    ),
    "data.attributes.prices.0.amount: must be greater than -5": (
        "data.attributes.prices.….amount: must be greater than …",
        ["0", "-5"],
    ),
    "rows 1, 2 and 3 are empty": ("rows … are empty", ["1", "2", "3"]),
    "can't read row 5: it's bad": ("can't read row …: it's bad", ["5"]),
    "object 'O'Neill' is bad": ("object '…' is bad", ["O'Neill"]),
    'column "price" of “Sofa” is bad': ('column "…" of “…” is bad', ["price", "Sofa"]),
    "at 2024-01-05T13:46:42Z by a@b.example": ("at … by …", ["2024-01-05T13:46:42Z", "a@b.example"]),
    "see https://x.example/a?b=1 for more": ("see … for more", ["https://x.example/a?b=1"]),
    "SKU BÜRO-ROT and JSON": ("SKU … and JSON", ["BÜRO-ROT"]),
    "must be one of (physical, digital)": ("must be one of (physical, digital)", []),
    "  two \n lines\tand  blanks ": ("two lines and blanks", []),
    "": ("", []),
}
# Texts that a backtracking reader of quadratic time would take hours for.
TEDIOUS = ["' ", "'a ", "(", "1,", "a-", "1 ", "slug ", "data.0.", '"x', "row 1 ", "https://", " '1' ", "“", "….", "\n"]
VALUES = {
    "sku": st.from_regex(r"[A-Z]{2,6}-[0-9]{1,6}(-[A-Z]{1,3})?", fullmatch=True),
    "number": st.integers(0, 10**9).map(str),
    "uuid": st.uuids().map(str),
    "time": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    # Three words in small letters are a sentence, and no value.
    "quoted": st.text(st.characters(codec="utf-8", exclude_characters="'\0"), max_size=60)
    .filter(lambda text: text.count(" ") < 2)
    .map(lambda text: f"'{text}'"),
}
WORDS = st.lists(
    st.sampled_from(["slug", "price", "must be", "not found:", "in", "the", "object", "Größe"]), max_size=4
)


@pytest.mark.parametrize(("message", "expected"), MESSAGES.items(), ids=range(len(MESSAGES)))
def test_known_messages_have_their_shapes(message: str, expected: tuple[str, list[str]]) -> None:
    shaped = shape_of(message)
    assert (shaped.shape, [message[part.start : part.end] for part in shaped.parts]) == expected


SAME = [
    # With and without a row, a value, a full stop; in another case.
    (
        "data.attributes.sku: Must be unique amongst products.",
        "row 12: data.attributes.sku: must be unique amongst products (LAMP-00012)",
    ),
    ("duplicate external ref found", "duplicate external ref found: ERP-7"),
    ("slug must be URL compatible.", "Row 9: slug must be URL compatible. (Crème brûlée-181)"),
    ("Slug red dress must be URL compatible.", "slug summer must be url compatible."),
    # Values without digits or quotation marks, by the word before them.
    ("product red-dress: price 12.99 EUR must be positive", "product blue-shirt-xl: price 5 EUR must be positive"),
    ("「椅子」 is not allowed", "「机」 is not allowed"),
    ("products.0.name2: required", "products.17.name2: required"),
]
DIFFERENT = [
    ("VALIDATION_ERROR: row 1", "DUPLICATE_SKU: row 1"),
    ("MISSING-NAME: row 1", "BAD-PRICE: row 1"),
    ('"name is required"', '"sku must be unique"'),
    ('{"code":4,"msg":"must be unique"}', '{"code":4,"msg":"must be positive"}'),
    ("import failed: 'sku must be unique'", "import failed: 'file is not gzip'"),
    ("failed (1 missing price for product)", "failed (2 duplicates of sku)"),
    ("error E1001 while importing", "error E2002 while importing"),
    ("upstream returned 404", "upstream returned 503"),
    ("UTF-8 expected", "UTF-16 expected"),
    ("products.0.name2: required", "products.0.sku2: required"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_an_operator_calls_the_same_is_the_same(one: str, other: str) -> None:
    assert shape_of(one).digest == shape_of(other).digest


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_an_operator_calls_another_problem_is_another(one: str, other: str) -> None:
    assert shape_of(one).digest != shape_of(other).digest


def test_keys_and_numbers_of_json_are_no_list() -> None:
    message = '{"a": 1, "b": "x"}'
    assert len({part.slot for part in shape_of(message).parts}) == len(shape_of(message).parts)


@st.composite
def same_problem(draw: st.DrawFn) -> tuple[str, str]:
    """Two messages that differ in the values of their rows only."""
    first, second = [], []
    for kind in draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4)):
        words = " ".join(["so", *draw(WORDS), "is"])
        first.append(f"{words} {draw(VALUES[kind])}")
        second.append(f"{words} {draw(VALUES[kind])}")
    return " ".join(first) + " bad", " ".join(second) + " bad"


@given(same_problem())
def test_the_same_problem_is_the_same_shape(messages: tuple[str, str]) -> None:
    first, second = map(shape_of, messages)
    assert first.digest == second.digest
    assert first.shape == second.shape


def test_other_words_are_another_shape() -> None:
    assert shape_of("missing sku for price").digest != shape_of("missing id for price").digest


@given(st.text(max_size=300) | st.text(" '\"()“”.,-:/0aA_…\n", max_size=300))
@example("'" * 40)
@example("0(0")
@example("row 1: a 2 (3)")
def test_values_lie_in_the_message_in_order_and_the_rest_is_the_shape(message: str) -> None:
    shaped, at, rest = shape_of(message), 0, []
    slots = [part.slot for part in shaped.parts]
    for part in shaped.parts:
        assert at <= part.start <= part.end <= len(message)
        rest.append(message[at : part.start])
        at = part.end
    # Those within the words count from 0; a row may come before them, and what comes after the words is last.
    within = [slot for slot in slots if slot < LAST_SLOT]
    assert within == sorted(within)
    assert set(within) == set(range(len(set(within))))
    assert slots == [ROW_SLOT] * slots.count(ROW_SLOT) + within + [LAST_SLOT] * slots.count(LAST_SLOT)
    words = "".join([*rest, message[at:]]).split()
    assert len(shaped.shape) <= MOST_SHAPE
    # Whatever is no value stands in the shape, but for what separates the values of a list.
    assert set("".join(shaped.shape.split())) <= {*"".join(words), "…"}
    assert shaped == shape_of(message)


@pytest.mark.parametrize("piece", TEDIOUS)
def test_no_message_takes_long(piece: str) -> None:
    assert shape_of(piece * (300_000 // len(piece))).shape is not None


@given(st.lists(st.sampled_from([*MESSAGES]) | st.text(max_size=40), max_size=60))
def test_the_groups_add_up(messages: list[str]) -> None:
    grouping = Grouping()
    digests = [grouping.add(position, message) for position, message in enumerate(messages)]
    groups = grouping.groups()
    assert sum(group.count for group in groups) == len(messages)
    assert [group.count for group in groups] == sorted((group.count for group in groups), reverse=True)
    for group in groups:
        places = [place for place, digest in enumerate(digests) if digest == group.digest]
        assert (group.count, group.first, group.last) == (len(places), places[0], places[-1])
        assert group.sample == messages[places[0]]
        assert len(group.slots) <= MOST_SLOTS
        for slot in group.slots:
            assert slot.count <= sum(slot.kinds.values())


def test_what_is_beyond_the_most_groups_is_one_group_and_counts() -> None:
    grouping = Grouping()
    letters = "abcdefghijklmnopqrstuvwxyz"
    messages = [f"problem {first}{second} {third}" for first in letters for second in letters for third in "xy"]
    for position, message in enumerate(messages):
        grouping.add(position, message)
    groups = grouping.groups()
    assert len(groups) == MOST_GROUPS + 1
    assert groups[-1].digest == OTHERS
    assert groups[-1].count == len(messages) - MOST_GROUPS
    assert sum(group.count for group in groups) == len(messages)


def test_the_values_of_a_group_are_named_and_kept_once() -> None:
    grouping = Grouping()
    for position, sku in enumerate(["LAMP-1", "LAMP-2", "LAMP-1"]):
        grouping.add(position, f"row {position + 7}: data.attributes.sku: Must be unique amongst products. ({sku})")
    (group,) = grouping.groups()
    assert group.names() == ["SKUs", "row numbers"]
    assert [list(slot.values) for slot in group.slots] == [["LAMP-1", "LAMP-2"], ["7", "8", "9"]]


@pytest.mark.parametrize("message", [message for message in list(MESSAGES)[:13] if message])
def test_every_message_of_the_documentation_has_a_hint(message: str) -> None:
    known = known_message(message)
    assert known is not None
    assert known.hint.endswith(".")


def test_each_known_message_is_told_apart_from_the_others() -> None:
    for known in KNOWN_MESSAGES:
        assert known_message(known.words.upper()) is known
        assert known.words == known.words.lower()
    assert known_message("something else") is None
