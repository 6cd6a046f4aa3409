"""Renderings of a report, one a file; a report is a value and knows none of them."""
