"""A running Dask cluster: the same reports as on this machine, whatever happens to its workers."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import torch
from click.testing import CliRunner

from grader.batch import cluster as cluster_module
from grader.batch import slot as slot_module
from grader.batch.cluster import ClusterPool
from grader.batch.matching import match
from grader.batch.run import run
from grader.batch.slot import STARTED
from grader.batch.source import find
from grader.batch.worker import DIED, grade_one
from grader.cli.exit_code import ExitCode, of_batch
from grader.cli.program import program
from grader.errors import GraderError
from grader.exercise import load_course
from grader.gradebook import Gradebook
from grader.intake import read_submission
from grader.sandbox.isolation import BUBBLEWRAP, strongest

distributed = pytest.importorskip("distributed")

ROOT = Path(__file__).parent.parent.parent.parent
SAMPLES = ROOT / "exercises" / "receptive_field" / "submissions"
NAMES = ("conv_by_hand", "receptive_field")
FIELDS = ("receptive_field",)
FOUND_WITH_FILE = """
import os
import grader.grade as grade
there = grade.resolve_device
grade.resolve_device = lambda name: name if os.path.exists({file!r}) else there(name)
"""
SLOW = "import time\ntime.sleep({seconds})\n"


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """A scheduler in this process with two workers of their own, which nannies start again."""
    with distributed.LocalCluster(
        n_workers=2,
        processes=True,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        local_directory=str(tmp_path_factory.mktemp("dask")),
    ) as started:
        yield started


@pytest.fixture(scope="module")
def course():
    return load_course()


@pytest.fixture
def address(scheduler):
    """The scheduler's address, with both workers there before and no process of ours left afterwards."""
    until(lambda: len(scheduler.scheduler.workers) == 2)
    yield scheduler.scheduler_address
    until(lambda: not slots())
    until(lambda: not scheduler.scheduler.tasks)


@pytest.fixture
def pool(address, course):
    made = ClusterPool(address, course, patience_s=2)
    made.connect()
    yield made
    made.stop(now=True)


@pytest.fixture
def submission(tmp_path):
    """A submission of one file in front of a right solution."""
    numbers = iter(range(100))

    def of(before="", sample="accepted/forward.py"):
        folder = tmp_path / f"s{next(numbers)}"
        hand_in(folder, before, sample)
        return read_submission(folder)

    return of


def hand_in(folder, before="", sample="accepted/forward.py"):
    folder.mkdir(parents=True)
    text = before + (SAMPLES / sample).read_text(encoding="utf-8")
    (folder / "receptive_field.py").write_text(text, encoding="utf-8")


@contextmanager
def empty_cluster(folder):
    """The address of a scheduler without workers."""
    with distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", local_directory=str(folder)) as started:
        yield started.scheduler_address


