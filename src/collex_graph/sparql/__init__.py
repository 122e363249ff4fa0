"""SPARQL: reading requests, deciding what may run, running it where it can be killed.

The messages of the errors raised here have two lines, French then English: whoever shows one to
people may choose the line, whoever answers a machine sends both.
"""
