"""Where a gradebook is kept: the engine for its URL, transactions, and every database error as one sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from grader.errors import GradebookError, NoGradebookError
from grader.gradebook.schema import BOOK, FORMAT, METADATA
from grader.message import Message, msg

BUSY_S = 60  # how long a write waits for another process
WRITES = "grade_writes"
_CREATION_LOCK = 0x67726164  # the advisory lock of PostgreSQL under which tables are made


class Database:
    """An open gradebook's database.

    Writers take turns: on SQLite by `BEGIN IMMEDIATE`, on PostgreSQL by a lock on the only row of the table `book`.
    So two batches at once never deadlock and never see half of each other's work.
    """

    def __init__(self, where: str | Path, *, create: bool = True) -> None:
        self.name, self.engine = _engine(where, create=create)
        try:
            self._prepare(create=create)
        except BaseException:
            self.engine.dispose()
            raise

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the book."""
        with self._told(), self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes all or nothing; it is on the disk when this ends."""
        with self._told(), self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                if self.engine.dialect.name != "sqlite":
                    connection.execute(select(BOOK.c.format).with_for_update())
                yield connection

    def _prepare(self, *, create: bool) -> None:
        """Make the tables where there are none; refuse what is no gradebook or one of a newer version."""
        with self._told(), self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: create})
            with connection.begin():
                if create and self.engine.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK})")
                tables = set(inspect(connection).get_table_names())
                is_foreign = (
                    bool(tables) if self.engine.dialect.name == "sqlite" else bool(tables & METADATA.tables.keys())
                )
                if not METADATA.tables.keys() <= tables and is_foreign:
                    raise GradebookError(msg("{book} is a database, but no gradebook", book=self.name))
                if not METADATA.tables.keys() <= tables:
                    if not create:
                        raise NoGradebookError(_absent(self.name))
                    METADATA.create_all(connection)
                    connection.execute(insert(BOOK).values(format=FORMAT))
                found = connection.execute(select(BOOK.c.format)).scalar_one_or_none()
        if found is None or found > FORMAT:
            raise GradebookError(
                msg(
                    "{book} was written by a newer version (format {found}; this one reads {known}); "
                    "install that version to open it",
                    book=self.name,
                    found=str(found),
                    known=FORMAT,
                )
            )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeoutError) as error:
            raise GradebookError(_sentence(self.name, error)) from error


def _engine(where: str | Path, *, create: bool) -> tuple[str, Engine]:
    """What a gradebook is called in sentences, and its engine."""
    text = str(where)
    if isinstance(where, Path) or "://" not in text:
        text = f"sqlite:///{text}"
    try:
        url = make_url(text)
        name = url.render_as_string(hide_password=True)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise GradebookError(
                msg("{book}: expected a file, sqlite:///FILE or postgresql://..., got another kind", book=text)
            )
        if url.get_backend_name() == "postgresql":
            return name, create_engine(url, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError):
        raise GradebookError(
            msg("{book}: expected a file, sqlite:///FILE or postgresql://..., got another kind", book=text)
        ) from None
    except ModuleNotFoundError:
        raise GradebookError(
            msg("{book}: PostgreSQL needs psycopg; install convnet-grader[postgresql]", book=text)
        ) from None
    path = Path(url.database or "")
    if not path.name:
        raise GradebookError(msg("{book}: expected the path of a file after sqlite:///", book=text))
    if not create and not path.exists():
        raise NoGradebookError(_absent(str(path)))
    engine = create_engine(url, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return str(path), engine


def _on_connect(connection: Any, record: object) -> None:
    """Make SQLite durable, patient and strict; `BEGIN` is ours to send."""
    connection.isolation_level = None
    for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {line}")


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _absent(name: str) -> Message:
    return msg("there is no gradebook at {book}; `grade batch` makes one", book=name)


def _sentence(name: str, error: DBAPIError | PoolTimeoutError) -> Message:
    """What a database error means for whoever keeps the book."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    kind = str(getattr(cause, "sqlite_errorname", "") or getattr(cause, "sqlstate", "") or "")
    if kind in ("SQLITE_FULL", "53100"):
        return msg("{book} cannot be written: the disk is full; what was written before is safe", book=name)
    if kind.startswith("SQLITE_READONLY") or kind == "25006":
        return msg("{book} cannot be written: the file or its folder is read-only", book=name)
    if kind.startswith("SQLITE_CANTOPEN"):
        return msg("{book} cannot be opened: its folder does not exist, cannot be written or is no folder", book=name)
    if kind in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return msg("{book} is no gradebook, or it is damaged", book=name)
    if kind.startswith("SQLITE_BUSY"):
        return msg("{book} is held by another program for longer than {seconds} s", book=name, seconds=BUSY_S)
    if kind.startswith("SQLITE_IOERR"):
        return msg(
            "{book} cannot be read or written: the disk, or a limit on the size of files, refuses; "
            "what was written before is safe",
            book=name,
        )
    said = str(cause).strip().split("\n")[0]  # what follows is advice for whoever runs the server
    for prefix in ("connection is bad: ", "connection failed: "):
        said = said.removeprefix(prefix)
    return msg("{book} cannot be used: {error}", book=name, error=" ".join(said.split()))
