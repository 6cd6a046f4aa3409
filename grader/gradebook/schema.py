"""The tables of a gradebook, the same on SQLite and PostgreSQL.

    book        one row: the format of all that follows
    person      who is enrolled
    exercise    what was graded so far, in the order of the course
    submission  what a person handed in: its content by digest, when, and the head of its report or why it has none
    result      what came of one exercise for one content, under one key (see `lookup`)
    outcome     what came of one check of a result
    graded      which result is a submission's for an exercise
    review      a mark by hand: added to, never changed

Reports are kept whole, as JSON: columns beside it are what is searched or added up.
Times are text in UTC, all of one length, so that they sort as they are; "" is a time that nobody knows.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

FORMAT = 1
METADATA = MetaData()

BOOK = Table("book", METADATA, Column("format", Integer, nullable=False))

PERSON = Table(
    "person",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
)

EXERCISE = Table(
    "exercise",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
)

SUBMISSION = Table(
    "submission",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("person", Text, ForeignKey("person.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("report", Text),  # the head of the report, without its exercises; null where there is none
    Column("receipt", Text),  # of the report, made when it was recorded (`grader.receipt`)
    Column("reason", Text),  # why it could not be graded; null where it was
    UniqueConstraint("person", "name", "received_at", "digest"),
    Index("submission_of_content", "digest"),
)

RESULT = Table(
    "result",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("exercise", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("report", Text, nullable=False),  # without its outcomes
    UniqueConstraint("digest", "exercise", "key"),
)

OUTCOME = Table(
    "outcome",
    METADATA,
    Column("result", Integer, ForeignKey("result.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("check_name", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("possible", Integer, nullable=False),
    Column("report", Text, nullable=False),
)

GRADED = Table(
    "graded",
    METADATA,
    Column("submission", Integer, ForeignKey("submission.id", ondelete="CASCADE"), primary_key=True),
    Column("exercise", Text, primary_key=True),
    Column("result", Integer, ForeignKey("result.id"), nullable=False),
)

REVIEW = Table(
    "review",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("person", Text, ForeignKey("person.id"), nullable=False),
    Column("exercise", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of the submission that was read
    Column("checks", Text, nullable=False),  # JSON: the checks whose points the human gives
    Column("points", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("review_of_person", "person", "exercise"),
)
