"""One network as the host asks it: the student's behind the wall, or the reference on our side, in the same way.

Everything that comes back is read as if a hostile process had written it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Never, Protocol

from grader.compare.array import Array, as_array
from grader.expect import Mismatch
from grader.message import msg
from grader.model import Evidence, Label
from grader.network.memo import Reference
from grader.network.trace import Trace, UnreadableRecord, read_trace
from grader.network.weight import State
from grader.sandbox.host import StudentError
from grader.student import Student
from grader.untrusted import clean

Shapes = dict[str, tuple[int, ...]]
MAX_TENSORS = 4000


class Ask(Protocol):
    """Sends one request of `grader.sandbox.guest_model` and returns its answer."""

    def __call__(self, op: str, **arguments: Any) -> dict[str, Any]:
        """The answer."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of forward passes: outputs, the inputs as they were left, the buffers afterwards."""

    outputs: tuple[object, ...]
    inputs: tuple[object, ...]
    buffers: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Gradients:
    """The gradients by parameter; None where there is none."""

    parameters: Mapping[str, Array | None]
    input: Array | None


@dataclass(frozen=True, slots=True)
class Traced:
    """A forward pass with its record."""

    trace: Trace
    output: object
    values: Mapping[int, Array]  # first results of the steps that were asked for


class Model:
    """A network that can be built, traced, loaded, run and trained."""

    def __init__(self, ask: Ask, name: str, note: Callable[..., None] | None = None) -> None:
        self._ask = ask
        self._name = name
        self._note = note
        self.by_position: tuple[str, ...] = ()

    def build(self, kwargs: Mapping[str, int], dtype: str) -> Shapes:
        """Make the network; the shapes of its parameters by name.

        Raises:
            Mismatch: Its constructor takes other arguments, or makes no module.
        """
        answer = self._ask("model.build", name=self._name, kwargs=dict(kwargs), dtype=dtype)
        names = answer.get("by_position")
        self.by_position = tuple(clean(str(name), 40) for name in names) if isinstance(names, list) else ()
        return self._shapes(answer, kwargs)

    def shapes(self, kwargs: Mapping[str, int]) -> Shapes:
        """The shapes of the parameters of a network of another size, without memory where that is possible."""
        return self._shapes(self._ask("model.shapes", name=self._name, kwargs=dict(kwargs)), kwargs)

    def trace(self, x: Array, *, training: bool = False, values: Sequence[int] = ()) -> Traced:
        """Run it once and read the record."""
        answer = self._run("model.trace", [x], x=x, training=training, values=list(values))
        try:
            trace = read_trace(answer.get("steps"))
        except UnreadableRecord:
            _unreadable()
        found = {}
        for row in answer.get("values") or []:
            value = as_array(row[1]) if isinstance(row, list) and len(row) == 2 and type(row[0]) is int else None
            if value is not None:
                found[row[0]] = value
        return Traced(trace, answer.get("output"), found)

    def partial_trace(self) -> Trace:
        """What the last trace recorded before it raised; empty where that cannot be read."""
        try:
            return read_trace(self._ask("model.steps").get("steps"))
        except UnreadableRecord:
            return Trace(())

    def load(self, state: State) -> None:
        """Set parameters and buffers."""
        self._ask("model.load", state=state)

    def forward(self, inputs: Sequence[Array], *, training: bool = False) -> Ran:
        """Run it on each input, one after another."""
        answer = self._run("model.forward", inputs, inputs=list(inputs), training=training)
        outputs, left, buffers = answer.get("outputs"), answer.get("inputs"), answer.get("buffers")
        if not (isinstance(outputs, list) and isinstance(left, list) and isinstance(buffers, dict)):
            _unreadable()
        if not len(outputs) == len(left) == len(inputs):
            _unreadable()
        return Ran(tuple(outputs), tuple(left), buffers)

    def gradients(self, x: Array, grad_y: Array, *, training: bool) -> Gradients:
        """The gradients of sum(output * grad_y)."""
        answer = self._run("model.gradients", [x], x=x, grad_y=grad_y, training=training)
        parameters = answer.get("parameters")
        if not isinstance(parameters, dict):
            _unreadable()
        return Gradients({name: as_array(value) for name, value in parameters.items()}, as_array(answer.get("input")))

    def train(
        self, x: Array, labels: Array, *, steps: int, lr: float, momentum: float, device: str
    ) -> dict[str, object]:
        """Train on one batch; parameters and buffers afterwards."""
        options = {"steps": steps, "lr": lr, "momentum": momentum, "device": device}
        state = self._run("model.train", [x], x=x, labels=labels, **options).get("state")
        if not isinstance(state, dict):
            _unreadable()
        return state

    def _run(self, op: str, images: Sequence[Array], **arguments: Any) -> dict[str, Any]:
        """Send a request that runs the network; if that raises, the report is to show on which images."""
        try:
            return self._ask(op, **arguments)
        except StudentError:
            if self._note is not None:
                for x in images:
                    self._note("forward", x=x)
            raise

    def _shapes(self, answer: Mapping[str, Any], kwargs: Mapping[str, int]) -> Shapes:
        if "signature" in answer:
            found = answer["signature"] if isinstance(answer["signature"], list) else []
            raise Mismatch(
                msg(
                    "The constructor takes other arguments: expected {expected}, found {found}.",
                    expected=f"{self._name}({', '.join(kwargs)})",
                    found=f"{self._name}({', '.join(clean(str(name), 40) for name in found)})",
                ),
                Evidence(Label.HINT, msg("Name the arguments as the prompt does.")),
            )
        if "type" in answer:
            kind = clean(str(answer["type"]), 60)
            raise Mismatch(msg("{name}(...) must be a torch.nn.Module; it is a {kind}.", name=self._name, kind=kind))
        rows = answer.get("parameters")
        if not isinstance(rows, list) or len(rows) > MAX_TENSORS:
            _unreadable()
        return dict(map(_named_shape, rows))


def of_student(student: Student, name: str) -> Model:
    """The student's network."""
    return Model(student.request, name, student.note)


def of_reference(maker: Callable[..., Any]) -> Model:
    """A network of ours, run in this process by the code that the guest runs too."""
    return Model(Reference(maker), getattr(maker, "__name__", "reference"))


def _named_shape(row: object) -> tuple[str, tuple[int, ...]]:
    if not (isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], list)):
        _unreadable()
    if len(row[1]) > 8 or any(type(side) is not int or not 0 <= side < 2**40 for side in row[1]):
        _unreadable()
    return row[0], tuple(row[1])


def _unreadable() -> Never:
    raise Mismatch(msg("The answer about the network cannot be read; only the code of the network is asked for."))
