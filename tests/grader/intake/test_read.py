"""What students hand in, broken in every way that a folder, a zip or a file can be; each refusal is read."""

import contextlib
import io
import os
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from grader.errors import EmptySubmissionError, SubmissionError
from grader.intake import read_submission
from grader.intake.collection import MAX_ENTRIES, MAX_FILES, MAX_REMARKS, Collection

CODE = "def double(x):\n    return 2 * x\n"
CHINESE = "# 卷积\ndef double(x):\n    return 2 * x  # 加倍\n"


@pytest.fixture
def folder(tmp_path):
    """Make a folder of these files; a text is written as UTF-8."""

    def folder(**files):
        for name, content in files.items():
            path = tmp_path / "hw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "hw"

    return folder


@pytest.fixture
def zipped(tmp_path):
    """Make a zip of these members, (name or ZipInfo, content), in their order."""

    def zipped(*members, change=lambda data: data):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        path = tmp_path / "hw.zip"
        path.write_bytes(change(stream.getvalue()))
        return path

    return zipped


def remarks(submission):
    return "\n".join(map(str, submission.remarks))


def refusal(path):
    with pytest.raises(SubmissionError) as caught:
        read_submission(path)
    return str(caught.value).removeprefix(f"{path}: ")


# -- folders -----------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_whole(folder):
    submission = read_submission(folder(**{"double.py": CODE, "answers.md": "# a\n", "data/x.csv": b"1,2\n"}))

    assert submission.files == {"double.py": CODE.encode(), "answers.md": b"# a\n", "data/x.csv": b"1,2\n"}
    assert submission.remarks == ()


def test_what_tools_and_systems_put_there_is_no_part_of_a_submission(folder):
    ballast = (".git/config", ".venv/lib/a.py", "venv/a.py", "__pycache__/a.pyc", "__MACOSX/._a.py", ".DS_Store")

    submission = read_submission(folder(**{"double.py": CODE}, **dict.fromkeys(ballast, "x")))

    assert list(submission.files) == ["double.py"]
    assert submission.remarks == ()


def test_a_folder_around_everything_is_taken_off(folder):
    assert list(read_submission(folder(**{"a/hw1/double.py": CODE})).files) == ["double.py"]


@pytest.mark.parametrize(
    "encoding", ["gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-8"]
)
def test_code_in_any_encoding_that_editors_write_is_brought_to_utf8(folder, encoding):
    submission = read_submission(folder(**{"double.py": CHINESE.encode(encoding)}))

    assert submission.files["double.py"].decode() == CHINESE
    assert ("save it as UTF-8 to be sure" in remarks(submission)) is not encoding.startswith("utf-8")


@pytest.mark.parametrize("content", ["# élève ç\n".encode("latin-1"), bytes(range(256)) * 4, b"\0" * 400])
def test_a_file_that_is_no_text_is_left_out_and_the_others_count(folder, content):
    submission = read_submission(folder(**{"double.py": content, "other.py": CODE}))

    assert list(submission.files) == ["other.py"]
    said = "double.py was left out: this is not a text file, or not in UTF-8; save it as UTF-8"
    assert remarks(submission) == said


def test_a_large_file_is_left_out_and_the_others_count(folder):
    path = folder(**{"double.py": CODE})
    with (path / "data.bin").open("wb") as stream:
        stream.truncate(300 * 2**20)

    submission = read_submission(path)

    assert list(submission.files) == ["double.py"]
    assert remarks(submission) == "data.bin was left out: it has 300 MiB, more than the 16 MiB of one file"


def test_files_that_exercises_ask_for_are_read_before_ballast_uses_up_the_limits(folder):
    path = folder(**{"z/double.py": CODE})
    for number in range(MAX_FILES + 5):
        (path / f"{number:05}.txt").touch()

    submission = read_submission(path)

    assert submission.files["z/double.py"] == CODE.encode()
    assert len(submission.files) == MAX_FILES
    assert "the submission is larger than 48 MiB or 2000 files" in remarks(submission)
    assert remarks(submission).endswith("3 more remarks like these are not shown.")


def test_more_files_than_any_submission_has_are_refused(folder, monkeypatch):
    monkeypatch.setattr("grader.intake.folder.MAX_ENTRIES", 3)
    path = folder(**dict.fromkeys("abcd", "x"))

    assert refusal(path) == "it holds more than 3 files, more than a submission has; give the folder of your solution"
    assert MAX_ENTRIES > MAX_FILES


