"""Guests that are forked from a warm template: as fresh and as confined as cold ones, and gone with whoever holds them."""

import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from grader.sandbox import bubblewrap
from grader.sandbox.host import Guest, GuestLost, SandboxFault
from grader.sandbox.isolation import BUBBLEWRAP, PROCESS, probe_bubblewrap
from grader.sandbox.launch import BubblewrapLauncher, GuestSpec
from grader.sandbox.limits import Limits
from grader.sandbox.process import Child
from grader.sandbox.warm import Kept, WarmLauncher
from grader.student import GuestTransport

needs_bubblewrap = pytest.mark.skipif(
    not probe_bubblewrap().works, reason=f"bubblewrap does not work here: {probe_bubblewrap().reason}"
)
LIMITS = Limits(load_time_s=10, call_time_s=5, processes=10)
CODE = r'''
import ctypes, errno, gc, math, os, random, re, resource, socket, sys, time
import numpy as np

NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")

def status(*keys):
    with open("/proc/self/status") as stream:
        lines = dict(line.split(":", 1) for line in stream)
    return {key: lines[key].strip() for key in keys}

def outside():
    """What a program can learn of where it runs."""
    with open("/proc/mounts") as stream:
        mounts = sorted(" ".join(line.split()[1:4]) for line in stream)
    return {
        "status": status("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Uid", "Gid",
                         "Groups", "Threads", "SigBlk", "SigIgn", "SigCgt"),
        "mounts": mounts,
        "folders": {name: sorted(os.listdir(name)) for name in ("/", "/dev", "/dev/shm", "/guest", "/packages", "/tmp")},
        "processes": [name for name in os.listdir("/proc") if name.isdigit()],
        "limits": {name: list(resource.getrlimit(getattr(resource, name)))
                   for name in dir(resource) if name.startswith("RLIMIT")},
        "environment": {key: value for key, value in os.environ.items() if key != "GRADE_GUEST"},
        "python": [sys.path, sys.argv, str(sys.flags), sys.getrecursionlimit(), __name__, depth()],
        "order of a set": list({"a", "b", "c", "d", "e"}),
        "place": [os.getcwd(), os.umask(0o22), os.uname().nodename, os.nice(0), os.getpid()],
    }

def depth():
    frame, count = sys._getframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count

def own_modules():
    return sorted(name for name in sys.modules if name in ("guest", "template", "namespace", "source", "wire"))

def namespaces():
    return [os.readlink("/proc/self/ns/" + name) for name in NAMESPACES]

def descriptors(pid):
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{name}").split(":")[0])
        except OSError:  # the one that listed the folder
            continue
    return sorted(found)

def open_sockets():
    return sum(isinstance(one, socket.socket) and one.fileno() >= 0 for one in gc.get_objects())

def shared_memory():
    """Memory that another process could write, or see written."""
    with open("/proc/self/maps") as stream:
        return [line for line in stream if "s" in line.split()[1] and "w" in line.split()[1]]

def remember(number):
    global kept
    kept = "secret-" + str(number)

def in_memory(pattern):
    """Every text in this process's memory that matches; the pattern itself must not."""
    found = set()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            area, rights = line.split()[:2]
            if rights.startswith("rw"):
                first, last = (int(end, 16) for end in area.split("-"))
                try:
                    memory.seek(first)
                    found |= set(re.findall(pattern.encode(), memory.read(last - first)))
                except (OSError, OverflowError):
                    continue
    return sorted(one.decode() for one in found)

def spoil():
    """Leave behind whatever a process can leave behind."""
    np.multiply = math.sqrt = lambda *_: 0
    np.ndarray_of_before = sys.modules["of_before"] = sys
    random.seed(1), np.random.seed(1), np.seterr(all="raise"), sys.setrecursionlimit(500), os.umask(0)
    os.environ["OF_BEFORE"] = "1"
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
    for folder in ("/tmp", "/dev/shm"):
        open(folder + "/of_before", "w").close()
    return state()

def state():
    return [np.multiply(3, 2) != 6, math.sqrt(4) != 2, "of_before" in sys.modules, hasattr(np, "ndarray_of_before"),
            "OF_BEFORE" in os.environ, np.geterr()["divide"] != "ignore", sys.getrecursionlimit() != 1000,
            resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 20, os.path.exists("/tmp/of_before"),
            os.path.exists("/dev/shm/of_before")]

def numbers():
    return [random.random(), float(np.random.random())]

def forks():
    """How many children it may have at once."""
    children = []
    try:
        while len(children) < 15:  # root may start as many as it likes
            child = os.fork()
            if child == 0:
                time.sleep(60)
            children.append(child)
    except OSError:
        return len(children)

def orphans(count):
    """Children that nobody waits for, one after another: more than may live at once."""
    for _ in range(count):
        if os.fork() == 0:
            if os.fork() == 0:
                os._exit(0)
            os._exit(0)
        os.wait()
    time.sleep(0.2)
    return sum(name.isdigit() for name in os.listdir("/proc"))

def new_namespace():
    return ctypes.CDLL(None).unshare(0x10000000)

def writes_to_the_interpreter():
    """The file that runs here is seen through the template's mounts: those are read-only too."""
    try:
        os.close(os.open("/proc/self/exe", os.O_RDWR))
    except OSError as error:
        return errno.errorcode[error.errno]

def writes_to_the_first_process():
    for name in ("0", "1", "2"):
        with open("/proc/1/fd/" + name, "wb", 0) as stream:
            stream.write(b"x" * 100)
    return "alive"

def end(number):
    os.kill(os.getpid(), number) if number else os._exit(7)

def rest():
    time.sleep(60)
'''


