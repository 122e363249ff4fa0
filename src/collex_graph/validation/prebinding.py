"""What a SPARQL constraint does with its pre-bound variables (SHACL, section 5.3 and appendix A).

A pre-bound variable has its value everywhere in the query, nested groups included, which SPARQL
itself does not know. Two ways give it: the target's pattern is put at the head of the WHERE clause,
so that one query serves all focus nodes, where the variable is used only where SPARQL sees it; else
the variable is written out, one query for each focus node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collex_graph.rdf.namespaces import term

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
    | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    | (?P<string>\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}
      |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<variable>[?$]\w+)
    | (?P<word>[@\w][\w.:%-]*|:[\w.:%-]*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_FORBIDDEN = ("MINUS", "VALUES", "SERVICE")
_PRE_BOUND = frozenset({"this", "currentShape", "shapesGraph", "PATH"})
_AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"})


@dataclass(frozen=True)
class Token:
    """One token: its kind (a group of the pattern), its text, upper-cased where it is a word."""

    kind: str
    text: str

    @property
    def name(self) -> str:
        """The variable's name without its mark, else the text in capitals."""
        return self.text[1:] if self.kind == "variable" else self.text.upper()


class Query:
    """The SELECT of one ``sh:sparql``.

    Args:
        text: the query.
        prefixes: prefix → namespace.
        path: the property path that ``$PATH`` stands for, in SPARQL's syntax; "" for none.
        constants: variable → term in SPARQL's syntax, for ``currentShape`` and ``shapesGraph``.

    Raises:
        ValueError: for what SHACL forbids in a constraint; the message says what.
    """

    def __init__(
        self, text: str, prefixes: Mapping[str, str], path: str, constants: Mapping[str, str]
    ) -> None:
        self._head = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes.items())
        self._tokens = _tokens(text)
        self._check()
        for name, value in {"PATH": path, **constants}.items():
            self._tokens = list(_written_out(self._tokens, name, value)) if value else self._tokens

    def _significant(self) -> list[tuple[int, Token]]:
        return [(n, token) for n, token in enumerate(self._tokens) if token.kind != "space"]

    def uses(self, variable: str) -> bool:
        """Say whether a variable occurs."""
        return any(t.kind == "variable" and t.name == variable for t in self._tokens)

    def _check(self) -> None:
        tokens = [token for _, token in self._significant()]
        for token, after in zip(tokens, [*tokens[1:], Token("sign", "")], strict=True):
            if token.kind == "word" and token.name in _FORBIDDEN:
                raise ValueError(f"{token.name} is not allowed in a SPARQL constraint")
            if token.name == "AS" and after.kind == "variable" and after.name in _PRE_BOUND:
                raise ValueError(f"AS ${after.name} would bind a pre-bound variable anew")
        for number, words in enumerate(self._projections()):
            names = {word.name for word in words if word.kind == "variable"}
            if number and "this" not in names:
                raise ValueError("a nested SELECT must project $this by its name")

    def _projections(self) -> list[list[Token]]:
        """Return what stands between each SELECT and its group."""
        found: list[list[Token]] = []
        is_open = False
        for token in self._tokens:
            if token.kind == "word" and token.name == "SELECT":
                found.append([])
                is_open = True
            elif is_open and (token.text == "{" or token.name == "WHERE"):
                is_open = False
            elif is_open:
                found[-1].append(token)
        return found

    def joined(self, target: str) -> str | None:
        """Return the query with a target's pattern at its head.

        Args:
            target: a pattern that binds ``?this`` to each focus node once.

        Returns:
            None where that would not mean the same as pre-binding.
        """
        tokens = self._significant()
        words = [token for _, token in tokens]
        if len(self._projections()) != 1 or not self.uses("this"):
            return None
        projected = self._projections()[0]
        if not {"this", "*"}.intersection(
            token.name for token in projected if token.kind in {"variable", "sign"}
        ):
            return None
        names = [token.name if token.kind == "word" else "" for token in words]
        if "LIMIT" in names or "OFFSET" in names:
            return None
        if _AGGREGATES.intersection(names) or "GROUP" in names:
            if "GROUP" not in names:
                return None
            grouped = words[names.index("GROUP") + 2 :]
            if not any(token.kind == "variable" and token.name == "this" for token in grouped[:1]):
                return None
        if not self._is_seen_everywhere(words):
            return None
        start = next(index for index, token in tokens if token.text == "{")
        texts = [token.text for token in self._tokens]
        return f"{self._head}{''.join(texts[: start + 1])} {target} {''.join(texts[start + 1 :])}"

    @staticmethod
    def _is_seen_everywhere(tokens: list[Token]) -> bool:
        """Say whether SPARQL sees ``$this`` wherever it is used.

        In the outermost group it does, since the target stands at its head. It does in a filter's
        EXISTS and in OPTIONAL right there. In other groups a triple pattern may name it, which
        the join then restricts; an expression may not.
        """
        groups: list[str] = []
        brackets = 0
        depths: list[int] = []
        before = ""
        for token in tokens:
            if token.text == "{" and token.kind == "sign":
                kind = {"OPTIONAL": "optional", "EXISTS": "exists"}.get(before, "plain")
                if groups and groups != ["plain"] and kind != "plain":
                    kind = "deep"
                groups.append(kind)
                depths.append(brackets)
                brackets = 0
            elif token.text == "}" and token.kind == "sign":
                groups.pop()
                brackets = depths.pop()
            elif token.text in "()" and token.kind == "sign":
                brackets += 1 if token.text == "(" else -1
            elif token.kind == "variable" and token.name == "this" and groups:
                nested = groups[1:]
                if "deep" in nested or (nested and nested[0] != "plain" and len(nested) > 1):
                    return False
                if nested and nested[0] == "plain" and (brackets or set(nested) != {"plain"}):
                    return False
            if token.kind in {"word", "sign"}:
                before = token.name
        return True

    def bound(self, node: str) -> str | None:
        """Return the query with ``$this`` written out.

        Args:
            node: the focus node in SPARQL's syntax.

        Returns:
            None where it cannot be written out.
        """
        texts: list[str] = []
        before = ""
        selecting = grouping = sorting = False
        columns = 0
        for token in _bound_is_true(self._tokens, "this"):
            if selecting and (token.text == "{" or token.name == "WHERE"):
                texts.append(" " if columns else f" (1 AS ?collex_nothing{len(texts)}) ")
                selecting = False
            if token.kind == "word":
                grouping = token.name == "BY" and before == "GROUP"
                sorting = token.name in {"ASC", "DESC"} or (token.name, before) == ("BY", "ORDER")
                if token.name == "SELECT":
                    selecting, columns = True, 0
                before = token.name
            if token.kind != "variable" or token.name != "this":
                texts.append(token.text)
                columns += selecting and (token.kind == "variable" or token.text == "*")
            elif sorting:
                return None
            elif grouping:
                texts.append(f"({node} AS ?collex_this)")
            elif not selecting:
                texts.append(node)
        return self._head + "".join(texts)


