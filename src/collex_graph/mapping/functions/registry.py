"""What the modules of mapping functions share: the registry, remarks, concordances."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.suggestions import nearest
from collex_graph.model import Note, Reading
from collex_graph.rdf.iris import Iris
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Callable

Result = str | list[str] | tuple[str, ...] | Reading | None
F = TypeVar("F", bound="Callable[..., Result]")


@dataclass(frozen=True)
class MappingFunction:
    """A function as the engine calls it.

    Attributes:
        name: its local name in ``collex-fn:``.
        call: the function; takes its parameters by keyword.
        parameters: their names.
        all_values: those that receive all values of their references, as a tuple.
        optional: those that get ``""`` (or ``()``) when they have no value; without a value for
            any other one the function is not called.
    """

    name: str
    call: Callable[..., Result]
    parameters: tuple[str, ...]
    all_values: frozenset[str]
    optional: frozenset[str]


FUNCTIONS: Final[dict[str, MappingFunction]] = {}
"""Every mapping function by its local name."""

BASE: Final = Iris("base:")
_ALL_VALUES: Final = "tuple[str, ...]"
"""Annotation of a parameter that receives all values of its references."""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def mapping_function(function: F) -> F:
    """Enter a function in the registry, under its name in camel case."""
    # what `inspect.signature` says, which would take a fifth of the start of a mapping
    plain = function
    while hasattr(plain, "__wrapped__"):
        plain = plain.__wrapped__
    code, defaults = plain.__code__, plain.__defaults__ or ()
    positional = code.co_varnames[: code.co_argcount]
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    optional = {*positional[len(positional) - len(defaults) :], *(plain.__kwdefaults__ or ())}
    name = _camel(function.__name__)
    if name in FUNCTIONS:
        raise ValueError(f"two mapping functions are called {name}: rename one")
    FUNCTIONS[name] = MappingFunction(
        name=name,
        call=function,
        parameters=parameters,
        all_values=frozenset(p for p in parameters if plain.__annotations__[p] == _ALL_VALUES),
        optional=frozenset(optional),
    )
    return function


def note(rule: str, value: str, **arguments: str) -> Note:
    """Return a remark with its arguments in the order of their names."""
    return Note(rule, value, tuple(sorted(arguments.items())))


def squeeze(text: str) -> str:
    """Return the text with single spaces, no-break and thin ones included."""
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Return what two wordings must share to be the same in a concordance."""
    return squeeze(unicodedata.normalize("NFC", text).replace("’", "'")).casefold()


@cache
def concordance(table: str) -> dict[str, str]:
    """Return folded wording → concept of a concordance, ``""`` where it gives none on purpose.

    Raises:
        ResourceFileError: when there is no such table or a line of it cannot be used.
    """
    folder = resource_dir("mappings")
    path = (folder / table).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ResourceFileError(folder / table, "no such concordance; give its path in mappings/")
    found: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if not {"wording", "concept"} <= set(reader.fieldnames or ()):
            raise ResourceFileError(path, "expected the columns wording, concept, note", line=1)
        for row in reader:
            wording, concept = folded(row["wording"]), row["concept"].strip()
            if not wording or wording in found:
                problem = "an empty wording" if not wording else f"{wording!r} is there twice"
                raise ResourceFileError(path, problem, line=reader.line_num)
            if concept and not concept.startswith(("base:", "http://", "https://")):
                try:
                    concept = expand(concept)
                except KeyError:
                    problem = f"no declared prefix in {concept!r}"
                    raise ResourceFileError(path, problem, line=reader.line_num) from None
            found[wording] = concept
    return found


@lru_cache(maxsize=1024)
def near_wording(table: str, wording: str) -> str:
    """Return the wording of a concordance that is nearest to one that it lacks, ``""`` for none.

    >>> near_wording("ccfr/document-types.csv", "carte et plan")
    'cartes et plans'
    """
    known = (listed for listed, concept in concordance(table).items() if concept)
    return nearest(folded(wording), known)
