"""The values of grading: verdicts, evidence, outcomes, reports.  Facts and arithmetic, no judgement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from grader.message import Message

REPORT_FORMAT = 1


class Verdict(StrEnum):
    """What came of a check, and by it whose matter that is."""

    PASS = "pass"  # the host computed it from data that it received
    FAIL = "fail"  # an answer came and it is wrong
    ERROR = "error"  # the student's code raised, crashed or left
    MISSING = "missing"  # nothing was handed in, or it is not written yet
    TIMEOUT = "timeout"  # the student's code did not end in time
    MEMORY = "memory"  # the student's code used too much memory
    UNREADABLE = "unreadable"  # an answer stands there and we cannot read it: pending, not wrong
    SKIPPED = "skipped"  # a check that it depends on has not passed
    NEEDS_REVIEW = "needs_review"  # a human decides: pending
    FAULT = "fault"  # ours: pending, never the student's loss

    @property
    def is_pending(self) -> bool:
        """Whether the points are neither earned nor lost yet."""
        return self in (Verdict.UNREADABLE, Verdict.NEEDS_REVIEW, Verdict.FAULT)


class Label(Enum):
    """What a line of evidence is; renderers know how to call it in each language."""

    EXPECTED = "expected"
    GOT = "got"
    WHERE = "where"
    INPUT = "input"
    LINE = "line"
    TOLERANCE = "tolerance"
    DETAIL = "detail"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One labelled line below a verdict."""

    label: Label
    text: Message

    def to_json(self) -> dict[str, Any]:
        """The line as JSON data."""
        return {"label": self.label.value, "text": self.text.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Evidence:
        """Rebuild a line from `to_json`."""
        return cls(Label(data["label"]), Message.from_json(data["text"]))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one check."""

    check: str
    sentence: Message
    verdict: Verdict
    possible: int
    summary: Message | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def earned(self) -> int:
        """Points: all of them for a pass, none otherwise."""
        return self.possible if self.verdict is Verdict.PASS else 0

    @property
    def pending(self) -> int:
        """Points that are still open."""
        return self.possible if self.verdict.is_pending else 0

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON data."""
        return {
            "check": self.check,
            "sentence": self.sentence.to_json(),
            "verdict": self.verdict.value,
            "points": {"earned": self.earned, "pending": self.pending, "possible": self.possible},
            "summary": self.summary.to_json() if self.summary else None,
            "evidence": [line.to_json() for line in self.evidence],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """Rebuild an outcome from `to_json`."""
        return cls(
            check=data["check"],
            sentence=Message.from_json(data["sentence"]),
            verdict=Verdict(data["verdict"]),
            possible=data["points"]["possible"],
            summary=Message.from_json(data["summary"]) if data["summary"] else None,
            evidence=tuple(map(Evidence.from_json, data["evidence"])),
        )


@dataclass(frozen=True, slots=True)
class Points:
    """Points earned, still open, and possible."""

    earned: int = 0
    pending: int = 0
    possible: int = 0

    @classmethod
    def total(cls, parts: Iterable[Outcome | Points]) -> Points:
        """The sum of the parts."""
        rows = [(part.earned, part.pending, part.possible) for part in parts]
        return cls(*(sum(column) for column in zip(*rows, strict=True))) if rows else cls()

    def to_json(self) -> dict[str, int]:
        """The points as JSON data."""
        return {"earned": self.earned, "pending": self.pending, "possible": self.possible}


@dataclass(frozen=True, slots=True)
class Understood:
    """How an answer by hand was read: the field's name and the answer in canonical form."""

    field: str
    answer: Message

    @property
    def text(self) -> str:
        """The answer in English."""
        return str(self.answer)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A misconception that explains every probe: the wrong submission that models it, and its sentence."""

    mistake: str
    sentence: Message


@dataclass(frozen=True, slots=True)
class ExerciseReport:
    """What came of one exercise."""

    exercise: str
    version: int
    title: Message
    outcomes: tuple[Outcome, ...]
    diagnosis: Diagnosis | None = None
    remarks: tuple[Message, ...] = ()
    understood: tuple[Understood, ...] = ()
    isolation: str | None = None  # None: no code of the student's was run

    @property
    def points(self) -> Points:
        """The sum over the checks."""
        return Points.total(self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """The exercise's part of the report as JSON data."""
        return {
            "exercise": self.exercise,
            "version": self.version,
            "title": self.title.to_json(),
            "points": self.points.to_json(),
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
            "diagnosis": {"mistake": self.diagnosis.mistake, "sentence": self.diagnosis.sentence.to_json()}
            if self.diagnosis
            else None,
            "remarks": [remark.to_json() for remark in self.remarks],
            "understood": [{"field": line.field, "answer": line.answer.to_json()} for line in self.understood],
            "isolation": self.isolation,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ExerciseReport:
        """Rebuild an exercise's part from `to_json`."""
        diagnosis = data["diagnosis"]
        return cls(
            exercise=data["exercise"],
            version=data["version"],
            title=Message.from_json(data["title"]),
            outcomes=tuple(map(Outcome.from_json, data["outcomes"])),
            diagnosis=Diagnosis(diagnosis["mistake"], Message.from_json(diagnosis["sentence"])) if diagnosis else None,
            remarks=tuple(map(Message.from_json, data["remarks"])),
            understood=tuple(
                Understood(line["field"], Message.from_json(line["answer"])) for line in data["understood"]
            ),
            isolation=data["isolation"],
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a submission: a value; terminal, JSON and the rest are renderings of it.

    The same submission, course and kind of machine give the same report, byte
    for byte; so it holds no times.
    """

    course: str
    student: str | None
    submission: str  # sha256 of the graded content
    seed: str
    device: str
    exercises: tuple[ExerciseReport, ...]
    remarks: tuple[Message, ...] = ()
    isolation: str = ""
    not_graded: tuple[str, ...] = field(default=())  # exercises of the course that were left out on request

    @property
    def points(self) -> Points:
        """The sum over the exercises."""
        return Points.total(exercise.points for exercise in self.exercises)

    @property
    def has_fault(self) -> bool:
        """Whether a fault of ours keeps any points open."""
        return any(outcome.verdict is Verdict.FAULT for part in self.exercises for outcome in part.outcomes)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON data, described in docs/report.md."""
        return {
            "format": REPORT_FORMAT,
            "course": self.course,
            "student": self.student,
            "submission": self.submission,
            "seed": self.seed,
            "device": self.device,
            "isolation": self.isolation,
            "points": self.points.to_json(),
            "exercises": [exercise.to_json() for exercise in self.exercises],
            "remarks": [remark.to_json() for remark in self.remarks],
            "not_graded": list(self.not_graded),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """Rebuild a report from `to_json`.

        Raises:
            ValueError: The data are of another format.
        """
        if data.get("format") != REPORT_FORMAT:
            raise ValueError(f"format: expected {REPORT_FORMAT}, got {data.get('format')!r}")
        return cls(
            course=data["course"],
            student=data["student"],
            submission=data["submission"],
            seed=data["seed"],
            device=data["device"],
            exercises=tuple(map(ExerciseReport.from_json, data["exercises"])),
            remarks=tuple(map(Message.from_json, data["remarks"])),
            isolation=data["isolation"],
            not_graded=tuple(data["not_graded"]),
        )

    @property
    def digest(self) -> str:
        """Sha256 of the report's canonical JSON."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()
