import sys
from collections import namedtuple

import pytest

from grader import doctor
from grader.message import msg
from grader.sandbox import isolation
from grader.sandbox.isolation import Isolation

Usage = namedtuple("Usage", "total used free")


def found(findings, name):
    return next(finding for finding in findings if str(finding.name) == name)


def test_on_this_machine_everything_that_is_needed_works(tmp_path):
    findings = doctor.examine(tmp_path)

    assert [str(finding.name) for finding in findings if finding.needed and not finding.works] == []
    assert found(findings, "process").works
    assert str(found(findings, "Python").found).endswith(".".join(map(str, sys.version_info[:3])))
    assert found(findings, "PyTorch").works
    assert str(found(findings, "record of reports").found) == str(tmp_path)


def test_without_bubblewrap_the_cost_is_named_and_the_weak_wall_is_in_force(monkeypatch, tmp_path):
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


def test_a_pytorch_that_cannot_be_imported_is_no_crash(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    findings = doctor.examine(tmp_path)

    torch = found(findings, "PyTorch")
    assert not torch.works
    assert str(torch.found).startswith("it cannot be imported: ModuleNotFoundError: ")
    assert str(torch.cost) == "exercises whose guest is `torch` cannot be graded"
    assert str(found(findings, "CUDA").found) == "PyTorch is missing"


@pytest.mark.parametrize(("has_gpu", "said"), [(False, "PyTorch finds no GPU"), (True, "An imagined GPU")])
def test_a_gpu_is_named_or_its_absence_is(monkeypatch, tmp_path, has_gpu, said):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _index: "An imagined GPU")

    assert str(found(doctor.examine(tmp_path), "CUDA").found) == said


def test_a_scratch_disk_that_is_full_is_needed_and_says_what_to_set(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: Usage(1, 1, 2**20))
    scratch = found(doctor.examine(tmp_path), "scratch disk")

    assert (scratch.works, scratch.needed) == (False, True)
    assert str(scratch.found).endswith(": 1 MiB free")
    assert f"set TMPDIR to a folder with {doctor.SCRATCH_MIB} MiB free" in str(scratch.cost)


def test_a_scratch_disk_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.tempfile, "gettempdir", lambda: str(tmp_path / "none"))
    scratch = found(doctor.examine(tmp_path), "scratch disk")

    assert not scratch.works
    assert str(scratch.found) == f"{tmp_path / 'none'}: cannot be written: No such file or directory"


def test_a_record_that_cannot_be_written_is_named_and_costs_only_the_record(tmp_path):
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
