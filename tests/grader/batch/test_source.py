"""Sources are recognised by their names; each submission is found once, and what is broken is a submission too."""

import os
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.batch.naming import Clue
from grader.batch.source import find
from grader.errors import GraderError, SubmissionError
from grader.exercise import load_course

CODE = "def conv2d(x, weight, bias=None, stride=1, padding=0):\n    return x\n"


@pytest.fixture(scope="module")
def course():
    return load_course()


@pytest.fixture
def look(course):
    def of(*sources, **options):
        return find([Path(source) for source in sources], course, **options)

    return of


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CODE if name.endswith(".py") else "text\n", encoding="utf-8")
    return folder


def pack(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, (2026, 3, 4, 5, 6, 8))
            archive.writestr(member, content)
    return path


def texts(findings):
    return {found.clue.text for found in findings.found}


def test_a_folder_holds_folders_zips_and_files(look, tmp_path):
    put(tmp_path, "2024001/conv2d.py", "2024003 李雷.py", ".DS_Store", "roster.csv", "course.db")
    pack(tmp_path / "2024002.zip", {"solution/conv2d.py": CODE})

    findings = look(tmp_path)

    assert texts(findings) == {"2024001", "2024002", "2024003 李雷"}
    assert all("def conv2d" in str(found.read().files) for found in findings.found)


def test_a_folder_with_a_file_that_is_asked_for_is_one_submission(look, tmp_path):
    one = put(tmp_path / "2024001", "conv2d.py", "part/more.py")

    (found,) = look(one).found

    assert found.clue == Clue(text="2024001")
    assert set(found.read().files) == {"conv2d.py", "part/more.py"}


def test_single_files_and_zips_are_sources_too(look, tmp_path):
    put(tmp_path, "a.py")
    pack(tmp_path / "b.zip", {"b/conv2d.py": CODE})

    assert texts(look(tmp_path / "a.py", tmp_path / "b.zip")) == {"a", "b"}


def test_a_student_of_one_alone_is_not_taken_for_a_wrapper(look, tmp_path):
    put(tmp_path / "class", "2024001/conv2d.py")

    assert texts(look(tmp_path / "class")) == {"2024001"}


@pytest.mark.parametrize("wrapper", ["", "class/", "hw1/class/"])
def test_a_zip_of_a_class_holds_many(look, tmp_path, wrapper):
    folders = {f"{wrapper}{number}/{name}": CODE for number in (1, 2, 3) for name in ("conv2d.py", "answers.md")}
    zips = {f"{wrapper}{number}.zip": b"PK" for number in (1, 2, 3)}

    for files in (folders, zips):
        findings = look(pack(tmp_path / "download.zip", files))
        assert texts(findings) == {"1", "2", "3"}
    assert texts(look(put(tmp_path / "unpacked", *folders))) == {"1", "2", "3"}


@pytest.mark.parametrize(
    "names",
    [
        ("hw/answers.md", "hw/code/conv2d.py"),
        ("hw/a/answers.md", "hw/b/conv2d.py", "hw/c/segnet.py"),
        ("a/conv2d.py", "b/old.py", "b/more.py"),
        ("one.ipynb", "two.ipynb"),
    ],
)
def test_a_zip_of_one_student_is_one_submission(look, tmp_path, names):
    assert texts(look(pack(tmp_path / "2024001.zip", dict.fromkeys(names, CODE)))) == {"2024001"}


def test_canvas_puts_the_files_of_a_student_together(look, tmp_path):
    files = {
        "lilei_11_100_conv2d-1.py": CODE,
        "lilei_11_101_answers.md": "# a",
        "hanmeimei_LATE_12_102_homework.zip": pack(tmp_path / "in.zip", {"hw/conv2d.py": CODE}).read_bytes(),
        "wanggang_13_text.html": "<p>typed</p>",
    }
    findings = look(pack(tmp_path / "submissions.zip", files))
    by_user = {found.clue.canvas: found for found in findings.found}

    assert set(by_user["11"].read().files) == {"conv2d.py", "answers.md"}
    assert set(by_user["12"].read().files) == {"conv2d.py"}
    assert [by_user[user].is_late for user in ("11", "12")] == [False, True]
    with pytest.raises(SubmissionError, match="it was typed into the browser, not handed in as a file"):
        by_user["13"].read()


def test_a_number_behind_a_name_stays_where_the_plain_name_is_there_too(look, tmp_path):
    files = {"lilei_11_100_conv2d.py": CODE, "lilei_11_101_conv2d-1.py": "x = 1\n", "lilei_11_102_plot-2.py": "y = 2\n"}

    (found,) = look(pack(tmp_path / "submissions.zip", files)).found

    assert set(found.read().files) == {"conv2d.py", "conv2d-1.py", "plot-2.py"}