@contextmanager
def worker(address, *arguments, **environment):
    """One more worker, as the shell starts it; its process."""
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
    with subprocess.Popen(
        [*command, "--no-dashboard", "--name", "another", *arguments],
        env=os.environ | environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            with distributed.Client(address, set_as_default=False) as client:
                until(lambda: "another" in {each["name"] for each in client.scheduler_info()["workers"].values()})
                yield process
        finally:
            process.terminate()


def until(true, seconds=40):
    """What a function returns as soon as that is true; asked again, it may be over."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def slots():
    """Processes that grade for a worker, and the worker of each."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        try:
            if "grader.batch.slot" in process.cmdline():
                found[process.pid] = process.ppid()
        except psutil.Error:
            continue
    return found


def busy():
    """Slots whose submission sleeps."""
    return [pid for pid in slots() if len(psutil.Process(pid).children(recursive=True)) > 1]


def graded_here(submissions, course, names):
    return [grade_one(submission, course.folder, names, "cpu") for submission in submissions]


def submit(executor, submissions, course, names):
    return [executor.submit(grade_one, each, course.folder, names, "cpu") for each in submissions]


def test_reports_are_those_of_this_machine_byte_for_byte(pool, course, submission):
    mixed = [
        submission(),
        submission(sample="wrong/strides_ignored.py"),
        submission("raise ValueError('no')\n"),
        submission("import os\nos._exit(3)\n"),
        submission("print('值' * 10)\n"),
    ]
    executor, sent = pool.start(), []
    whole = executor._client.submit
    executor._client.submit = lambda *args, **options: sent.append(args) or whole(*args, **options)
    futures = submit(executor, mixed, course, NAMES)

    assert [future.result(60).digest for future in futures] == [
        report.digest for report in graded_here(mixed, course, NAMES)
    ]
    assert pool.jobs == pool.count() == 2
    assert len(slots()) == 2
    assert pool.remarks == ()
    assert {(function.__name__, *map(type, rest)) for function, *rest in sent} == {("work", str, bytes)}


def test_a_submission_arrives_as_it_was_sent(tmp_path, course):
    (tmp_path / "conv2d.py").write_bytes("值 = 1\n".encode("gb18030") * 9)  # converted, with a remark
    (tmp_path / "answers.md").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "picture.bin").write_bytes(bytes(range(256)))
    (tmp_path / "link.py").symlink_to("conv2d.py")
    sent = read_submission(tmp_path)
    arrived = slot_module._submission(json.loads(slot_module.request(sent, course.folder, NAMES, "cpu", {})))

    assert sent.remarks
    assert arrived == sent
    assert list(arrived.files) == list(sent.files)
    assert arrived.digest == sent.digest


def test_a_killed_worker_leaves_nothing_and_its_work_is_done_by_another(pool, course, submission, scheduler):
    slow = [submission(SLOW.format(seconds=2))]
    executor = pool.start()
    futures = submit(executor, slow, course, FIELDS)
    (slot,) = until(busy)
    below = psutil.Process(slot).children(recursive=True)
    os.kill(slots()[slot], signal.SIGKILL)

    assert psutil.wait_procs(below, timeout=20)[1] == []  # a slot ends with its worker, and its guests with it
    assert [future.result(60) for future in futures] == graded_here(slow, course, FIELDS)
    tasks = [event[1]["task"] for event in scheduler.scheduler.get_events(f"{STARTED}-{pool.batch}")]
    assert len(tasks) > len(set(tasks))  # it began again


def test_a_submission_whose_process_dies_twice_is_named_and_the_rest_goes_on(pool, course, submission):
    deadly, others = submission(SLOW.format(seconds=20)), [submission(), submission("x = 1\n")]
    executor = pool.start()
    (future,) = submit(executor, [deadly], course, FIELDS)
    for _ in range(2):
        (killed,) = until(busy)
        os.kill(killed, signal.SIGKILL)
        until(lambda killed=killed: killed not in slots())
    futures = submit(executor, others, course, FIELDS)

    assert str(future.exception(60).message) == str(DIED)
    assert [each.result(60) for each in futures] == graded_here(others, course, FIELDS)


@pytest.mark.skipif(strongest().name != BUBBLEWRAP, reason="a worker without bubblewrap is nothing special here")
def test_a_worker_that_is_not_like_this_machine_gives_no_mark_and_is_named(address, course, submission):
    many = [submission(f"x = {number}\n") for number in range(6)]
    pool = ClusterPool(address, course, patience_s=2)
    pool.connect()
    executor = pool.start()
    with worker(address, GRADE_ISOLATION="process"):  # it comes while the batch is under way
        try:
            futures = submit(executor, many, course, FIELDS)
            reports = [future.result(60) for future in futures]
            (remark,) = map(str, pool.remarks)
            assert pool.count() == 2
        finally:
            pool.stop(now=True)

    assert {report.isolation for report in reports} == {BUBBLEWRAP}
    assert remark.startswith("the worker tcp://127.0.0.1:")
    assert remark.endswith(" is not used: its isolation is process, expected bubblewrap as here")


