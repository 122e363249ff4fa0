"""Rewrites queries so that an engine has less to do for the same rows.

Four things, each of them where the query says exactly that, and nothing anywhere else:

* **Counts.** A thing that a query only counts, or whose values it lists with ``DISTINCT``, need not
  be visited where the snapshot has counted it (`store.counts`): its triple patterns become the
  values and their counts, ``VALUES (?d ?n) { … }``, and ``COUNT(?u)`` becomes ``SUM(?n)``.
* **Letters.** ``CONTAINS``, ``STRSTARTS``, ``STRENDS`` or a ``REGEX`` without signs, of the label
  or another text of a thing: only the things come into question that `store.lower_texts` finds.
* **Boxes.** Comparisons of latitude and longitude with numbers: only the places come into question
  that the index of places finds.
* **Order.** Of triple patterns that the engine holds for equally large, it takes the first one
  first: the rarest predicate is written there.

Why each is sound stands where it is done. The engine evaluates what is left, all filters included.
"""

from __future__ import annotations

import math
import re
import sqlite3
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from collex_graph.model import Box
from collex_graph.rdf.iris import is_absolute_iri
from collex_graph.rdf.namespaces import expand
from collex_graph.sparql.lexer import Kind, Rewriting, decode_escapes, unquoted
from collex_graph.sparql.plain_query import (
    Block,
    Pattern,
    read_plain_query,
    skip_brackets,
    variables,
)
from collex_graph.sparql.terms import within_select
from collex_graph.store.counts import FILE_NAME as COUNTS_FILE_NAME
from collex_graph.store.counts import MOST_VALUES, PredicateCounts, read_counts
from collex_graph.store.lower_texts import FOLDER as LOWER_FOLDER
from collex_graph.store.lower_texts import LowerTexts
from collex_graph.store.search_index import FOLDER as SEARCH_FOLDER
from collex_graph.store.search_index import Places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from collex_graph.sparql.lexer import Token
    from collex_graph.sparql.plain_query import PlainQuery
    from collex_graph.store.counts import Counts, Values

LONGEST_QUERY = 6_000
"""Characters of the longest query that is looked at: a longer one is mostly a list of values."""

_REMEMBERED = 256
_REMEMBERED_CHARACTERS = 50_000
_SHARE = 0.1  # of all texts: to read so many by name is not slower than to read all in a row
_MOST_READINGS = 3  # of all texts, for one query
_MOST_PLACES = 1_000
_ROUNDING = 1e-6  # the numbers of a graph may be single-precision, those of the index never are
_TYPE = expand("rdf:type")
_LATITUDE, _LONGITUDE = expand("wgs84:lat"), expand("wgs84:long")

_DIFFERS_EACH_TIME = frozenset({"rand", "uuid", "struuid", "bnode"})
_OTHER_AGGREGATES = frozenset({"sum", "avg", "group_concat"})
_HEEDLESS_AGGREGATES = frozenset({"min", "max", "sample"})  # of how often a value comes
_MODIFIERS = frozenset({"having", "order", "limit", "offset"})
_CONTAINMENTS = frozenset({"contains", "strstarts", "strends"})
_SIGNS = re.compile(r"[\\.^$*+?()\[\]{}|\n]")
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}
_IGNORING_CASE = ([",", '"i"'], [",", "'i'"])
_LATIN_END = "\u0250"