@pytest.fixture(scope="module")
def submitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submission")
    (folder / "code.py").write_text(CODE, encoding="utf-8")
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def warm():
    with WarmLauncher() as walls:
        yield walls
        assert walls.reason is None  # else these were cold guests


@pytest.fixture
def guest(warm, submitted):
    """A function that starts a guest of these walls."""
    open_guests = []

    def start(walls=warm, **options):
        one = Guest(walls, GuestSpec("numpy", submitted, LIMITS, **options)).__enter__()
        open_guests.append(one)
        one.prepare()
        assert one.load("code.py") == ()
        return one

    yield start
    for one in open_guests:
        one.close()


@pytest.fixture(scope="module")
def cold(submitted):
    """What a cold guest says, asked once."""
    with Guest(BubblewrapLauncher(), GuestSpec("numpy", submitted, LIMITS)) as one:
        one.prepare()
        one.load("code.py")
        resident = one._launched.process.resident_bytes()
        said = {name: one.call(name, [], {})["value"] for name in ("outside", "own_modules", "new_namespace", "forks")}
        return said | {"resident": resident}


def said(guest, name, *args):
    return guest.call(name, list(args), {})["value"]


def template(walls):
    """The python process of the only template."""
    [one] = walls._templates.values()
    [inside] = psutil.Process(one.process.pid).children()
    return inside


@needs_bubblewrap
@pytest.mark.parametrize(
    "what", ["status", "mounts", "folders", "processes", "limits", "environment", "python", "order of a set", "place"]
)
def test_a_warm_guest_runs_where_a_cold_one_does(guest, cold, what):
    there = said(guest(), "outside")[what]
    expected = cold["outside"][what]
    if what == "limits":  # the keeper counts as one more process of the guest's user
        expected, there = (
            {key: value for key, value in one.items() if key != "RLIMIT_NPROC"} for one in (expected, there)
        )
    if what == "mounts":  # three folders that hold nothing but what is mounted in them are mounts of their own
        expected = sorted(
            [*expected, *(f"{name} tmpfs ro,nosuid,nodev,relatime" for name in ("/etc", "/guest", "/packages"))]
        )

    assert there == expected


@needs_bubblewrap
def test_a_warm_guest_may_start_as_many_processes_and_no_namespace(guest, cold):
    one = guest()

    assert said(one, "new_namespace") == cold["new_namespace"] == -1
    assert said(one, "forks") == cold["forks"]


@needs_bubblewrap
def test_orphans_are_buried(guest):
    assert said(guest(), "orphans", 3 * LIMITS.processes) == 2  # the guest and the first process


@needs_bubblewrap
def test_the_grader_s_own_modules_are_not_in_the_way_of_a_student_s(guest, cold):
    assert said(guest(), "own_modules") == cold["own_modules"]


@needs_bubblewrap
def test_the_interpreter_cannot_be_written(guest):
    assert said(guest(), "writes_to_the_interpreter") in ("EROFS", "ETXTBSY")


@needs_bubblewrap
def test_every_namespace_is_the_guest_s_own(warm, guest):
    first, second = said(guest(), "namespaces"), said(guest(), "namespaces")
    of_the_template = [
        str(Path(f"/proc/{template(warm).pid}/ns/{name}").readlink()) for name in ("ipc", "mnt", "net", "pid")
    ]

    assert not set(first[1:]) & set(second[1:])
    assert not (set(first) | set(second)) & set(of_the_template)


