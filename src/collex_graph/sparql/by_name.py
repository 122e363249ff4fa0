"""Finds a stored query by what a person calls it, and reads its parameters from words."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from collex_graph.errors import ConfigurationError
from collex_graph.sparql.catalogue import StoredQuery, query_names, read_query, stored_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from collex_graph.sparql.catalogue import Parameter

_EXAMPLES = "examples/"


def example_queries() -> list[StoredQuery]:
    """Return the questions of ``queries/examples``, in their order."""
    return [stored_query(name) for name in query_names() if name.startswith(_EXAMPLES)]


def find_query(name: str) -> StoredQuery:
    """Return the query that a name means.

    Args:
        name: a file ``….rq`` of one's own; or a query of the catalogue: its name
            (``pages/home-counts``), without ``examples/`` (``14-labelled-collections-map``), its
            number (``14``), or its name without number (``labelled-collections-map``).

    Raises:
        ConfigurationError: when nothing is called so; the message names the nearest.
        ResourceFileError: when the file cannot be used.
    """
    if name.endswith(".rq"):
        path = Path(name)
        if not path.is_file():
            raise ConfigurationError(f"there is no file {name}")
        try:
            return read_query(path.stem, path, path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{name} is not UTF-8: {error.reason}") from None
    called: dict[str, str] = {}
    for known in query_names():
        called[known] = known
        if known.startswith(_EXAMPLES):
            short = known.removeprefix(_EXAMPLES)
            number, _, words = short.partition("-")
            called |= {short: known, words: known, number: known, number.lstrip("0"): known}
    if name in called:
        return stored_query(called[name])
    raise ConfigurationError(
        f"there is no stored query {name!r}{_nearest(name, called)}; "
        "`collex-graph query --list` lists them, a file of your own ends in .rq"
    )


def read_values(query: StoredQuery, words: Sequence[str]) -> dict[str, list[str]]:
    """Read ``--name value`` and ``--name=value`` into values by parameter.

    An option may be repeated where the parameter is ``multiple``. ``--name`` alone is true where
    the parameter is a ``boolean``.

    Raises:
        ConfigurationError: for a word that is no option, an option that the query does not have,
            or one without its value.
    """
    values: dict[str, list[str]] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--") or word == "--":
            raise ConfigurationError(f"expected --name value, got {word!r}; {_known(query)}")
        name, equals, value = word.removeprefix("--").partition("=")
        parameter = query.parameters.get(name) or query.parameters.get(name.replace("-", "_"))
        if parameter is None:
            near = _nearest(name, query.parameters, dashes="--")
            raise ConfigurationError(
                f"the query {query.name} has no parameter --{name}{near}; {_known(query)}"
            )
        if not equals:
            value = _value(parameter, left)
        values.setdefault(parameter.name, []).append(value)
    return values


def _value(parameter: Parameter, left: list[str]) -> str:
    if left and not left[0].startswith("--"):
        return left.pop(0)
    if parameter.type == "boolean":
        return "true"
    raise ConfigurationError(f"--{parameter.name} needs a value ({parameter.type})")


def _known(query: StoredQuery) -> str:
    if not query.parameters:
        return "it has no parameters"
    described = (
        f"--{parameter.name} ({parameter.type}"
        + (f", default {parameter.default}" if parameter.default is not None else "")
        + (", optional" if parameter.optional else "")
        + ")"
        for parameter in query.parameters.values()
    )
    return f"it has {', '.join(described)}"


def _nearest(written: str, known: Iterable[str], dashes: str = "") -> str:
    near = get_close_matches(written.lower(), list(known), n=1, cutoff=0.5)
    return f"; did you mean {dashes}{near[0]}?" if near else ""
