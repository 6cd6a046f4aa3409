"""Somebody's SIGKILL: what ends a guest, its keeper or its template from outside changes nothing in a report."""

import select
import signal
import threading
from pathlib import Path

import psutil
import pytest

from grader.exercise import load_course
from grader.grade import MAX_GRADINGS, grade
from grader.intake import Submission
from grader.model import Verdict
from grader.sandbox.host import Guest
from grader.sandbox.isolation import BUBBLEWRAP, PROCESS, probe_bubblewrap
from grader.sandbox.launch import launcher
from grader.sandbox.process import Child
from grader.sandbox.warm import Template, WarmLauncher
from grader.student import MAX_GUESTS
from tests.grader.network.toys import RIGHT as NETWORK
from tests.grader.small_course import COURSE, write

NETWORKS = Path(__file__).parents[1] / "hostile" / "network_course"
MORE = '''

@check(points=1)
def zero(student):
    """Zero stays zero."""
    expect.number(student.double(0), 0, name="double")


@probe
def four(student):
    """A small one."""
    return student.double(4)


@probe
def nine(student):
    """A large one."""
    return student.double(9)
'''
WRONG = '"""Adds one to large numbers.\n\nFails: values\n"""\n\n\ndef double(x):\n    return 2 * x + (x > 3)\n'
SLOW = "import time\ntime.sleep(0.3)\n" + WRONG
KILLS_ITSELF = "import os\ndef double(x):\n    if x > 3:\n        os.kill(os.getpid(), 9)\n    return 2 * x\n"
DELAY_S = 0.1