class Shortcuts:
    """Rewrites the queries on one snapshot.

    Args:
        snapshot: its folder; what it lacks is not used.
    """

    def __init__(self, snapshot: Path) -> None:
        self._counts = read_counts(snapshot / COUNTS_FILE_NAME)
        self._texts: LowerTexts | None = None
        self._places: Places | None = None
        try:
            self._texts = LowerTexts(snapshot / SEARCH_FOLDER / LOWER_FOLDER)
            self._places = Places(snapshot / SEARCH_FOLDER)
        except OSError:
            pass
        self._rewritten: dict[str, str] = {}

    def rewritten(self, text: str) -> str:
        """Return a query that has the same rows on the snapshot's default graph.

        Args:
            text: a query that has been checked and names no graph outside itself.

        Returns:
            The text itself where nothing is gained.
        """
        if len(text) > LONGEST_QUERY:
            return text
        rewritten = self._rewritten.get(text)
        if rewritten is None:
            try:
                rewritten = self._rewrite(text)
            except (IndexError, KeyError):  # no SPARQL within the brackets: the engine says why
                rewritten = text
            if len(rewritten) <= _REMEMBERED_CHARACTERS:
                if len(self._rewritten) == _REMEMBERED:
                    self._rewritten.clear()
                self._rewritten[text] = rewritten
        return rewritten

    def _rewrite(self, text: str) -> str:
        decoded = decode_escapes(text)
        query = read_plain_query(decoded.text)
        if query is None or not query.blocks:
            return text
        names = variables(query.tokens)
        changes = [_Change(block, list(block.patterns)) for block in query.blocks]
        edits: list[tuple[int, int, str]] = []
        if self._counts is not None and query.form == "select":
            edits += _Tally(query, names, changes, self._counts).edits()
        if query.filters:
            self._narrow(query, changes)
        if self._counts is not None:
            for change in changes:
                change.sort(self._counts)
        edits += [change.edit() for change in changes if change.is_one()]
        if not edits:
            return text
        edits.sort()
        return Rewriting(
            text, [(decoded.origin(start), decoded.origin(end), new) for start, end, new in edits]
        ).text

    # --- letters and boxes -----------------------------------------------------------------------

    def _narrow(self, query: PlainQuery, changes: Sequence[_Change]) -> None:
        """Put before a block the things that alone can pass a filter of the group.

        What ``VALUES`` takes from the solutions of the block are things whose solutions, whatever
        they are joined with, have the text or the position of the block, and fail the filter.
        """
        conditions = [each for tokens in query.filters for each in _conjuncts(tokens)]
        # What a search gave, or the client, is little enough already.
        changes = [each for each in changes if not each.is_given(query.given)]
        if self._texts is not None:
            sought = [each for each in map(_letters, conditions) if each][:_MOST_READINGS]
            any(self._narrow_by_letters(*each, changes) for each in sought)
        if self._places is not None:
            self._narrow_by_box([each for each in map(_comparison, conditions) if each], changes)

    def _narrow_by_letters(self, variable: str, lower: str, changes: Sequence[_Change]) -> bool:
        assert self._texts is not None
        for change in changes:
            for pattern in change.patterns:
                if pattern.object.variable == variable and pattern.subject.variable:
                    found = self._texts.find(pattern.predicate.iri, lower, share=_SHARE)
                    if found is not None:
                        change.narrow(pattern.subject.text, found)
                        return True
        return False

    def _narrow_by_box(
        self, comparisons: Sequence[tuple[str, str, float]], changes: Sequence[_Change]
    ) -> None:
        assert self._places is not None
        compared = {variable for variable, _, _ in comparisons}
        for change in changes:
            for latitude in change.patterns:
                if latitude.predicate.iri != _LATITUDE or latitude.object.variable not in compared:
                    continue
                for longitude in change.patterns:
                    subject = latitude.subject
                    if (
                        longitude.predicate.iri == _LONGITUDE
                        and longitude.object.variable in compared
                        and subject.variable
                        and subject.variable == longitude.subject.variable
                    ):
                        north_south = _range(latitude.object.variable, comparisons)
                        west_east = _range(longitude.object.variable, comparisons)
                        box = Box(west_east[0], north_south[0], west_east[1], north_south[1])
                        try:
                            found = self._places.find_few(box, _MOST_PLACES)
                        except sqlite3.Error:  # the snapshot was removed while it is served
                            return
                        if found is not None and all(map(is_absolute_iri, found)):
                            change.narrow(subject.text, [f"<{iri}>" for iri in found])
                            return


