import sys
from collections import namedtuple

import pytest

from grader import doctor
from grader.message import msg
from grader.sandbox import isolation
from grader.sandbox.isolation import Isolation

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def torch_is(monkeypatch, tmp_path):
    """Put another torch before the installed one, which takes long to import."""

    def torch_is(code):
        (tmp_path / "torch.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return doctor.examine(tmp_path)

    torch_is("__version__ = '9.9'\nclass cuda:\n    is_available = lambda: False\n")
    return torch_is


def found(findings, name):
    return next(finding for finding in findings if str(finding.name) == name)


def test_on_this_machine_everything_that_is_needed_works(tmp_path):
    findings = doctor.examine(tmp_path)

    assert [str(finding.name) for finding in findings if finding.needed and not finding.works] == []
    assert found(findings, "process").works
    assert str(found(findings, "Python").found).endswith(".".join(map(str, sys.version_info[:3])))
    assert found(findings, "PyTorch").works
    assert str(found(findings, "record of reports").found) == str(tmp_path)


def test_without_bubblewrap_the_cost_is_named_and_the_weak_wall_is_in_force(torch_is, monkeypatch, tmp_path):
    kinds = (
        Isolation("bubblewrap", False, msg("the program bwrap is not installed")),
        Isolation("process", True, msg("always works")),
    )
    monkeypatch.setattr(doctor, "available", lambda: kinds)
    monkeypatch.setattr(doctor, "strongest", lambda: kinds[1])
    findings = doctor.examine(tmp_path)

    missing = found(findings, "bubblewrap")
    assert not missing.works
    assert str(missing.found) == "the program bwrap is not installed"
    assert "grade only your own code here" in str(missing.cost)
    assert str(found(findings, "isolation in force").found) == "process"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ImportError('libcudart.so.12: no such file')", "ImportError: libcudart.so.12: no such file"),
        ("import os; os._exit(7)", "exit status 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "exit status -11"),
        ("while True: pass", "no answer within 0.5 seconds"),
    ],
)
def test_a_pytorch_that_cannot_be_imported_takes_nothing_along(torch_is, monkeypatch, code, said):
    if "while" in code:
        monkeypatch.setattr(doctor, "TORCH_S", 0.5)
    findings = torch_is(code)

    torch = found(findings, "PyTorch")
    assert not torch.works
    assert str(torch.found).startswith("it cannot be imported: ")
    assert said in str(torch.found)
    assert str(torch.cost) == "exercises whose guest is `torch` cannot be graded"
    assert str(found(findings, "CUDA").found) == "PyTorch is missing"


@pytest.mark.parametrize(("has_gpu", "said"), [(False, "PyTorch finds no GPU"), (True, "An imagined GPU")])
def test_a_gpu_is_named_or_its_absence_is(torch_is, has_gpu, said):
    findings = torch_is(
        "__version__ = '9.9'\nclass cuda:\n"
        f"    is_available = lambda: {has_gpu}\n    get_device_name = lambda index: 'An imagined GPU'\n"
    )

    assert str(found(findings, "PyTorch").found) == "9.9"
    assert (found(findings, "CUDA").works, str(found(findings, "CUDA").found)) == (has_gpu, said)


def test_a_torch_py_in_the_current_folder_is_not_run(monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("__version__ = 'evil'\nopen('was_run', 'w')\n")
    monkeypatch.chdir(tmp_path)

    assert str(found(doctor.examine(tmp_path), "PyTorch").found) != "evil"
    assert not (tmp_path / "was_run").exists()


def test_a_scratch_disk_that_is_full_is_needed_and_says_what_to_set(torch_is, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: Usage(1, 1, 2**20))
    scratch = found(doctor.examine(tmp_path), "scratch disk")

    assert (scratch.works, scratch.needed) == (False, True)
    assert str(scratch.found).endswith(": 1 MiB free")
    assert f"set TMPDIR to a folder with {doctor.SCRATCH_MIB} MiB free" in str(scratch.cost)


def test_a_scratch_disk_that_cannot_be_written_is_named(torch_is, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.tempfile, "gettempdir", lambda: str(tmp_path / "none"))
    scratch = found(doctor.examine(tmp_path), "scratch disk")

    assert not scratch.works
    assert str(scratch.found) == f"{tmp_path / 'none'}: cannot be written: No such file or directory"


def test_a_record_that_cannot_be_written_is_named_and_costs_only_the_record(torch_is, tmp_path):
    (tmp_path / "file").write_text("")
    record = found(doctor.examine(tmp_path / "file" / "home"), "record of reports")

    assert (record.works, record.needed) == (False, False)
    assert "is not a folder that can be written" in str(record.found)
    assert "set GRADE_HOME to another folder" in str(record.cost)


def test_findings_are_json():
    finding = doctor.Finding(msg("a"), False, msg("b"), msg("c"), needed=True)

    assert finding.to_json() == {
        "name": {"text": "a"}, "works": False, "needed": True, "found": {"text": "b"}, "cost": {"text": "c"},
    }  # fmt: skip


def test_grade_isolation_asks_for_the_weak_wall_on_purpose(monkeypatch):
    monkeypatch.setenv("GRADE_ISOLATION", "process")

    assert isolation.strongest().name == "process"
