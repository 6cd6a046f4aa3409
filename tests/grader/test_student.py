import numpy as np
import pytest

from grader.sandbox.host import GuestLost, MissingName, StudentError, UnsendableValue
from grader.sandbox.isolation import PROCESS
from grader.sandbox.launch import GuestSpec, launcher
from grader.sandbox.limits import Limits
from grader.student import MAX_GUESTS, GuestTransport, LocalTransport, Student
from tests.grader.inside import Inside

LIMITS = Limits(load_time_s=4, call_time_s=1, total_time_s=6, memory_mib=400, address_space_mib=1500)
CODE = """
import os
import numpy as np

count = 0

def double(x):
    return 2 * x

def change(x):
    x[0] = 9
    return 0

def tick():
    global count
    count += 1
    return count

def leave():
    os._exit(3)

def spin():
    while True:
        pass

def fail():
    raise ValueError("no")

def table():
    return {1: 2}

raise RuntimeError("at the end")
"""


def test_a_student_s_functions_are_attributes_and_their_calls_are_remembered():
    transport = Inside(double=lambda x, by=2: by * x)
    student = Student(transport)

    assert student.double(3) == 6
    assert student.double(3, by=4) == 12
    assert [(call.name, call.args, call.kwargs) for call in student.last_calls()] == [
        ("double", (3,), {}),
        ("double", (3,), {"by": 4}),
    ]
    student.begin()
    assert student.last_calls() == ()


def test_private_names_are_no_functions_of_a_student():
    with pytest.raises(AttributeError, match="_secret"):
        Student(Inside())._secret


def test_a_request_of_another_kind_keeps_its_own_time():
    class Models(Inside):
        def request(self, request, *, time_s=None):
            return {"op": request["op"], "time_s": time_s}

    student = Student(Models())
    student.note("SegNet", width=4)

    assert student.request("build", time_s=9, name="SegNet") == {"op": "build", "time_s": 9}
    assert [(call.name, call.kwargs) for call in student.last_calls()] == [("SegNet", {"width": 4})]


@pytest.fixture
def transport(tmp_path):
    """A guest that is an ordinary process: the same protocol as behind bubblewrap."""
    (tmp_path / "code.py").write_text(CODE)
    transport = GuestTransport(launcher(PROCESS), GuestSpec("numpy", tmp_path, LIMITS), "code.py")
    yield transport
    transport.close()


def test_values_cross_as_data_and_arguments_stay_ours(transport):
    student = Student(transport)
    x = np.arange(3.0)

    assert student.double(x).tolist() == [0.0, 2.0, 4.0]
    answer = student.ask("change", x, echo=True)
    assert answer["args"][0].tolist() == [9.0, 1.0, 2.0]
    assert x.tolist() == [0.0, 1.0, 2.0]


def test_one_guest_answers_as_long_as_it_lives_and_says_what_went_wrong_while_loading(transport):
    student = Student(transport)

    assert [student.tick(), student.tick()] == [1, 2]
    assert [problem.type for problem in transport.problems] == ["RuntimeError"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("fail", StudentError), ("nothing", MissingName), ("table", UnsendableValue)],
)
def test_each_kind_of_answer_that_is_no_value_has_its_exception_and_the_guest_lives_on(transport, name, kind):
    student = Student(transport)
    student.tick()

    with pytest.raises(kind):
        getattr(student, name)()
    assert student.tick() == 2


def test_a_guest_that_died_is_replaced_a_few_times_and_no_more(transport):
    student = Student(transport)
    for _ in range(MAX_GUESTS):
        with pytest.raises(GuestLost, match=r"ended its process \(exit status 3\) before it answered") as caught:
            student.leave()
        assert caught.value.while_called

    with pytest.raises(GuestLost, match="ended its process") as caught:
        student.tick()
    assert not caught.value.while_called  # this one was never asked


def test_the_time_of_an_exercise_is_used_up_by_slow_calls(tmp_path):
    (tmp_path / "code.py").write_text("def spin():\n    while True: pass\n")
    limits = Limits(load_time_s=4, call_time_s=0.3, total_time_s=0.5)
    transport = GuestTransport(launcher(PROCESS), GuestSpec("numpy", tmp_path, limits), "code.py")
    student = Student(transport)
    try:
        with pytest.raises(GuestLost, match="Your code was stopped after"):
            student.spin()
        with pytest.raises(GuestLost):
            student.spin()
        with pytest.raises(GuestLost, match=r"Your code used up the 0.5 seconds of this exercise\."):
            student.spin()
    finally:
        transport.close()


def test_an_exercise_s_own_submission_answers_here_in_the_same_data(tmp_path):
    path = tmp_path / "code.py"
    path.write_text(CODE)
    student = Student(LocalTransport(path, "numpy"))

    assert student.double(np.arange(2)).tolist() == [0, 2]
    for name, kind in (("fail", StudentError), ("nothing", MissingName), ("table", UnsendableValue)):
        with pytest.raises(kind):
            getattr(student, name)()