def _conjuncts(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """Return the conditions of an expression that must all be true; itself, where it is one."""
    while tokens and tokens[0].text == "(" and skip_brackets(tokens, 0) == len(tokens):
        tokens = tokens[1:-1]
    parts: list[Sequence[Token]] = []
    start = place = 0
    while place < len(tokens):
        text = tokens[place].text
        if text == "||":
            return [tokens]
        if text in ("(", "{", "["):
            place = skip_brackets(tokens, place)
            continue
        if text == "&&":
            parts.append(tokens[start:place])
            start = place + 1
        place += 1
    parts.append(tokens[start:])
    if len(parts) == 1:
        return parts
    return [condition for part in parts for condition in _conjuncts(part)]


def _letters(tokens: Sequence[Token]) -> tuple[str, str] | None:
    """Return of which variable the text must contain which letters, these in lower case.

    The columns hold what ``LCASE`` makes of a text. A text in lower case that contains letters is
    compared as it is. Of another text, if it contains letters then its lower case contains theirs,
    but for the Greek sigma, whose lower case depends on its place: only Latin letters are taken.
    The same holds for letters that a regular expression takes for each other when it ignores case;
    the micro sign, which is Greek elsewhere, is left out.
    """
    if len(tokens) < 2 or tokens[0].kind is not Kind.WORD or tokens[1].text != "(":
        return None
    if skip_brackets(tokens, 1) != len(tokens):
        return None
    function = tokens[0].text.lower()
    comma = 2
    while comma < len(tokens) and tokens[comma].text != ",":
        comma += 1
    variable, is_lower = _text_of(tokens[2:comma])
    given = tokens[comma + 1 : -1]
    if len(given) == 4 and given[0].text.lower() == "lcase":
        given, is_lower = given[2:3], False
    if not variable or not given or given[0].kind is not Kind.STRING:
        return None
    letters = unquoted(given[0])
    if function == "regex":
        if _SIGNS.search(letters):
            return None
        if len(given) > 1 and [each.text for each in given[1:]] not in _IGNORING_CASE:
            return None
        is_lower = False
    elif function in _CONTAINMENTS:
        if len(given) > 1 and given[1].kind is not Kind.LANGUAGE:
            return None
    else:
        return None
    if is_lower:
        return variable, letters
    if any(letter >= _LATIN_END or letter == "µ" for letter in letters):
        return None
    return variable, letters.lower()


def _text_of(tokens: Sequence[Token]) -> tuple[str, bool]:
    """Return the variable whose text an expression is, and whether that is in lower case."""
    is_lower = False
    while len(tokens) > 3 and tokens[1].text == "(" and tokens[-1].text == ")":
        function = tokens[0].text.lower()
        if function not in ("str", "lcase"):
            return "", False
        is_lower = is_lower or function == "lcase"
        tokens = tokens[2:-1]
    if len(tokens) == 1 and tokens[0].kind is Kind.VARIABLE:
        return tokens[0].text[1:], is_lower
    return "", False


def _comparison(tokens: Sequence[Token]) -> tuple[str, str, float] | None:
    """Read ``?x < 1.5`` or ``1.5 > ?x``: variable, sign, number."""
    place = next((n for n, token in enumerate(tokens) if token.text in _FLIPPED), 0)
    sides = tokens[:place], tokens[place + 1 :]
    if not place:
        return None
    for (one, other), sign in (
        (sides, tokens[place].text),
        (sides[::-1], _FLIPPED[tokens[place].text]),
    ):
        if len(one) == 1 and one[0].kind is Kind.VARIABLE and other:
            text = "".join(token.text for token in other)
            if other[-1].kind is Kind.NUMBER and len(other) <= 1 + (text[0] in "+-"):
                return one[0].text[1:], sign, float(text)
    return None


def _range(variable: str, comparisons: Sequence[tuple[str, str, float]]) -> tuple[float, float]:
    """Return between which numbers a variable is, and a little more."""
    low, high = -math.inf, math.inf
    for name, sign, number in comparisons:
        if name == variable:
            around = abs(number) * _ROUNDING + _ROUNDING
            if sign in (">", ">=", "="):
                low = max(low, number - around)
            if sign in ("<", "<=", "="):
                high = min(high, number + around)
    return low, high


# --- what becomes of a block ---------------------------------------------------------------------


@dataclass
class _Change:
    """What becomes of a block: the order of patterns in it and what it is joined with are free."""

    block: Block
    patterns: list[Pattern]
    values: list[str] = field(default_factory=list)

    def narrow(self, variable: str, terms: Sequence[str]) -> None:
        """Join it with the terms that a variable may be."""
        values = f"VALUES {variable} {{ {' '.join(terms)} }}"
        self.values.append(within_select(variable, values))

    def is_given(self, variables: frozenset[str]) -> bool:
        """Say whether the things that it speaks of are among some variables."""
        return any(pattern.subject.variable in variables for pattern in self.patterns)

    def sort(self, counts: Counts) -> None:
        """Put the rarest pattern first, as far as the counts tell."""
        self.patterns.sort(key=lambda pattern: _size(pattern, counts))

    def is_one(self) -> bool:
        """Say whether anything changes."""
        return bool(self.values) or self.patterns != list(self.block.patterns)

    def edit(self) -> tuple[int, int, str]:
        """Return what is written, and in the place of what."""
        patterns = " . ".join(pattern.text for pattern in self.patterns)
        # What follows may touch the last term: `"a"OPTIONAL`; not so every other term.
        return self.block.start, self.block.end, " ".join((*self.values, patterns, ""))


def _size(pattern: Pattern, counts: Counts) -> int:
    """Say how many statements a pattern finds by itself, at most."""
    iri = pattern.predicate.iri
    if not pattern.subject.variable:
        return 0
    if not iri:  # a path from or to something is short
        return counts.statements if pattern.object.variable else 0
    known = counts.predicates.get(iri)
    if known is None:
        return 0
    if pattern.object.iri and known.values is not None:
        return known.values.get(f"<{pattern.object.iri}>", 0)
    return known.statements


# --- counts --------------------------------------------------------------------------------------

_NONE = PredicateCounts(statements=0, subjects=0, values={})


@dataclass(frozen=True)
class _Star:
    """The patterns of a thing, when they ask for no more than one value of it.

    Attributes:
        thing: the variable.
        change: the block they stand in.
        patterns: one or two, one of which may say its class.
        kept: the variable of the value or the predicate, where the query uses it elsewhere.
        values: what they may be, and how often.
        sure: the variables that have a value in each solution, and stand in ``COUNT`` alone.
        are_things: whether each value comes as often as there are things that have it.
        is_one_each: whether no thing has two values.
    """

    thing: str
    change: _Change
    patterns: tuple[Pattern, ...]
    kept: str
    values: Values
    sure: frozenset[str]
    are_things: bool = True
    is_one_each: bool = False


class _Tally:
    """Replaces things that a query only counts.

    The patterns of the thing are joined with the rest of the group; let each value ``o`` of theirs
    come ``n`` times. If the thing stands nowhere else, then each solution of the rest that agrees
    with ``o`` comes ``n`` times in the join, and the same solutions come from the rest joined with
    ``VALUES (?o ?n)``, each once, with ``n``. Everything that a group may do to its solutions
    (join, ``OPTIONAL``, ``MINUS``, ``BIND``, ``FILTER``) treats each solution by itself, so this
    holds for the whole group; and then ``COUNT`` of the first is ``SUM`` of the second, ``MIN``,
    ``MAX`` and ``DISTINCT`` do not see a difference, and other aggregates are left alone.

    ``COUNT(DISTINCT ?thing)`` counts a thing once in a group of solutions, however often its value
    was joined: the sum is of distinct values and counts, and right if no thing has two values or if
    the value is one of those that are grouped by.
    """

    def __init__(
        self,
        query: PlainQuery,
        names: Mapping[str, int],
        changes: Sequence[_Change],
        counts: Counts,
    ) -> None:
        self._query = query
        self._names = names
        self._changes = changes
        self._counts = counts
        self._counted: Sequence[_Counted] = ()
        self._count = next(f"n{n}" for n in range(len(names) + 1) if f"n{n}" not in names)

    def edits(self) -> list[tuple[int, int, str]]:
        """Return what is to be replaced outside the block, which is changed; nothing otherwise."""
        query = self._query
        outside = (*query.head, *query.tail)
        words = {token.text.lower() for token in query.tokens if token.kind is Kind.WORD}
        said = {token.text.lower() for token in outside if token.kind is Kind.WORD}
        if words & _DIFFERS_EACH_TIME or said & {*_OTHER_AGGREGATES, "values", "exists"}:
            return []
        if _calls_by_name(outside) or any(token.text == "*" for token in self._selected()):
            return []
        counted = _counted(outside)
        if counted is None:
            return []
        self._counted = counted
        if not counted:
            is_listed = query.head and query.head[0].text.lower() == "distinct"
            if not is_listed or said & {*_HEEDLESS_AGGREGATES, "group", "having"}:
                return []
        for change in self._changes:
            for thing in dict.fromkeys(each.subject.variable for each in change.block.patterns):
                star = self._star(thing, change) if thing else None
                if star is not None and (edits := self._replace(star)) is not None:
                    return edits
        return []

    def _selected(self) -> list[Token]:
        """Return the tokens of the head that stand in no bracket."""
        head, place, selected = self._query.head, 0, []
        while place < len(head):
            if head[place].text == "(":
                place = skip_brackets(head, place)
            else:
                selected.append(head[place])
                place += 1
        return selected

    def _star(self, thing: str, change: _Change) -> _Star | None:
        patterns = tuple(each for each in change.block.patterns if each.subject.variable == thing)
        in_counts = sum(each.variable == thing for each in self._counted)
        written = len({pattern.subject.start for pattern in patterns})
        if self._names[thing] != written + in_counts or len(patterns) > 2:
            return None
        for main in patterns:
            others = [each for each in patterns if each is not main]
            if all(each.predicate.iri == _TYPE and each.object.iri for each in others):
                of_class = others[0].object.iri if others else ""
                star = _Star(thing, change, patterns, "", {}, frozenset({"", thing}))
                if main.predicate.variable:
                    return None if of_class else self._with_predicates(star, main)
                if main.predicate.iri and (main.object.variable or main.object.iri):
                    counted = self._with_values(star, main, of_class)
                    if counted is not None:
                        return counted
        return None

    def _is_kept(self, variable: str) -> bool:
        """Say whether a variable stands anywhere but in one pattern and in plain counts."""
        in_counts = sum(each.variable == variable for each in self._counted if not each.is_distinct)
        return self._names[variable] > 1 + in_counts

    def _with_predicates(self, star: _Star, pattern: Pattern) -> _Star | None:
        predicate, value = pattern.predicate.variable, pattern.object.variable
        if not value or self._is_kept(value):
            return None
        sure = star.sure | {value}
        if not self._is_kept(predicate):
            values = {"": self._counts.statements}
            return replace(star, values=values, sure=sure | {predicate}, are_things=False)
        if len(self._counts.predicates) > MOST_VALUES:
            return None
        values = {f"<{iri}>": known.statements for iri, known in self._counts.predicates.items()}
        return replace(star, kept=predicate, values=values, sure=sure, are_things=False)

    def _with_values(self, star: _Star, pattern: Pattern, of_class: str) -> _Star | None:
        value = pattern.object
        is_kept = bool(value.variable) and self._is_kept(value.variable)
        sure = star.sure if is_kept else star.sure | {value.variable}
        known = self._counts.predicates.get(pattern.predicate.iri, _NONE)
        if known.values is None:
            if of_class or is_kept or value.iri:
                return None
            values = {"": known.statements}
            return replace(star, values=values, sure=sure, are_things=False)
        values = known.of_class.get(of_class, {}) if of_class else known.values
        is_one_each = known.subjects == known.statements
        if value.iri:
            values = {"": values.get(f"<{value.iri}>", 0)}
            return replace(star, values=values, sure=sure, is_one_each=True)
        if is_kept:
            return replace(star, kept=value.variable, values=values, is_one_each=is_one_each)
        values = {"": sum(values.values())}
        return replace(
            star, values=values, sure=sure, are_things=is_one_each, is_one_each=is_one_each
        )

    def _replace(self, star: _Star) -> list[tuple[int, int, str]] | None:
        count = f"?{self._count}"
        edits: list[tuple[int, int, str]] = []
        if any(each.is_distinct and each.variable == star.thing for each in self._counted):
            wrapped = self._wrapped(star)
            if wrapped is None:
                return None
            edits += wrapped
            edits += [(each.start, each.end, f"SUM({count})") for each in self._counted]
        else:
            for each in self._counted:
                if not each.is_distinct:
                    is_sure = each.variable in star.sure
                    summed = count if is_sure else f"IF(BOUND(?{each.variable}), {count}, 0)"
                    edits.append((each.start, each.end, f"SUM({summed})"))
        change = star.change
        change.patterns = [each for each in change.patterns if each not in star.patterns]
        if star.kept:
            rows = " ".join(f"({value} {n})" for value, n in star.values.items())
            change.values.append(f"VALUES (?{star.kept} {count}) {{ {rows} }}")
        else:
            rows = " ".join(f"({n})" for n in star.values.values() if n)
            change.values.append(f"VALUES ({count}) {{ {rows} }}")
        return edits

    def _wrapped(self, star: _Star) -> list[tuple[int, int, str]] | None:
        """Return what makes the group one of distinct values."""
        query = self._query
        outside = (*query.head, *query.tail)
        if not star.are_things:
            return None
        if any(each.variable != star.thing or not each.is_distinct for each in self._counted):
            return None
        if any(token.text.lower() in _HEEDLESS_AGGREGATES for token in outside):
            return None
        keys: list[str] = []
        if query.tail and query.tail[0].text.lower() == "group":
            for token in query.tail[2:]:
                if token.text.lower() in _MODIFIERS and token.kind is Kind.WORD:
                    break
                if token.kind is not Kind.VARIABLE:
                    return None
                keys.append(token.text[1:])
        if not star.is_one_each and star.kept not in keys:
            return None
        projected = dict.fromkeys([*keys, *([star.kept] if star.kept else []), self._count])
        selected = " ".join(f"?{name}" for name in projected)
        start, end = query.group
        return [(start, start, f" {{ SELECT DISTINCT {selected} {{ "), (end, end, " } } ")]


@dataclass(frozen=True)
class _Counted:
    """A ``COUNT`` outside the group.

    Attributes:
        variable: what it counts; empty for all rows.
        is_distinct: whether each value once.
        start: where it begins.
        end: where it ends.
    """

    variable: str
    is_distinct: bool
    start: int
    end: int


def _counted(tokens: Sequence[Token]) -> list[_Counted] | None:
    """Return every ``COUNT``; None when one is of an expression."""
    found: list[_Counted] = []
    for place, token in enumerate(tokens):
        if token.kind is Kind.WORD and token.text.lower() == "count":
            end = skip_brackets(tokens, place + 1)
            inside = list(tokens[place + 2 : end - 1])
            is_distinct = inside[0].text.lower() == "distinct"
            if is_distinct:
                del inside[0]
            if len(inside) != 1 or not (
                inside[0].kind is Kind.VARIABLE or (inside[0].text == "*" and not is_distinct)
            ):
                return None
            variable = inside[0].text[1:]
            found.append(_Counted(variable, is_distinct, token.start, tokens[end - 1].start + 1))
    return found


def _calls_by_name(tokens: Sequence[Token]) -> bool:
    """Say whether a function with an IRI is called, which might be an aggregate."""
    return any(
        token.kind in (Kind.NAME, Kind.IRI) and following.text == "("
        for token, following in pairwise(tokens)
    )
