"""Checks what the graph says against the shapes, and words every result for people.

`validator` runs the shapes, `readings` words the problems met while reading, `report` writes both
as one W3C validation report, as text and as a table.

How the shapes are run: `shapes_graph` reads SHACL, `compiler` makes SPARQL of it (`prebinding` for
constraints that are SPARQL already), `engine` asks the `data_graph` in place, and `reference`,
which is pySHACL, judges what cannot be said in SPARQL. rdflib and pySHACL stay inside this package.
"""
