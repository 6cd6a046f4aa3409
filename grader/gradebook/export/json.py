"""The table as JSON, each message with its sentence."""

from __future__ import annotations

from grader.gradebook.book import Gradebook
from grader.gradebook.document import document
from grader.gradebook.export.order import Export, Order
from grader.report.json import dumps, with_sentences


def export(book: Gradebook, order: Order) -> Export:
    """All of the gradebook; docs/gradebook.md describes it."""
    return Export(dumps(with_sentences(document(book.table()), order.translate)).encode())
