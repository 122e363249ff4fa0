"""Where the data folders are: inside the installed package, else at the top of the checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from collex_graph.errors import ConfigurationError

ResourceName = Literal["ontology", "shapes", "mappings", "queries", "web"]

_PACKAGE = Path(__file__).resolve().parent


@cache
def resource_dir(name: ResourceName) -> Path:
    """Return the folder of one kind of data file.

    Args:
        name: ``ontology``, ``shapes``, ``mappings``, ``queries`` or ``web``.

    Raises:
        ConfigurationError: when neither the package nor a checkout holds the folder.
    """
    packaged = _PACKAGE / "data" / name
    if packaged.is_dir():
        return packaged
    checkout = _PACKAGE.parents[1] / name
    if checkout.is_dir():
        return checkout
    raise ConfigurationError(
        f"the data folder {name!r} is missing: looked in {packaged} and {checkout}; "
        "reinstall collex-graph"
    )