def test_where_no_worker_has_this_course_everyone_gets_the_reason(tmp_path, address, submission):
    (tmp_path / "course").mkdir()
    for name in FIELDS:
        (tmp_path / "course" / name).symlink_to(ROOT / "exercises" / name)
    text = 'format = 1\ntitle = "c"\nseed = "{seed}"\nexercises = ["receptive_field"]\n'
    (tmp_path / "course" / "course.toml").write_text(text.format(seed=1))
    course = load_course(tmp_path / "course")
    (tmp_path / "course" / "course.toml").write_text(text.format(seed=2))
    pool = ClusterPool(address, course, patience_s=1)
    pool.connect()
    try:
        futures = submit(pool.start(), [submission(), submission("x = 1\n")], course, FIELDS)
        said = [str(future.exception(60).message) for future in futures]
    finally:
        pool.stop(now=True)

    assert len(said) == 2
    for sentence in said:
        assert sentence.startswith("no worker of the cluster could grade it; the worker tcp://")
        assert "its course is another one: the version of receptive_field, the exercises or the seed" in sentence


def test_when_all_workers_have_gone_everyone_left_gets_a_reason(tmp_path, course):
    for name in ("a", "b", "c"):
        hand_in(tmp_path / "class" / name, SLOW.format(seconds=20) + f"{name} = 1\n")
    tasks = match(find([tmp_path / "class"], course).found, None).tasks
    done = []
    with (
        empty_cluster(tmp_path) as nobody,
        worker(nobody) as only,
        Gradebook.open(tmp_path / "course.db") as book,
    ):
        pool = ClusterPool(nobody, course, patience_s=1)
        pool.connect()
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(run, tasks, course, book, pool, only=FIELDS, told=done.append)
            until(busy)
            only.kill()
            running.result(60)
    until(lambda: not slots())

    assert {str(one.reason) for one in done} == {
        "no worker of the cluster was left that could grade it, and none came within 1 seconds"
    }
    assert len(done) == 3
    assert of_batch([one.entry for one in done], 0) is ExitCode.FAULT