def test_the_total_size_is_limited(folder, monkeypatch):
    monkeypatch.setattr("grader.intake.collection.MAX_TOTAL_BYTES", 2**20)
    submission = read_submission(folder(**{"double.py": CODE, "a.bin": b"x" * 2**20}))

    assert list(submission.files) == ["double.py"]
    assert "a.bin was left out: the submission is larger than 1 MiB or 2000 files" in remarks(submission)


def test_what_lies_too_deep_is_named(folder):
    deep = "/".join("d" * 20)

    submission = read_submission(folder(**{"double.py": CODE, f"{deep}/x.py": CODE}))

    assert list(submission.files) == ["double.py"]
    assert remarks(submission) == "d/d/d/d/d/d/d/d/d/d/d/d/d/ was left out: it lies more than 12 folders deep"


def test_no_link_is_followed(folder, tmp_path):
    path = folder(**{"double.py": CODE})
    (tmp_path / "secret.py").write_text("secret = 1\n")
    (path / "out.py").symlink_to(tmp_path / "secret.py")
    (path / "loop").symlink_to(path)
    (path / "a.py").symlink_to("b.py")
    (path / "b.py").symlink_to("a.py")

    submission = read_submission(path)

    assert list(submission.files) == ["double.py"]
    reason = "it is a link or a device, not a file; put the file itself there"
    assert str(submission.unreadable["out.py"]) == reason
    assert set(submission.unreadable) == {"out.py", "loop", "a.py", "b.py"}


def test_a_pipe_in_the_folder_is_not_waited_for(folder):
    path = folder(**{"double.py": CODE})
    os.mkfifo(path / "pipe.py")

    assert "pipe.py was left out: it is a link or a device" in remarks(read_submission(path))


def deny(monkeypatch, function, name):
    """Let the system refuse this name, as it does to those who are not root."""
    real = getattr(os, function)

    def refuse(path, *args, **kwargs):
        if Path(path).name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, function, refuse)


def test_a_file_that_may_not_be_read_costs_only_itself(folder, monkeypatch):
    path = folder(**{"double.py": CODE, "locked.py": CODE})
    deny(monkeypatch, "open", "locked.py")

    submission = read_submission(path)

    assert list(submission.files) == ["double.py"]
    assert remarks(submission) == "locked.py was left out: it cannot be read: Permission denied"


def test_a_folder_inside_that_may_not_be_read_costs_only_itself(folder, monkeypatch):
    path = folder(**{"double.py": CODE, "locked/x.py": CODE})
    deny(monkeypatch, "scandir", "locked")

    assert remarks(read_submission(path)) == "locked/ was left out: it cannot be read: Permission denied"


def test_the_folder_itself_must_be_readable(folder, monkeypatch):
    path = folder(**{"double.py": CODE})
    deny(monkeypatch, "scandir", "hw")

    assert refusal(path) == "it cannot be read: Permission denied"


def test_names_of_any_kind_are_read_and_shown_safely(folder):
    names = ["a\nb.py", "\x1b[2Jx.py", "CON.py", "‮x.md", " lead.py", "答案.md"]
    submission = read_submission(folder(**{"double.py": CODE}, **dict.fromkeys(names, b"\xff\xff\xff")))

    assert list(submission.files) == ["double.py"]
    assert not {"\n", "\x1b", "‮"} & set("".join(submission.unreadable))
    assert "a b.py" in submission.unreadable


def test_a_name_in_gbk_is_read_and_a_name_that_is_no_text_is_left_out(folder):
    path = os.fsencode(folder(**{"double.py": CODE}))
    for name in (b"\xb4\xf0\xb0\xb8.md", b"\xff\xfe.py"):
        Path(os.fsdecode(path + b"/" + name)).write_text("# a\n")

    submission = read_submission(folder())

    assert set(submission.files) == {"double.py", "答案.md"}
    assert "its name is not text, or longer than 200 bytes; rename it" in remarks(submission)
    assert submission.digest


def test_a_name_that_could_not_be_written_again_is_left_out(zipped):
    submission = read_submission(zipped(("x" * 250 + ".py", CODE), ("double.py", CODE)))

    assert list(submission.files) == ["double.py"]
    assert "longer than 200 bytes" in remarks(submission)


def test_an_empty_folder_says_what_belongs_there(folder, tmp_path):
    (tmp_path / "hw" / ".git").mkdir(parents=True)

    with pytest.raises(EmptySubmissionError, match=r"it is empty; expected answers.md and the Python files"):
        read_submission(tmp_path / "hw")


