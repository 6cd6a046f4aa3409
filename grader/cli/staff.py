"""The staff log: tracebacks of our own mistakes, kept in a file beside the record and never shown in a report."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path

from grader.record import data_folder

LOG_FILE = "staff.log"
LOG_BYTES = 2**20
LOGGER = logging.getLogger("grader.staff")


class _QuietHandler(RotatingFileHandler):
    """Writes where it can; that the log cannot be written must not end or litter a grading."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, making the folder first."""
        with contextlib.suppress(OSError):
            Path(self.baseFilename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Nothing: see the class."""


def open_log() -> None:
    """Send what the grader tells its staff to the file, and nowhere else."""
    for handler in LOGGER.handlers[:]:
        LOGGER.removeHandler(handler)
        handler.close()
    handler = _QuietHandler(data_folder() / LOG_FILE, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.propagate = False


def note(error: BaseException) -> str:
    """Log an exception with its traceback; the number under which it stands there."""
    places = traceback.extract_tb(error.__traceback__)
    place = f"{places[-1].filename}:{places[-1].name}:{places[-1].lineno}" if places else ""
    number = hashlib.sha256(f"{type(error).__name__} {place}".encode()).hexdigest()[:8]
    open_log()
    LOGGER.error("fault %s\n%s", number, "".join(traceback.format_exception(error)))
    return number
