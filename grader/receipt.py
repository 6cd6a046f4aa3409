"""A receipt: digests of everything that a report rests on and of every result in it, so that anyone can check it again.

    submission, seed, device     what was graded, and how
    exercises                    of each the version, the key of all that decides it, and the digest of its part
      checks                     of each the verdict, the points that it is worth, and the digest of its outcome

A receipt is no signature: who changes a result can make a receipt for it.  It is compared with what the gradebook
recorded, or with grading the submission again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.errors import GraderError
from grader.message import Message, msg
from grader.model import ExerciseReport, Outcome, Report, Verdict

RECEIPT_FORMAT = 1


@dataclass(frozen=True, slots=True)
class CheckReceipt:
    """A check's verdict, worth, and the digest of its whole outcome."""

    check: str
    verdict: Verdict
    possible: int
    digest: str

    @classmethod
    def of(cls, outcome: Outcome) -> CheckReceipt:
        """The receipt of an outcome."""
        return cls(outcome.check, outcome.verdict, outcome.possible, digest(outcome.to_json()))


@dataclass(frozen=True, slots=True)
class ExerciseReceipt:
    """An exercise's version and key (None where nobody knows it), its checks, and the digest of its whole part."""

    exercise: str
    version: int
    key: str | None
    checks: tuple[CheckReceipt, ...]
    digest: str

    @classmethod
    def of(cls, part: ExerciseReport, key: str | None) -> ExerciseReceipt:
        """The receipt of an exercise's part."""
        checks = tuple(map(CheckReceipt.of, part.outcomes))
        return cls(part.exercise, part.version, key, checks, digest(part.to_json()))


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of a report."""

    course: str
    student: str | None
    submission: str
    seed: str
    device: str
    exercises: tuple[ExerciseReceipt, ...]

    @classmethod
    def of(cls, report: Report, keys: Mapping[str, str]) -> Receipt:
        """The receipt of a report; `keys` are those of `grader.gradebook.exercise_key`, as far as they are known."""
        exercises = tuple(ExerciseReceipt.of(part, keys.get(part.exercise)) for part in report.exercises)
        return cls(report.course, report.student, report.submission, report.seed, report.device, exercises)

    def to_json(self) -> dict[str, Any]:
        """The receipt as JSON data, with the digest of itself."""
        data = {
            "format": RECEIPT_FORMAT,
            "course": self.course,
            "student": self.student,
            "submission": self.submission,
            "seed": self.seed,
            "device": self.device,
            "exercises": [
                {
                    "exercise": part.exercise,
                    "version": part.version,
                    "key": part.key,
                    "checks": [
                        {
                            "check": check.check,
                            "verdict": check.verdict.value,
                            "possible": check.possible,
                            "digest": check.digest,
                        }
                        for check in part.checks
                    ],
                    "digest": part.digest,
                }
                for part in self.exercises
            ],
        }
        return data | {"receipt": digest(data)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Receipt:
        """Rebuild a receipt from `to_json`.

        Raises:
            GraderError: The data are no receipt, or were changed after it was made.
        """
        try:
            receipt = cls._read(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise GraderError(msg("this is no receipt of format {known}", known=RECEIPT_FORMAT)) from None
        if receipt.to_json() != dict(data):
            raise GraderError(
                msg("the receipt was changed after it was made: its own digest is not that of what it holds")
            )
        return receipt

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> Receipt:
        if data["format"] != RECEIPT_FORMAT:
            raise ValueError(data["format"])
        exercises = tuple(
            ExerciseReceipt(
                part["exercise"],
                part["version"],
                part["key"],
                tuple(
                    CheckReceipt(check["check"], Verdict(check["verdict"]), check["possible"], check["digest"])
                    for check in part["checks"]
                ),
                part["digest"],
            )
            for part in data["exercises"]
        )
        return cls(data["course"], data["student"], data["submission"], data["seed"], data["device"], exercises)


def digest(data: object) -> str:
    """Sha256 of JSON data in their one canonical form."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def differences(receipt: Receipt, found: Receipt) -> Iterator[Message]:
    """What a receipt says otherwise than what was found, a sentence for each; none where they agree."""
    heads = (
        (msg("course"), receipt.course, found.course),
        (msg("student"), str(receipt.student), str(found.student)),
        (msg("content of the submission"), receipt.submission, found.submission),
        (msg("seed"), receipt.seed, found.seed),
        (msg("device"), receipt.device, found.device),
    )
    for what, said, is_now in heads:
        if said != is_now:
            yield msg("{what}: the receipt says {said}, found {found}", what=what, said=said, found=is_now)
    others = {part.exercise: part for part in found.exercises}
    for part in receipt.exercises:
        other = others.pop(part.exercise, None)
        if other is None:
            yield msg("{exercise}: in the receipt, but no longer found", exercise=part.exercise)
        else:
            yield from _in_exercise(part, other)
    for name in others:
        yield msg("{exercise}: found, but not in the receipt", exercise=name)


def _in_exercise(part: ExerciseReceipt, other: ExerciseReceipt) -> Iterator[Message]:
    name = part.exercise
    if part.version != other.version:
        yield msg(
            "{exercise}: the receipt says version {said}, found {found}",
            exercise=name,
            said=part.version,
            found=other.version,
        )
    if part.key is not None and other.key is not None and part.key != other.key:
        yield msg("{exercise}: its files, the grader, Python or a library have changed since", exercise=name)
    if part.digest == other.digest:
        return
    others = {check.check: check for check in other.checks}
    is_explained = False
    for check in part.checks:
        now = others.pop(check.check, None)
        if now == check:
            continue
        is_explained = True
        if now is None:
            yield msg("{exercise}, {check}: no longer found", exercise=name, check=check.check)
        elif (check.verdict, check.possible) == (now.verdict, now.possible):
            yield msg("{exercise}, {check}: the same verdict with other evidence", exercise=name, check=check.check)
        else:
            yield msg(
                "{exercise}, {check}: the receipt says {said} (worth {worth}), found {found} (worth {worth_now})",
                exercise=name,
                check=check.check,
                said=check.verdict.value,
                worth=check.possible,
                found=now.verdict.value,
                worth_now=now.possible,
            )
    for check_name in others:
        yield msg("{exercise}, {check}: found, but not in the receipt", exercise=name, check=check_name)
    if not is_explained and not others:
        yield msg("{exercise}: its title, diagnosis, remarks or how answers were read differ", exercise=name)