@needs_bubblewrap
def test_nothing_is_inherited_but_the_channel(guest):
    one = guest()

    assert said(one, "descriptors", "self") == ["/dev/null", "pipe", "pipe", "socket"]
    assert said(one, "descriptors", 1) == ["/dev/null", "/dev/null", "pipe"]
    assert said(one, "open_sockets") == 1
    assert said(one, "shared_memory") == []


@needs_bubblewrap
def test_memory_holds_nothing_of_the_host_and_of_other_guests(guest, submitted, monkeypatch):
    monkeypatch.setenv("HOST_TOKEN", "secret-999999999999")
    with WarmLauncher() as walls:
        first = guest(walls)
        said(first, "remember", 123456789012)
        second = guest(walls)

        assert said(first, "in_memory", "secret-[0-9]{12}") == ["secret-123456789012"]
        assert said(second, "in_memory", "secret-[0-9]{12}") == []
        assert said(second, "in_memory", "grade-[a-z0-9_]{8}") == []  # scratch folders
        assert said(second, "in_memory", str(submitted)[:-1] + "[0-9]") == []


@needs_bubblewrap
def test_nothing_is_left_to_the_next_guest(guest):
    first = guest()
    assert all(said(first, "spoil"))
    beside = guest()
    first.close()

    assert not any(said(beside, "state"))
    assert not any(said(guest(), "state"))


@needs_bubblewrap
def test_guests_do_not_share_their_random_numbers(guest):
    first, second = said(guest(), "numbers"), said(guest(), "numbers")

    assert not set(first) & set(second)


@needs_bubblewrap
def test_only_the_guest_s_memory_is_counted(guest, cold):
    one = guest()

    assert 0.3 * cold["resident"] < one._launched.process.resident_bytes() < 1.2 * cold["resident"]


@needs_bubblewrap
@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "exit status 7"), (signal.SIGSEGV, "segmentation fault"), (signal.SIGKILL, "ended by the signal SIGKILL")],
)
def test_how_a_guest_ended_is_told(guest, number, words):
    with pytest.raises(GuestLost, match=words):
        said(guest(), "end", int(number))


@needs_bubblewrap
def test_the_first_process_of_the_namespace_cannot_be_used_against_us(guest):
    assert said(guest(), "writes_to_the_first_process") == "alive"


@needs_bubblewrap
def test_a_guest_outlives_its_template_and_a_template_that_died_is_started_again(submitted, guest):
    with WarmLauncher() as walls:
        one = guest(walls)
        first = template(walls)
        first.kill()
        first.wait(5)

        assert said(one, "state")
        assert said(guest(walls), "state")
        assert template(walls).pid != first.pid
        assert walls.reason is None


@needs_bubblewrap
def test_a_keeper_that_is_killed_is_no_mistake_of_the_student_s(warm, submitted):
    transport = GuestTransport(warm, GuestSpec("numpy", submitted, LIMITS), "code.py")
    call = {"op": "call", "name": "state", "args": [], "kwargs": {}, "echo": False}
    transport.request(call)
    keeper = psutil.Process(transport._guest._launched.process._pid)
    inside = keeper.children(recursive=True)
    keeper.kill()
    keeper.wait(5)
    gone, alive = psutil.wait_procs(inside, timeout=5)
    assert (len(gone), alive) == (3, [])  # bwrap, the first process, the guest

    with pytest.raises(SandboxFault, match="killed from outside"):
        transport.request(call)
    assert transport.request(call)  # a new guest
    transport.close()


@needs_bubblewrap
def test_closing_ends_everything(guest):
    with WarmLauncher() as walls:
        one = guest(walls)
        everything = [template(walls), *template(walls).children(recursive=True)]
        assert len(everything) == 5
        one.close()
    gone, alive = psutil.wait_procs(everything, timeout=5)

    assert (len(gone), alive) == (5, [])


HOST = """
import sys
from pathlib import Path
from grader.sandbox.host import Guest
from grader.sandbox.launch import GuestSpec
from grader.sandbox.process import Child
from grader.sandbox.warm import Kept, WarmLauncher
walls = WarmLauncher()
with Guest(walls, GuestSpec("numpy", Path(sys.argv[1]))) as guest:
    guest.prepare()
    guest.load("code.py")
    print("ready", flush=True)
    guest.call("rest", [], {})
"""


@needs_bubblewrap
def test_nothing_survives_a_host_that_is_killed(submitted):
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(submitted)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    with host:
        assert host.stdout.readline() == b"ready\n"
        everything = psutil.Process(host.pid).children(recursive=True)
        assert len(everything) == 6  # bwrap, the template, a keeper, bwrap, the first process, the guest
        host.kill()
    gone, alive = psutil.wait_procs(everything, timeout=5)

    assert (len(gone), alive) == (6, [])