def test_one_attachment_that_cannot_be_read_costs_only_itself(look, tmp_path):
    (found,) = look(pack(tmp_path / "s.zip", {"lilei_11_1_conv2d.py": CODE, "lilei_11_2_photo.jpg": "JFIF"})).found
    submission = found.read()

    assert set(submission.files) == {"conv2d.py"}
    assert set(submission.unreadable) == {"photo.jpg"}


def test_moodle_downloads_with_and_without_folders(look, tmp_path):
    put(tmp_path / "a", "Wang Xiaoming_7_assignsubmission_file_/conv2d.py", "李雷_8_assignsubmission_file_/x/conv2d.py")
    flat = pack(
        tmp_path / "flat.zip",
        {"李雷_8_assignsubmission_file_conv2d.py": CODE, "李雷_8_assignsubmission_file_answers.md": "a"},
    )

    assert {found.clue.name for found in look(tmp_path / "a").found} == {"Wang Xiaoming", "李雷"}
    (found,) = look(flat).found
    assert set(found.read().files) == {"conv2d.py", "answers.md"}


def test_moodle_zips_inside_folders_are_opened(look, tmp_path):
    inner = pack(tmp_path / "in.zip", {"hw/conv2d.py": CODE}).read_bytes()
    outer = pack(tmp_path / "outer.zip", {"李雷_8_assignsubmission_file_/作业.zip": inner})

    (found,) = look(outer).found

    assert set(found.read().files) == {"conv2d.py"}


def test_a_zip_beside_files_is_opened_beside_them(look, tmp_path):
    inner = pack(tmp_path / "in.zip", {"conv2d.py": CODE}).read_bytes()
    files = {"L_8_assignsubmission_file_/code.zip": inner, "L_8_assignsubmission_file_/answers.md": "# a"}

    (found,) = look(pack(tmp_path / "outer.zip", files)).found

    assert set(found.read().files) == {"code/conv2d.py", "answers.md"}


def test_gradescope_names_everyone_of_a_group(look, tmp_path):
    metadata = (
        "submission_1:\n  :submitters:\n  - :name: A\n    :sid: '1'\n  - :name: B\n    :sid: '2'\n"
        "  :created_at: 2026-04-26 17:34:00.5 Z\n"
        "submission_9:\n  :submitters:\n  - :name: C\n    :sid: '3'\n"
    )
    put(tmp_path / "assignment_77_export", "submission_1/conv2d.py", "submission_2/conv2d.py")
    (tmp_path / "assignment_77_export" / "submission_metadata.yml").write_text(metadata)

    for source in (tmp_path / "assignment_77_export", tmp_path):
        findings = look(source)
        first, second, third = findings.found
        assert (first.clue.id, second.clue.id, third.clue) == ("1", "2", Clue(text="submission_2"))
        assert first.received_at == datetime(2026, 4, 26, 17, 34, 0, 500000, tzinfo=UTC)
        assert first.read().digest == second.read().digest
        assert [str(remark) for remark in findings.remarks] == [
            "submission_9 stands in submission_metadata.yml, but there is no such folder"
        ]
    assert len({found.key for found in findings.found}) == 3


def test_damaged_metadata_is_said_and_leaves_the_folders(look, tmp_path):
    put(tmp_path, "submission_1/conv2d.py")
    (tmp_path / "submission_metadata.yml").write_text("a: [")

    findings = look(tmp_path)

    assert len(findings.found) == 1
    assert "cannot be read" in str(findings.remarks[0])


def test_clones_of_classroom_carry_logins(look, tmp_path):
    put(tmp_path / "hw-1-submissions", "hw-1-octocat/conv2d.py", "hw-1-wang-xm/conv2d.py", "hw-1-octocat/.git/config")

    findings = look(tmp_path / "hw-1-submissions")

    assert {found.clue.login for found in findings.found} == {"octocat", "wang-xm"}
    assert all(set(found.read().files) == {"conv2d.py"} for found in findings.found)


def test_nbgrader_trees_carry_ids_and_times(look, tmp_path):
    put(tmp_path, "submitted/2024001/hw1/conv2d.py", "submitted/2024002/hw1/conv2d.py")
    (tmp_path / "submitted/2024001/hw1/timestamp.txt").write_text("2026-02-02 15:58:23.9 Asia/Shanghai")

    for source in (tmp_path, tmp_path / "submitted"):
        first, second = look(source).found
        assert (first.clue.id, second.clue.id) == ("2024001", "2024002")
        assert first.received_at == datetime(2026, 2, 2, 7, 58, 23, 900000, tzinfo=UTC)