needs_bubblewrap = pytest.mark.skipif(
    not probe_bubblewrap().works, reason=f"bubblewrap does not work here: {probe_bubblewrap().reason}"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    files = COURSE | {
        "double/checks.py": COURSE["double/checks.py"].replace("import check", "import check, probe") + MORE,
        "double/submissions/wrong/large.py": WRONG,
    }
    return load_course(write(tmp_path_factory.mktemp("course"), files))


@pytest.fixture(scope="module", params=["warm", pytest.param("cold", marks=needs_bubblewrap), "process"])
def walls(request):
    if request.param != "warm":
        yield launcher(BUBBLEWRAP if request.param == "cold" else PROCESS)
        return
    with WarmLauncher() as warm:
        yield warm
        assert warm.reason is None or warm.isolation != BUBBLEWRAP


@pytest.fixture(scope="module")
def warm():
    with WarmLauncher() as walls:
        yield walls
        assert walls.reason is None


@pytest.fixture
def watched(monkeypatch):
    """What is asked of guests, in order; `kill` is called with the guest before each request."""
    return Watched(monkeypatch)


class Watched:
    def __init__(self, monkeypatch):
        self.asked = []
        self.guests = []
        self.kill = lambda guest, number: None
        exchange = Guest._exchange

        def watched(guest, request, time_s):
            if guest not in self.guests:
                self.guests.append(guest)
            self.asked.append(request["op"])
            self.kill(guest, len(self.asked) - 1)
            return exchange(guest, request, time_s)

        monkeypatch.setattr(Guest, "_exchange", watched)

    def undisturbed(self, text, course, walls):
        """The report, and what is asked where the same has been graded before."""
        graded(text, course, walls)
        self.forget()
        report = graded(text, course, walls)
        return report, self.forget()

    def forget(self):
        asked = list(self.asked)
        self.asked.clear()
        self.guests.clear()
        self.kill = lambda guest, at: None
        return asked

    def kill_at(self, moment, which, *, later_s=0.0):
        """Have a process of a guest killed once: before the request of this number, or some time later."""

        def kill(guest, at):
            if at == moment:
                self.kill = lambda guest, at: None
                if later_s:
                    threading.Timer(later_s, lambda: which(guest).kill()).start()
                else:
                    end_of(guest, which(guest))

        self.kill = kill


def graded(text, course, walls):
    return grade(Submission({"double.py": text.encode()}), course, only=["double"], walls=walls)


def keeper(guest):
    return psutil.Process(guest._launched.process._pid)


def processes(guest):
    """The student's process and the outermost one of the guest that is not the keeper, by which it can be killed."""
    held = guest._launched.process
    if isinstance(held, Child):
        outer = psutil.Process(held._process.pid)
        inside = [outer]
        while inside[-1].name() == "bwrap":  # which killed while it begins leaves a guest that waits for it for ever
            inside = [outer, *outer.children(recursive=True)]
        return inside[-1], outer
    [outer] = [child for child in keeper(guest).children() if child.name() == "bwrap"]
    [student] = [child for child in keeper(guest).children() if child != outer]
    return student, outer


def end(process):
    """Kill a process and see it dead; whoever started it must still be told how it ended."""
    process.kill()
    while is_alive(process):
        psutil.time.sleep(0.001)


def end_of(guest, process):
    """Kill a process, and see its guest gone with it: that may answer a few requests before the kernel comes to it."""
    end(process)
    wait = select.poll()
    wait.register(guest._launched.channel, select.POLLHUP)
    assert wait.poll(5000)


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def outcomes(report):
    return {one.check: (one.verdict, str(one.summary)) for part in report.exercises for one in part.outcomes}


def moments(asked):
    """The request that loads, the first call, calls of the search and of the shrinking, and the last: a probe."""
    first = asked.index("call")
    return sorted(
        {asked.index("load"), first, *(first + (len(asked) - first) * i // 5 for i in range(5)), len(asked) - 1}
    )


def test_a_guest_that_somebody_kills_at_any_request_changes_nothing(course, walls, watched):
    expected, asked = watched.undisturbed(WRONG, course, walls)
    assert expected.exercises[0].diagnosis is not None
    assert outcomes(expected)["values"][0] is Verdict.FAIL
    for number, moment in enumerate(moments(asked)):
        which = number % 2  # the student's process, then what is around it
        watched.kill_at(moment, lambda guest, which=which: processes(guest)[which])

        assert graded(WRONG, course, walls) == expected, asked[moment]
        assert len(watched.guests) >= 2  # it was killed, and all was graded again
        watched.forget()


def test_nor_before_the_student_s_first_line_runs(course, walls, watched):
    expected, _ = watched.undisturbed(WRONG, course, walls)
    watched.kill_at(0, lambda guest: processes(guest)[0])

    assert graded(WRONG, course, walls) == expected
    assert len(watched.guests) >= 2


def test_nor_while_the_file_is_loaded_line_by_line(course, walls, watched):
    expected, asked = watched.undisturbed(SLOW, course, walls)
    watched.kill_at(asked.index("load"), lambda guest: processes(guest)[0], later_s=DELAY_S)

    assert graded(SLOW, course, walls) == expected
    assert len(watched.guests) >= 2


def test_a_model_s_guest_that_is_killed_while_it_trains_changes_nothing(walls, watched):
    course = load_course(NETWORKS)
    submission = Submission({"toy.py": NETWORK.encode()})
    expected = grade(submission, course, only=["toy"], walls=walls)
    assert expected.points.earned == expected.points.possible
    watched.kill_at(watched.forget().index("model.train"), lambda guest: processes(guest)[0], later_s=0.005)

    assert grade(submission, course, only=["toy"], walls=walls) == expected
    assert len(watched.guests) >= 2


@needs_bubblewrap
def test_a_keeper_that_is_killed_changes_nothing(course, warm, watched):
    expected, asked = watched.undisturbed(WRONG, course, warm)
    for moment in (0, asked.index("load"), asked.index("call"), len(asked) - 1):
        watched.kill_at(moment, keeper)

        assert graded(WRONG, course, warm) == expected
        assert len(watched.guests) >= 2
        watched.forget()


@needs_bubblewrap
def test_a_keeper_that_is_killed_each_time_is_our_fault_and_costs_no_point(course, warm, watched):
    watched.kill = lambda guest, at: watched.asked[at] != "prepare" and end_of(guest, keeper(guest))

    report = graded(WRONG, course, warm)

    assert {verdict for verdict, _ in outcomes(report).values()} == {Verdict.FAULT}
    assert report.points.pending == report.points.possible
    assert len(watched.guests) > MAX_GRADINGS


@needs_bubblewrap
def test_a_template_that_is_killed_between_and_during_forks_changes_nothing(course, watched, monkeypatch):
    with WarmLauncher() as walls:
        expected, asked = watched.undisturbed(WRONG, course, walls)

        def inside():
            [template] = walls._templates.values()
            return psutil.Process(template.process.pid).children()[0]

        first = inside()
        watched.kill = lambda guest, at: at == asked.index("call") and end(first)
        assert graded(WRONG, course, walls) == expected
        assert graded(WRONG, course, walls) == expected
        second = inside()
        fork = Template.fork

        def killed_while_it_forks(template, spec):
            monkeypatch.setattr(Template, "fork", fork)
            threading.Timer(0.005, end, [second]).start()
            return fork(template, spec)

        monkeypatch.setattr(Template, "fork", killed_while_it_forks)
        assert graded(WRONG, course, walls) == expected
        assert graded(WRONG, course, walls) == expected
        assert len({first.pid, second.pid, inside().pid}) == 3
        assert walls.reason is None


@needs_bubblewrap
def test_a_template_that_is_killed_while_it_starts_is_started_again(course, watched, monkeypatch):
    from grader.sandbox import warm

    receive = warm._receive
    with WarmLauncher() as walls:

        def killed_at_first(connection, timeout_s):
            monkeypatch.setattr(warm, "_receive", receive)
            for child in psutil.Process().children():
                if child.name() == "bwrap":
                    psutil.time.sleep(DELAY_S)
                    end(child.children()[0])
            return receive(connection, timeout_s)

        monkeypatch.setattr(warm, "_receive", killed_at_first)
        assert graded(WRONG, course, walls).points.earned == 1
        assert walls.reason is None


def test_code_that_kills_itself_is_told_so_and_graded_twice(course, walls, watched):
    report = graded(KILLS_ITSELF, course, walls)

    assert outcomes(report) == {
        "values": (Verdict.ERROR, "The process of your code was ended by the signal SIGKILL."),
        "zero": (Verdict.PASS, "None"),
    }
    assert watched.asked.count("prepare") % 2 == 0
    half = len(watched.asked) // 2
    assert watched.asked[:half] == watched.asked[half:]


def test_code_that_kills_itself_otherwise_each_time_is_graded_a_few_times_and_no_more(course, walls, watched):
    at_random = (
        "import os, random\ndef double(x):\n    if random.random() < 0.4: os.kill(os.getpid(), 9)\n    return 2 * x\n"
    )
    report = graded(at_random, course, walls)

    assert len(watched.guests) <= MAX_GRADINGS * MAX_GUESTS
    assert {verdict for verdict, _ in outcomes(report).values()} <= {Verdict.PASS, Verdict.ERROR}


def test_any_other_end_is_believed_at_once(course, walls, watched):
    report = graded(f"import os\ndef double(x):\n    os.kill(os.getpid(), {int(signal.SIGTERM)})\n", course, walls)

    assert outcomes(report)["values"] == (Verdict.ERROR, "The process of your code was ended by the signal SIGTERM.")
    assert len(watched.guests) <= MAX_GUESTS
