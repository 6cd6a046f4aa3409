"""Notebooks as submissions: read without running, found by content, given back with the results beside the cells."""