def test_several_assignments_of_nbgrader_are_not_mixed(look, tmp_path):
    put(tmp_path / "submitted", "1/hw1/conv2d.py", "1/hw2/conv2d.py", "2/hw2/conv2d.py")

    with pytest.raises(GraderError, match="holds these assignments: hw1, hw2; name one with --assignment"):
        look(tmp_path / "submitted")
    assert [found.clue.id for found in look(tmp_path / "submitted", assignment="hw1").found] == ["1"]


def test_a_folder_called_submitted_need_not_be_nbgraders(look, tmp_path):
    put(tmp_path / "submitted", "2024001/conv2d.py", "2024001/figures/plot.py")

    (found,) = look(tmp_path / "submitted").found

    assert "conv2d.py" in found.read().files


def test_names_in_gbk_are_read(look, tmp_path):
    name = "王小明_8_assignsubmission_file_/作业.py".encode("gbk")
    placeholder = "x" * len(name)  # Chinese Windows writes GBK without saying so
    path = pack(tmp_path / "gbk.zip", {placeholder: CODE})
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), name))

    (found,) = look(path).found

    assert found.clue.name == "王小明"
    assert set(found.read().files) == {"作业.py"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.zip", b"PK\5\6" + bytes(18), "it is empty"),
        ("broken.zip", b"PK\3\4 and nothing more", "is none, or its end is missing"),
        ("essay.docx", b"PK", "expected a folder, a zip, .py, .md or .ipynb, found another kind of file"),
    ],
)
def test_what_is_broken_is_a_submission_with_a_reason(look, tmp_path, name, content, reason):
    put(tmp_path, "good/conv2d.py")
    (tmp_path / name).write_bytes(content)
    by_key = {found.key: found for found in look(tmp_path).found}

    assert len(by_key) == 2
    with pytest.raises(SubmissionError, match=reason):
        by_key[f"{tmp_path.name}/{name}"].read()


def test_a_name_with_a_newline_is_shown_on_one_line(look, tmp_path):
    put(tmp_path, "a\nb/conv2d.py", "c/conv2d.py")

    keys = [found.key for found in look(tmp_path).found]

    assert keys == [f"{tmp_path.name}/a b", f"{tmp_path.name}/c"]


def test_two_submissions_never_share_a_key(look, tmp_path):
    put(tmp_path, "x/a\tb/conv2d.py", "x/a b/conv2d.py", "y/x/a b/conv2d.py")

    keys = [found.key for found in look(tmp_path / "x", tmp_path / "y" / "x").found]

    assert len(keys) == len(set(keys)) == 3


def test_what_is_gone_by_the_time_it_is_read_is_said(look, tmp_path):
    one, other = look(put(tmp_path / "class", "1/conv2d.py", "2.py")).found
    shutil.rmtree(tmp_path / "class")

    for found in (one, other):
        with pytest.raises(SubmissionError, match="it was there when the batch began, and is gone"):
            found.read()


def test_a_download_that_is_gone_by_the_time_it_is_read_is_said(look, tmp_path):
    download = pack(tmp_path / "download.zip", {"1/conv2d.py": CODE, "2/conv2d.py": CODE})
    one, other = look(download).found
    download.write_bytes(download.read_bytes()[:40])
    with pytest.raises(SubmissionError, match="the zip is damaged"):
        one.read()
    download.unlink()
    with pytest.raises(SubmissionError, match="it was there when the batch began, and is gone"):
        other.read()


def test_a_link_is_not_followed(look, tmp_path):
    put(tmp_path / "secret", "conv2d.py")
    put(tmp_path / "class", "good/conv2d.py")
    (tmp_path / "class" / "link").symlink_to(tmp_path / "secret")
    by_text = {found.clue.text: found for found in look(tmp_path / "class").found}

    with pytest.raises(SubmissionError, match="it is a link; put the file itself there"):
        by_text["link"].read()


def test_the_latest_change_of_a_folder_is_when_it_came(look, tmp_path):
    put(tmp_path, "a/conv2d.py", "a/answers.md", "b/conv2d.py")
    for name, seconds in (("a/conv2d.py", 1000), ("a/answers.md", 2000), ("b/conv2d.py", 1500)):
        os.utime(tmp_path / name, (seconds, seconds))

    assert [found.received_at.timestamp() for found in look(tmp_path).found] == [2000, 1500]


def test_a_source_that_is_not_there_is_the_callers_mistake(look, tmp_path):
    with pytest.raises(GraderError, match="there is no such file or folder; give the folder or zip of all submissions"):
        look(tmp_path / "nothing")


def test_a_member_that_leads_out_is_left_out(look, tmp_path):
    files = {"L_8_assignsubmission_file_/conv2d.py": CODE, "../L_8_assignsubmission_file_/../../evil.py": "x"}

    (found,) = look(pack(tmp_path / "evil.zip", files)).found

    assert set(found.read().files) == {"conv2d.py"}