def test_exercises_for_a_gpu_go_only_where_one_is_offered(tmp_path, address, course, submission):
    if torch.cuda.is_available():
        pytest.skip("here every worker has a GPU")
    names, nothing = ("receptive_field", "segnet"), [submission(), submission("x = 1\n")]
    plain = ClusterPool(address, course)
    plain.connect()
    with pytest.raises(GraderError, match="no worker of the cluster offers a GPU; start one with `dask worker tcp://"):
        plain.resolve("cuda")
    assert (plain.resolve("auto"), plain.resolve("cpu")) == ("cpu", "cpu")
    plain.stop(now=True)
    # The worker with the label finds a GPU as long as a file is there; any other says that it has none.
    (tmp_path / "gpu").touch()
    (tmp_path / "sitecustomize.py").write_text(FOUND_WITH_FILE.format(file=str(tmp_path / "gpu")))
    with worker(address, "--resources", "GPU=1", PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"):
        pool = ClusterPool(address, course, patience_s=1)
        pool.connect()
        try:
            assert (pool.resolve("auto"), pool.resolve("cuda"), pool.resolve("cpu")) == ("cuda", "cuda", "cpu")
            executor = pool.start()
            futures = [executor.submit(grade_one, each, course.folder, names, "cuda") for each in nothing]
            reports = [future.result(60) for future in futures]
            assert pool.remarks == ()
            (tmp_path / "gpu").unlink()
            numpy_only = executor.submit(grade_one, nothing[0], course.folder, FIELDS, "cuda")
            said = str(executor.submit(grade_one, nothing[0], course.folder, names, "cuda").exception(60).message)
            again = numpy_only.result(60)
        finally:
            pool.stop(now=True)

    for report in reports:
        assert report.device == "cuda"
        assert [part.exercise for part in report.exercises] == list(names)
        assert not set(names) & set(report.not_graded)
    assert again.exercises == reports[0].exercises[:1]  # it asked for no GPU, so it did not miss one
    assert "is not used for a GPU: device: expected a CUDA device for `cuda`, found none" in said


def test_ctrl_c_ends_a_batch_on_a_cluster(tmp_path, address, scheduler):
    for name in ("a", "b", "c", "d"):
        hand_in(
            tmp_path / "class" / name, f"{name} = 1\n" if name == "a" else SLOW.format(seconds=20) + f"{name} = 1\n"
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "batch", str(tmp_path / "class"), "-e", *FIELDS, "--dask", address],
        env=os.environ | {"GRADE_BOOK": str(tmp_path / "course.db"), "LC_ALL": "C.UTF-8"},
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr.readline().startswith("[1/4] a: ")
    until(busy)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "1 of 4 submissions are in the gradebook; run the same again for the rest" in said
    until(lambda: not slots(), 5)
    until(lambda: not scheduler.scheduler.tasks, 5)
    with Gradebook.open(tmp_path / "course.db", create=False) as book:
        assert [row.person.id for row in book.table() if row.is_graded] == ["a"]


@pytest.mark.parametrize("kind", ["closed port", "no such file", "another file", "no Dask", "no workers"])
def test_what_is_no_cluster_is_said_in_one_sentence(tmp_path, course, monkeypatch, kind):
    (tmp_path / "roster.csv").write_text("id\n")
    addresses = {
        "closed port": "tcp://127.0.0.1:1",
        "no such file": str(tmp_path / "scheduler.json"),
        "another file": str(tmp_path / "roster.csv"),
        "no Dask": "tcp://127.0.0.1:1",
    }
    monkeypatch.setattr(cluster_module, "CONNECT_S", 0.5)
    monkeypatch.setattr(cluster_module, "FIRST_WORKER_S", 0.2)
    if kind == "no Dask":
        monkeypatch.setitem(sys.modules, "distributed", None)
    if kind == "no workers":
        with distributed.LocalCluster(
            n_workers=0, dashboard_address="127.0.0.1:0", local_directory=str(tmp_path)
        ) as empty:
            said = refusal(empty.scheduler_address, course)
    else:
        said = refusal(addresses[kind], course)

    assert said.startswith(
        {
            "closed port": "--dask: no scheduler answers at tcp://127.0.0.1:1; expected the address that",
            "no such file": "--dask: expected tcp://host:port or the file of a running scheduler, got /",
            "another file": "--dask: expected tcp://host:port or the file of a running scheduler, got /",
            "no Dask": "--dask needs Dask: pip install 'convnet-grader[dask]'",
            "no workers": "the cluster at tcp://127.0.0.1:",
        }[kind]
    )


def refusal(address, course):
    with pytest.raises(GraderError) as caught:
        ClusterPool(address, course).connect()
    return str(caught.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "--dask: no scheduler answers at tcp://127.0.0.1:1"),
        (("--jobs", "2"), "--jobs is for this machine; with --dask the cluster's workers decide"),
    ],
)
def test_a_wrong_command_line_writes_no_gradebook(tmp_path, monkeypatch, more, said):
    monkeypatch.setenv("GRADE_BOOK", str(tmp_path / "course.db"))
    monkeypatch.setattr(cluster_module, "CONNECT_S", 0.5)
    hand_in(tmp_path / "class" / "a")
    arguments = ["batch", str(tmp_path / "class"), "--dask", "tcp://127.0.0.1:1", *more]
    shown = CliRunner().invoke(program, arguments, prog_name="grade")

    assert (shown.exit_code, said in shown.output) == (2, True)
    assert not (tmp_path / "course.db").exists()


def test_a_schedulers_file_is_an_address(tmp_path, address, course, scheduler):
    file = tmp_path / "scheduler.json"
    file.write_text(f'{{"type": "Scheduler", "address": "{address}"}}')
    pool = ClusterPool(str(file), course)
    pool.connect()
    assert pool.count() == 2
    pool.stop(now=True)
    pool.stop(now=True)


def test_without_the_option_dask_is_not_imported():
    code = """
import contextlib, sys
import grader.batch.cluster, grader.batch.run
from grader.cli.program import program
with contextlib.suppress(SystemExit):
    program.main(["batch", "--help"])
print(sorted({"dask", "distributed"} & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "--dask ADDRESS" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "[]"