@needs_bubblewrap
def test_threads_start_guests_at_once(warm, submitted):
    answers = []

    def grade_one():
        with Guest(warm, GuestSpec("numpy", submitted, LIMITS)) as one:
            one.prepare()
            one.load("code.py")
            answers.append(said(one, "state"))

    threads = [threading.Thread(target=grade_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 6


@needs_bubblewrap
def test_a_guest_that_uses_a_gpu_is_started_cold(guest):
    with WarmLauncher() as walls:
        assert said(guest(walls, device="cuda"), "state")
        assert walls._templates == {}


@needs_bubblewrap
def test_a_template_that_is_expected_is_the_one_that_forks(guest):
    with WarmLauncher() as walls:
        walls.expect(["numpy"])
        [expected] = walls._templates.values()
        assert isinstance(guest(walls)._launched.process, Kept)
        assert list(walls._templates.values()) == [expected]


@needs_bubblewrap
def test_a_template_that_nobody_needed_is_ended_before_it_is_warm():
    with WarmLauncher() as walls:
        walls.expect(["torch"])
        [template] = walls._templates.values()
        started = psutil.Process(template.process.pid)
        while not started.children():  # bwrap starts the interpreter
            time.sleep(0.001)
        processes = [started, *started.children(recursive=True)]
    assert template.process.returncode is not None
    assert not psutil.wait_procs(processes, timeout=0.5)[1]


OPTIMIZER = """
import sys, torch
WAS_THERE = "torch._dynamo" in sys.modules

def first_numbers():
    return [WAS_THERE, torch.rand(3)]

def steps():
    weight = torch.nn.Parameter(torch.ones(1))
    torch.optim.Adam([weight]).step(lambda: (weight * weight).sum())
    return "torch._dynamo" in sys.modules
"""


@needs_bubblewrap
def test_a_template_for_many_loads_what_optimizers_need_and_torch_s_random_numbers_begin_as_ever(tmp_path):
    (tmp_path / "code.py").write_text(OPTIMIZER, encoding="utf-8")
    tmp_path.chmod(0o755)
    numbers = []
    for many in (False, True):
        with WarmLauncher(many=many) as walls, Guest(walls, GuestSpec("torch", tmp_path)) as one:
            one.prepare()
            one.load("code.py")
            was_there, drawn = said(one, "first_numbers")
            assert was_there is many
            assert said(one, "steps") is True
            numbers.append(drawn.tolist())

    assert numbers[0] == numbers[1]


@needs_bubblewrap
def test_a_submission_may_lie_where_a_template_cannot_see_it(guest, submitted, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with WarmLauncher() as walls:
        one = guest(walls)
        assert isinstance(one._launched.process, Kept)
        assert said(one, "state")


@needs_bubblewrap
def test_where_no_template_can_be_started_guests_are_cold_and_the_reason_is_told(guest, monkeypatch):
    monkeypatch.setattr(bubblewrap, "template_arguments", lambda kind: ["--no-such-option"])
    with WarmLauncher() as walls:
        assert said(guest(walls), "state")
        assert walls.isolation == BUBBLEWRAP
        assert "no guest can be forked from a template here: bwrap: Unknown option" in str(walls.reason)


def fail_inside(monkeypatch):
    """Have bwrap fail inside a template, as where a user namespace may not hold another."""
    broken = ["--unshare-pid", "--ro-bind", "/no/such", "/x"]
    monkeypatch.setattr(bubblewrap, "forked_arguments", lambda spec: broken)


@needs_bubblewrap
def test_where_namespaces_cannot_be_made_in_a_template_guests_are_cold(guest, monkeypatch):
    fail_inside(monkeypatch)
    with WarmLauncher() as walls:
        assert said(guest(walls), "state")
        assert "bwrap did not make the namespaces of a guest bwrap: Can't find source path /no/such" in str(
            walls.reason
        )


@needs_bubblewrap
def test_one_guest_that_could_not_be_forked_is_cold_and_the_next_is_warm(warm, guest, monkeypatch):
    assert isinstance(guest()._launched.process, Kept)
    with monkeypatch.context() as patch:
        fail_inside(patch)
        assert isinstance(guest()._launched.process, Child)

    assert isinstance(guest()._launched.process, Kept)
    assert warm.reason is None


def test_without_bubblewrap_guests_are_processes_and_the_report_can_say_so(monkeypatch):
    monkeypatch.setenv("GRADE_ISOLATION", PROCESS)
    with WarmLauncher() as walls:
        assert walls.isolation == PROCESS
        assert "only where bubblewrap works" in str(walls.reason)
