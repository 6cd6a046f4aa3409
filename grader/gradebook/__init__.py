"""The gradebook: students, what they handed in, what came of it, marks by hand; on SQLite or PostgreSQL."""

from grader.errors import GradebookError
from grader.gradebook.book import Gradebook
from grader.gradebook.lookup import exercise_key
from grader.gradebook.table import Cell, HandedIn, Person, Result, Row, Table

__all__ = ["Cell", "Gradebook", "GradebookError", "HandedIn", "Person", "Result", "Row", "Table", "exercise_key"]