def test_a_folder_in_which_nothing_can_be_read_names_the_first_reason(folder):
    said = refusal(folder(**{"double.py": b"\xff\xff\xff", "z.py": b"\xff\xff"}))

    assert said == "no file in it can be read; double.py: this is not a text file, or not in UTF-8; save it as UTF-8"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hw.zip", "archives inside a submission are not opened; unpack it"),
        ("answers.docx", "such documents are not read; write the answers into answers.md"),
        ("scan.PDF", "such documents are not read; write the answers into answers.md"),
    ],
)
def test_files_that_hold_answers_in_another_form_say_what_to_do(folder, name, reason):
    assert remarks(read_submission(folder(**{"double.py": CODE, name: "x"}))) == f"{name} was left out: {reason}"


# -- zips --------------------------------------------------------------------------------------------------------------


def test_a_zip_is_read_without_its_wrapping_folder_and_the_mac_s_ballast(zipped):
    submission = read_submission(
        zipped(("a/", ""), ("a/hw/double.py", CODE), ("__MACOSX/a/._x.py", "x"), ("a/.DS_Store", ""))
    )

    assert submission.files == {"double.py": CODE.encode()}
    assert submission.remarks == ()


@pytest.mark.parametrize(
    "name", ["../double.py", "a/../../double.py", "/etc/double.py", "C:/double.py", "..\\double.py"]
)
def test_a_path_that_leads_out_is_left_out(zipped, name):
    submission = read_submission(zipped((name, "evil = 1\n"), ("hw/double.py", CODE)))

    assert submission.files == {"double.py": CODE.encode()}
    assert "its path leads out of the submission" in remarks(submission)


def test_backslashes_of_windows_are_slashes(zipped):
    assert list(read_submission(zipped(("hw\\double.py", CODE), ("hw\\sub\\x.py", ""))).files) == [
        "double.py",
        "sub/x.py",
    ]


def test_names_in_gbk_come_out_in_chinese(zipped):
    def as_windows_does(data):
        return data.replace(b"QQQQ", "作业".encode("gbk")).replace(b"XXXX", "答案".encode("gbk"))

    path = zipped(("QQQQ/XXXX.md", "# a\n"), ("QQQQ/double.py", CODE), change=as_windows_does)

    assert set(read_submission(path).files) == {"答案.md", "double.py"}


def test_a_link_in_a_zip_is_left_out(zipped):
    link = zipfile.ZipInfo("passwd.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert "passwd.py was left out: it is a link" in remarks(
        read_submission(zipped((link, "/etc/passwd"), ("x.py", CODE)))
    )


def test_of_two_members_of_one_name_the_first_counts(zipped):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(("double.py", CODE), ("double.py", "x = 1\n"))
    submission = read_submission(path)

    assert submission.files["double.py"] == CODE.encode()
    assert remarks(submission) == "double.py was left out: its name is there twice; the first one counts"


@pytest.mark.parametrize("names", [("x.py", "x.py/y.py"), ("x/y.py", "x")])
def test_a_name_cannot_be_a_file_and_a_folder(zipped, names):
    submission = read_submission(zipped(*((name, CODE) for name in names)))

    assert len(submission.files) == 1
    assert "a file and a folder have the same name; rename one" in remarks(submission)


def in_both_headers(data, central, local, value):
    """Change a field of the first member, in the directory and before its data."""
    changed = bytearray(data)
    for magic, offset in ((b"PK\1\2", central), (b"PK\3\4", local)):
        start = data.find(magic) + offset
        changed[start : start + len(value)] = value
    return bytes(changed)


def test_an_encrypted_member_asks_for_a_zip_without_a_password(zipped):
    path = zipped(("double.py", CODE), change=lambda data: in_both_headers(data, 8, 6, b"\1"))

    assert refusal(path) == ("no file in it can be read; double.py: it is encrypted; hand in a zip without a password")


def test_a_damaged_member_costs_only_itself(zipped):
    def damage(data):
        return data[:45] + bytes([data[45] ^ 0xFF]) + data[46:]

    submission = read_submission(zipped(("a.md", "# notes\n" * 50), ("double.py", CODE), change=damage))

    assert list(submission.files) == ["double.py"]
    assert "a.md was left out: it is damaged in the zip (" in remarks(submission)
    assert remarks(submission).endswith("; pack it again")


def test_a_compression_that_we_do_not_know_is_told(zipped):
    path = zipped(("double.py", CODE), change=lambda data: in_both_headers(data, 10, 8, b"\x63"))

    assert "it is damaged in the zip (That compression method is not supported); pack it again" in refusal(path)


def test_a_zip_without_its_end_is_called_so(zipped):
    path = zipped(("double.py", CODE), change=lambda data: data[:-10])

    assert refusal(path) == "it is called a zip and is none, or its end is missing; pack it again"