def _written_out(tokens: list[Token], name: str, value: str) -> list[Token]:
    return [
        Token("iri", value) if token.kind == "variable" and token.name == name else token
        for token in _bound_is_true(tokens, name)
    ]


def _bound_is_true(tokens: list[Token], name: str) -> list[Token]:
    """Return the tokens with ``BOUND($name)`` answered, which asks for a variable."""
    call = [("word", "BOUND"), ("sign", "("), ("variable", name), ("sign", ")")]
    return _replaced(tokens, call, Token("sign", "(true)"))


def on_day(text: str, day: str) -> str:
    """Return a query in which ``NOW()`` is the first moment of a day, in UTC.

    >>> on_day("SELECT * { BIND(now( ) AS ?NOW) }", "2026-11-26")
    'SELECT * { BIND("2026-11-26T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> AS ?NOW) }'
    """
    moment = f'"{day}T00:00:00Z"^^{term("xsd:dateTime")}'
    call = [("word", "NOW"), ("sign", "("), ("sign", ")")]
    return "".join(one.text for one in _replaced(_tokens(text), call, Token("string", moment)))


def _tokens(text: str) -> list[Token]:
    return [Token(str(found.lastgroup), found.group()) for found in _TOKEN.finditer(text)]


def _replaced(tokens: list[Token], call: list[tuple[str, str]], by: Token) -> list[Token]:
    """Return the tokens with another in place of some, given by kind and name."""
    found: list[Token] = []
    significant: list[int] = []
    for token in tokens:
        found.append(token)
        if token.kind == "space":
            continue
        significant.append(len(found) - 1)
        last = significant[-len(call) :]
        if [(found[n].kind, found[n].name) for n in last] == call:
            del found[last[0] :], significant[-len(call) :]
            significant.append(len(found))
            found.append(by)
    return found
