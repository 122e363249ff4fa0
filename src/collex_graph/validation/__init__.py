"""Checks what the graph says against the shapes, and words every result for people.

`validator` runs the shapes, `readings` words the problems met while reading, `report` writes both
as one W3C validation report, as text and as a table. rdflib and pySHACL stay inside this package.
"""
