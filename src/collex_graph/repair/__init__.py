"""Corrected files: the very same file, with what is certain repaired in place and nothing else.

A file is never written anew. The spot is found in its bytes (attribute, text of an element, cell)
and that spot alone is rewritten: declaration, comments, order of attributes, separators, quotation
marks, line ends, encoding, formats and other sheets stay as they are. A repair whose spot is not
found exactly as the result describes it is left, and said.
"""

from __future__ import annotations

from collex_graph.repair.files import (
    Corrected,
    changes_csv,
    correct_file,
    refuse_filled,
    write_corrected,
)

__all__ = ["Corrected", "changes_csv", "correct_file", "refuse_filled", "write_corrected"]
