"""A report as lines of text, with colours where a terminal has them; nothing is said by colour alone.

    conv2d: write the convolution layer out in numpy                 4 of 10 points
    -------------------------------------------------------------------------------
      This is what happened: Your output is the correlation: ...

      PASS  2/2  A 1 x 1 kernel of one returns the image unchanged. (identity)
      FAIL  0/2  Values are right for strides 1, 2 and 3. (strides)
        4 of 9 values differ.
        expected  [[1, 2], [3, 4]]
        got       [[1, 2], [3, 5]]

Every text passes `visible` and becomes a `Text`, whose content rich never takes
for markup: a student's brackets and escapes are only shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from grader.answers.source import display_width
from grader.intake.submission import NO_FILE
from grader.message import Message, Translate, msg
from grader.model import Evidence, ExerciseReport, Outcome, Points, Report, Verdict
from grader.report.layout import WIDTH, caret_block, pad, visible, wrap
from grader.report.word import LABELS, OPEN, VERDICTS, points_text
from grader.sandbox.isolation import CLAIMS

MAX_WIDTH = 100
MIN_WIDTH = 40
STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.ERROR: "red",
    Verdict.TIMEOUT: "red",
    Verdict.MEMORY: "red",
    Verdict.MISSING: "yellow",
    Verdict.SKIPPED: "dim",
    Verdict.UNREADABLE: "magenta",
    Verdict.NEEDS_REVIEW: "cyan",
    Verdict.FAULT: "magenta",
}
UNWRITTEN = frozenset({Verdict.MISSING, Verdict.SKIPPED})


def text(report: Report, translate: Translate = str, *, width: int = WIDTH) -> str:
    """The report as plain text, the same bytes for the same report."""
    return "".join(f"{line.plain}\n" for line in lines(report, translate, width=width))


def show(report: Report, console: Console, translate: Translate = str) -> None:
    """Print the report on a console, as wide as it is but not wider than reads well."""
    for line in lines(report, translate, width=max(MIN_WIDTH, min(console.width, MAX_WIDTH))):
        console.print(line, soft_wrap=True)


def lines(report: Report, translate: Translate = str, *, width: int = WIDTH) -> Iterator[Text]:
    """The lines of the report."""
    page = _Page(translate, width)
    yield from page.head(report)
    for part in report.exercises:
        yield Text()
        yield from page.exercise(part)
    yield Text()
    yield from page.foot(report)


@dataclass(frozen=True, slots=True)
class _Page:
    """A language and a width; its methods turn parts of a report into lines."""

    translate: Translate
    width: int

    def say(self, message: Message) -> str:
        return visible(message.render(self.translate))

    def head(self, report: Report) -> Iterator[Text]:
        title = visible(self.translate(report.course))
        if report.student is not None:
            title = self.say(msg("{course}, student {student}", course=title, student=visible(report.student)))
        yield from self.block(title, style="bold")
        yield from self.bullets(report.remarks, indent=0)

    def exercise(self, part: ExerciseReport) -> Iterator[Text]:
        yield from self.title(self.say(part.title), part.points)
        if part.diagnosis is not None:
            said = self.say(msg("This is what happened: {sentence}", sentence=part.diagnosis.sentence))
            yield from self.block(said, indent=2, style="bold")
            yield Text()
        columns = _Columns(
            max((display_width(self.say(VERDICTS[outcome.verdict])) for outcome in part.outcomes), default=0),
            max((len(_earned(outcome)) for outcome in part.outcomes), default=0),
        )
        before: Message | None = None
        for outcome in part.outcomes:
            yield from self.outcome(outcome, columns, before)
            before = outcome.summary if outcome.verdict is Verdict.MISSING else None
        yield from self.understood(part)
        if part.remarks:
            yield from self.block(self.say(msg("Remarks")), indent=2, style="bold")
            yield from self.bullets(part.remarks, indent=2)

    def title(self, title: str, points: Points) -> Iterator[Text]:
        right = self.say(points_text(points))
        room = self.width - display_width(right) - 2
        pieces = wrap(title, room if room >= self.width // 2 else self.width)
        for piece in pieces[:-1]:
            yield Text(piece, "bold")
        gap = self.width - display_width(pieces[-1]) - display_width(right)
        if gap >= 2:
            yield Text.assemble((pieces[-1], "bold"), " " * gap, right)
        else:
            yield Text(pieces[-1], "bold")
            yield Text(" " * max(0, self.width - display_width(right)) + right)
        yield Text("-" * self.width, "dim")

    def outcome(self, outcome: Outcome, columns: _Columns, before: Message | None) -> Iterator[Text]:
        """A check: verdict, points and sentence, then why; the same missing file is explained once, not at each."""
        verdict = pad(self.say(VERDICTS[outcome.verdict]), columns.verdict)
        points = f"{_earned(outcome):>{columns.points}}"
        indent = 2 + columns.verdict + 2 + columns.points + 2
        first, *rest = wrap(f"{self.say(outcome.sentence)} ({outcome.check})", self.width - indent)
        yield Text.assemble("  ", (verdict, f"bold {STYLES[outcome.verdict]}"), f"  {points}  {first}")
        for piece in rest:
            yield Text(" " * indent + piece)
        if outcome.summary is not None and outcome.summary != before:
            yield from self.block(self.say(outcome.summary), indent=4)
        yield from self.evidence(outcome.evidence)

    def evidence(self, evidence: Iterable[Evidence]) -> Iterator[Text]:
        column = max(display_width(self.say(label)) for label in LABELS.values())
        for line in evidence:
            label = pad(self.say(LABELS[line.label]), column)
            said = self.say(line.text)
            room = self.width - 4 - column - 2
            first, *rest = caret_block(said, room) or wrap(said, room)
            yield Text.assemble("    ", (label, "dim"), f"  {first}")
            for piece in rest:
                yield Text((" " * (4 + column + 2) + piece).rstrip())

    def understood(self, part: ExerciseReport) -> Iterator[Text]:
        read = [line for line in part.understood if line.text]
        if not read:
            return
        yield from self.block(self.say(msg("How your answers were read")), indent=2, style="bold")
        column = max(display_width(visible(line.field)) for line in read)
        for line in read:
            first, *rest = wrap(self.say(line.answer), self.width - 4 - column - 2)
            yield Text.assemble("    ", (pad(visible(line.field), column), "dim"), f"  {first}")
            for piece in rest:
                yield Text((" " * (4 + column + 2) + piece).rstrip())

    def foot(self, report: Report) -> Iterator[Text]:
        outcomes = [outcome for part in report.exercises for outcome in part.outcomes]
        verdicts = {outcome.verdict for outcome in outcomes}
        total = msg("Total: {points}", points=points_text(report.points))
        yield Text(self.say(total), "bold")
        yield from self.bullets((OPEN[verdict] for verdict in Verdict if verdict in verdicts & OPEN.keys()), indent=0)
        if report.not_graded:
            left = msg("Not graded this time: {exercises}.", exercises=", ".join(report.not_graded))
            yield from self.block(self.say(left))
        elif verdicts == {Verdict.PASS}:
            yield from self.block(self.say(msg("All checks have passed.")))
        if outcomes and all(map(_is_untouched, outcomes)):
            yield from self.block(self.say(_where_to_begin(report)))
        yield Text()
        yield from self.block(self.say(_isolation(report)), style="dim")
        facts = msg(
            "submission {submission}, seed {seed}, device {device}",
            submission=report.submission[:12],
            seed=report.seed,
            device=report.device,
        )
        yield from self.block(self.say(facts), style="dim")

    def bullets(self, messages: Iterable[Message], *, indent: int) -> Iterator[Text]:
        for message in messages:
            first, *rest = wrap(self.say(message), self.width - indent - 2)
            yield Text(f"{' ' * indent}- {first}")
            for piece in rest:
                yield Text(" " * (indent + 2) + piece)

    def block(self, said: str, *, indent: int = 0, style: str = "") -> Iterator[Text]:
        for piece in wrap(said, self.width - indent):
            yield Text(" " * indent + piece, style)


@dataclass(frozen=True, slots=True)
class _Columns:
    """How wide the columns of an exercise's checks are."""

    verdict: int
    points: int


def _earned(outcome: Outcome) -> str:
    """`2/2`; what is pending is no zero."""
    return f"{'?' if outcome.verdict.is_pending else outcome.earned}/{outcome.possible}"


def _is_untouched(outcome: Outcome) -> bool:
    """Whether nothing stands there yet; a file that lacks the function, or is no Python, was somebody's work."""
    where = outcome.summary.args.get("where") if outcome.summary is not None else None
    return outcome.verdict in UNWRITTEN and (not isinstance(where, Message) or where.text == NO_FILE)


def _where_to_begin(report: Report) -> Message:
    return msg(
        "Nothing is filled in yet, so there is nothing to mark: everybody begins here. Begin with the first exercise, "
        "{title}: write its answers below their headings in answers.md, or its function into its file, and run "
        "`grade check` again. It records nothing, so run it as often as you like.",
        title=report.exercises[0].title,
    )


def _isolation(report: Report) -> Message:
    if all(part.isolation is None for part in report.exercises):
        return msg("Isolation: none was needed, because no code was run.")
    return CLAIMS.get(report.isolation) or msg("Isolation: {name}.", name=report.isolation)
