"""Linking: which IRIs name one thing, and what could be aligned.

`identities` makes one node of what sources call by several IRIs: by statement of an authority, by
an accepted alignment, or by an identifier of a registry; never by a name. `alignments` reads and
writes alignments as SSSOM tables, and `proposals` finds alignments for a curator to judge.
"""
