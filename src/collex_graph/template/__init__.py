"""Templates of tables that people fill in, made from the mapping, the ontology and the shapes.

`read_template` finds out what each column is (`columns`); `write_workbook` and `write_texts` make
the files (`files`). A source whose mapping document has ``columns`` has a template.
"""

from __future__ import annotations

from collex_graph.template.columns import Column, Sheet, Template, read_template, template_names
from collex_graph.template.files import write_texts, write_workbook

__all__ = [
    "Column",
    "Sheet",
    "Template",
    "read_template",
    "template_names",
    "write_texts",
    "write_workbook",
]
