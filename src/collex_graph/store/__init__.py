"""Snapshots of the graph: built aside, published whole, listed, switched, pruned."""
