"""The search: a job's id or the begin of one, a request id, or words of a filter expression or of an error message.

What is rare is found by an index; what is common is not worth an index, since a walk from the newest job on meets it
soon. So an index is asked for a few hundred hits at most: where there are more, the list is walked instead, and a
bounded number of jobs a page are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from jobs_ui import models, search_index
from jobs_ui.search_index import folded
from jobs_ui.sources.mirror.listing import Hit

# Hits up to which an index is believed to have found something rare.
RARE = 400
SHORTEST_WORD = 3
SHORTEST_PREFIX = 4
MOST_WORDS = 8
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has come to.

    `keys`: the primary keys of all hits, None where there are too many to list. `words` or `prefix` then tell a hit.
    `by_id`: the text was read as an id, or the begin of one. `problem`: a sentence, where it cannot be searched for.
    """

    keys: frozenset[int] | None = frozenset()
    words: tuple[str, ...] = ()
    prefix: str = ""
    by_id: bool = False
    problem: str = ""

    @property
    def hit(self) -> Hit:
        """What tells a hit where there are too many to list.

        A subquery of one value, not EXISTS: PostgreSQL would turn that into a hash of every text that holds the word.
        """
        if self.prefix:
            begins = f"substr(j.job_id, 1, {len(self.prefix):d}) = %s"
            return Hit(f"(SELECT 1 FROM jobs_ui_job AS j WHERE j.id = looked.id AND {begins}) = 1", (self.prefix,))
        condition, parameters = _holds(self.words)
        sql = f"(SELECT 1 FROM jobs_ui_jobtext AS t WHERE t.job_id = looked.id AND {condition} LIMIT 1) = 1"
        return Hit(sql, parameters)


def find(text: str) -> Found:
    """What the text of the search box means, and which jobs it finds. In quotes it is words, and no id."""
    text = text.strip()
    quoted = len(text) > 2 and text[0] == text[-1] == '"'
    if not quoted and not any(character.isspace() for character in text):
        by_id = _by_id(text)
        if by_id is not None:
            return by_id
    return _by_words(folded(text.strip('"') if quoted else text).split())


def _by_id(text: str) -> Found | None:
    """The jobs of that id or request id, or of an id that begins with it; None where there are none.

    In the case that was typed, or in the one that ids are usually in.
    """
    jobs, spellings = models.Job.objects, dict.fromkeys((text, text.lower(), text.upper()))
    keys = set(jobs.filter(job_id__in=spellings).values_list("pk", flat=True)[: RARE + 1])
    keys |= set(jobs.filter(request_id__in=spellings).values_list("pk", flat=True)[: RARE + 1])
    prefix = text
    for prefix in dict.fromkeys((text, text.lower())):
        if keys or len(text) < SHORTEST_PREFIX:
            break
        keys = set(jobs.filter(_begins_with(prefix)).values_list("pk", flat=True)[: RARE + 1])
    if not keys:
        return None
    if len(keys) > RARE:
        return Found(None, prefix=prefix, by_id=True)
    return Found(frozenset(keys), by_id=True)


def _begins_with(prefix: str) -> Q:
    """SQLite compares by code point, so a range does it; its LIKE would not use the index. PostgreSQL's does."""
    if connection.vendor == "sqlite":
        return Q(job_id__gte=prefix, job_id__lt=prefix + LAST_CHARACTER)
    return Q(job_id__startswith=prefix)


def _by_words(words: Sequence[str]) -> Found:
    """The jobs with a text that holds all words. Shorter ones than three letters only narrow down what others find."""
    words = tuple(dict.fromkeys(words))[:MOST_WORDS]
    longer = [word for word in words if len(word) >= SHORTEST_WORD]
    if not longer:
        return Found(problem=_("Words of three letters and more can be searched for, and ids from four characters on."))
    if not search_index.exists():
        sentence = _(
            "Words cannot be searched for in this database. Its administrator has to run “%(command)s”, "
            "then `manage.py migrate` makes the index."
        )
        return Found(problem=sentence % {"command": search_index.DBA})
    candidates = _candidates(longer)
    return Found(None, words=words) if candidates is None else Found(_jobs_of(candidates, words))


def _holds(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The condition in SQL that the text `t` holds all words, and its parameters."""
    parameters = tuple(f"%{connection.ops.prep_for_like_query(word)}%" for word in words)
    return " AND ".join(["t.text LIKE %s ESCAPE '\\'"] * len(words)), parameters


def _candidates(words: Sequence[str]) -> list[int] | None:
    """The texts in which the index finds the words, some too many perhaps; None where there are more than a few."""
    if connection.vendor == "sqlite":
        index = search_index.INDEX
        trigrams = {word[start : start + 3] for word in words for start in range(len(word) - 2)}
        parameters: tuple[str, ...] = (" AND ".join(_quoted(trigram) for trigram in sorted(trigrams)),)
        sql = f"SELECT rowid FROM {index} WHERE {index} MATCH %s LIMIT {RARE + 1}"
    else:
        condition, parameters = _holds(words)
        sql = f"SELECT t.id FROM jobs_ui_jobtext AS t WHERE {condition} LIMIT {RARE + 1}"
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found = [int(row[0]) for row in cursor.fetchall()]
    return found if len(found) <= RARE else None


def _jobs_of(texts: Sequence[int], words: Sequence[str]) -> frozenset[int]:
    """The jobs of those of these texts that hold all words. The keys are numbers, and written into the statement:

    to bind some hundred of them takes longer than the search.
    """
    if not texts:
        return frozenset()
    condition, parameters = _holds(words)
    keys = ", ".join(map(str, texts))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t.job_id FROM jobs_ui_jobtext AS t WHERE t.id IN ({keys}) AND {condition}", parameters)
        return frozenset(row[0] for row in cursor.fetchall())


def _quoted(trigram: str) -> str:
    return '"' + trigram.replace('"', '""') + '"'
