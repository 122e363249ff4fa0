"""The functions that mapping documents call, each under its name in ``collex-fn:``.

Every one is pure: texts in, texts out, nothing read but our own concordances. None, an empty text
or an empty list mean "no statement, no problem". What was repaired on the way is a `Note` of the
`Reading`; what cannot be read raises `UnreadableValue`, which leaves out the statement alone. Both
name a rule of ``shapes/readings.ttl``, where its severity and its words stand.

In a mapping document a function and its parameters have the names below in camel case
(``start_year`` is ``collex-fn:startYear``). A parameter with a default is optional; one that is a
tuple receives all the values of its references at once. A result that starts with ``base:`` is
completed with the base of our IRIs by the engine.

Where several functions read the same value (a start and an end year), one of them reports and the
others stay silent, so that a defect is told once; the docstrings say which.

Each module of this folder holds the functions of one topic and enters them by itself.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from collex_graph.mapping.functions.registry import FUNCTIONS, MappingFunction, Result

__all__ = ["FUNCTIONS", "MappingFunction", "Result"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
