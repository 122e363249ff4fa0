"""Lets ``python -m collex_graph`` do what the command ``collex-graph`` does."""

from collex_graph.cli import main

main(prog_name="collex-graph")