def test_a_damaged_directory_is_called_so(zipped):
    path = zipped(("double.py", CODE), change=lambda data: data.replace(b"PK\1\2", b"PK\0\0"))

    assert refusal(path) == "the zip is damaged: Bad magic number for central directory; pack it again"


def test_a_bomb_is_defused_and_the_code_beside_it_counts(zipped):
    bomb = [(f"big{number}.bin", b"\0" * (15 * 2**20)) for number in range(4)]
    submission = read_submission(zipped(("huge.bin", b"\0" * (40 * 2**20)), *bomb, ("double.py", CODE)))

    assert submission.files["double.py"] == CODE.encode()
    assert sum(map(len, submission.files.values())) <= 48 * 2**20
    assert "huge.bin was left out: it has 40 MiB, more than the 16 MiB of one file" in remarks(submission)
    assert "big3.bin was left out: the submission is larger than 48 MiB or 2000 files" in remarks(submission)


def test_a_member_that_lies_about_its_size_is_read_no_further(zipped):
    def lie(data):
        return in_both_headers(data, 24, 22, struct.pack("<I", 10))

    submission = read_submission(zipped(("huge.py", b"\n" * (40 * 2**20)), ("double.py", CODE), change=lie))

    assert list(submission.files) == ["double.py"]
    assert "huge.py was left out: it is damaged in the zip" in remarks(submission)


def test_too_many_members_are_refused(zipped, monkeypatch):
    monkeypatch.setattr("grader.intake.archive.MAX_ENTRIES", 3)

    assert "it holds more than 3 files" in refusal(zipped(*((f"{number}.py", "") for number in range(4))))


def test_whatever_happens_to_the_bytes_of_a_zip_is_read_or_refused_in_a_sentence(zipped):
    whole = zipped(("hw/double.py", CODE), ("hw/答案.md", "# a\n" * 9)).read_bytes()
    rng = random.Random(7)
    for _ in range(200):
        changed = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        path = zipped(change=lambda _data, changed=changed: bytes(changed))
        with contextlib.suppress(SubmissionError):
            read_submission(path)


# -- other paths -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["double.py", "answers.md", "x.markdown"])
def test_a_single_file_is_a_submission(folder, name):
    assert list(read_submission(folder(**{name: CODE}) / name).files) == [name]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("hw.zip", b"", "it is called a zip and is none, or its end is missing; pack it again"),
        ("double.py", b"\xff\xff\xff", "this is not a text file, or not in UTF-8; save it as UTF-8"),
    ],
)
def test_a_single_file_of_another_kind_says_what_was_expected(folder, name, content, said):
    assert refusal(folder(**{name: content}) / name) == said


@pytest.mark.parametrize("name", ["notes.txt", "hw.rar", "noext"])
def test_a_file_that_cannot_hold_a_submission_says_what_was_expected(folder, name):
    said = refusal(folder(**{name: "x"}) / name)

    assert said.startswith("expected a folder, a zip, ")
    assert said.endswith("a .py or a .md file, found another kind of file")


def test_a_word_document_is_a_zip_but_no_submission(zipped, tmp_path):
    path = zipped(("[Content_Types].xml", "<x/>")).rename(tmp_path / "answers.docx")

    assert refusal(path).startswith("expected a folder, a zip")


def test_a_path_where_nothing_is_says_so(tmp_path):
    assert refusal(tmp_path / "nowhere") == "there is no such file or folder; give the folder of your solution"
    assert "there is no such file or folder" in refusal(tmp_path / ("x" * 300))


def test_a_link_to_nothing_and_a_pipe_are_refused_at_once(tmp_path):
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")

    for name in ("dangling", "loop", "pipe"):
        assert refusal(tmp_path / name).endswith("found a link to nothing, a pipe or a device")


def test_a_link_to_the_folder_is_the_folder(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder(**{"double.py": CODE}))

    assert list(read_submission(tmp_path / "link").files) == ["double.py"]


def test_a_file_that_may_not_be_opened_says_so(folder, monkeypatch):
    path = folder(**{"hw.zip": "x"}) / "hw.zip"

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)

    assert refusal(path) == "it cannot be read: Permission denied"


def test_remarks_are_few_whatever_there_is_to_remark():
    collection = Collection()
    for number in range(100):
        collection.accepts(f"{number}.{'zip' if number % 2 else 'pdf'}", 1)
        collection.accepts(f"{number}.x", (17 + number) * 2**20)

    assert len(collection.remarks) == MAX_REMARKS + 1
    assert str(collection.remarks[-1]) == "190 more remarks like these are not shown."
