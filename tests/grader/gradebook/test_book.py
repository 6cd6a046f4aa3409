"""Nothing that was recorded is lost, and no mark is invented: on SQLite and on PostgreSQL alike."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from grader.errors import NoGradebookError
from grader.gradebook import Gradebook, GradebookError, HandedIn, Person, Result, store
from grader.message import msg
from grader.model import Points, Verdict
from tests.grader.gradebook.samples import KEYS, LI, WANG, conv2d, essay, handed_in, regrade, report

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def points(book, person=WANG):
    return {row.person.id: row for row in book.table()}[person.id].points


def row_of(book, person=WANG):
    return {row.person.id: row for row in book.table()}[person.id]


def test_a_report_comes_back_as_it_was(book):
    book.record(WANG.id, handed_in(), report(), KEYS)

    assert book.report(WANG.id) == report()


def test_a_recorded_result_is_found_by_content_exercise_and_key(book):
    book.record(WANG.id, handed_in(), report(), KEYS)

    assert book.graded("d1", "conv2d", KEYS["conv2d"]) == conv2d()
    assert book.graded("d2", "conv2d", KEYS["conv2d"]) is None
    assert book.graded("d1", "conv2d", KEYS["essay"]) is None
    assert book.graded("d1", "essay", KEYS["conv2d"]) is None


def test_a_fault_of_ours_is_graded_again(book):
    broken = report(exercises=[conv2d(strides=Verdict.FAULT)])
    book.record(WANG.id, handed_in(), broken, KEYS)
    assert book.graded("d1", "conv2d", KEYS["conv2d"]) is None
    assert points(book) == Points(2, 3, 5)

    book.record(WANG.id, handed_in(), report(exercises=[conv2d()]), KEYS)

    assert book.graded("d1", "conv2d", KEYS["conv2d"]) == conv2d()
    assert points(book) == Points(2, 0, 5)


def test_a_fault_does_not_replace_what_was_graded(book):
    book.record(WANG.id, handed_in(), report(), KEYS)

    book.record(WANG.id, handed_in(), report(exercises=[conv2d(strides=Verdict.FAULT), essay()]), KEYS)

    assert book.report(WANG.id) == report()


def test_the_table_adds_up_what_is_earned_open_and_possible(book):
    book.enrol([WANG, LI])
    book.record(WANG.id, handed_in(), report(), KEYS)
    table = book.table()

    assert table.exercises == ("conv2d", "essay")
    assert [row.person for row in table] == [WANG, LI]
    assert {name: cell.points for name, cell in row_of(book).cells.items()} == {
        "conv2d": Points(2, 0, 5),
        "essay": Points(1, 4, 5),
    }
    assert points(book) == Points(3, 4, 10)
    assert table.total == 10


def test_who_handed_in_nothing_has_no_zero(book):
    book.enrol([LI])

    assert row_of(book, LI).submission is None
    assert not row_of(book, LI).is_graded


def test_an_ungraded_submission_has_a_reason_and_no_mark(book):
    reason = msg("{name} is an empty zip", name="wang.zip")
    book.ungraded(WANG.id, handed_in(digest=""), reason)

    row = row_of(book)
    assert row.submission == handed_in(digest="")
    assert not row.is_graded
    assert row.problems == (reason,)


def test_a_submission_that_could_not_be_read_before_is_one_submission(book):
    book.ungraded(WANG.id, handed_in(digest=""), msg("the worker vanished"))

    book.record(WANG.id, handed_in(), report(), KEYS)

    assert row_of(book).submissions == 1
    assert row_of(book).problems == ()
    assert points(book) == Points(3, 4, 10)


def test_a_vanished_worker_takes_no_mark_away(book):
    book.record(WANG.id, handed_in(), report(), KEYS)

    book.ungraded(WANG.id, handed_in(), msg("the worker vanished"))

    assert book.report(WANG.id) == report()


def test_the_latest_submission_counts_and_both_are_kept(book):
    better = report("d2", [conv2d(strides=Verdict.PASS), essay()])
    book.record(WANG.id, handed_in("d2", "second.zip", NOON + timedelta(hours=1)), better, KEYS)
    book.record(WANG.id, handed_in("d1", "first.zip", NOON), report(), KEYS)

    row = row_of(book)
    assert row.submission == HandedIn("d2", "second.zip", NOON + timedelta(hours=1))
    assert row.submissions == 2
    assert row.points == Points(6, 4, 10)
    assert book.graded("d1", "conv2d", KEYS["conv2d"]) == conv2d()


def test_the_latest_is_told_across_time_zones(book):
    china = timezone(timedelta(hours=8))
    book.record(WANG.id, handed_in("d1", "a.zip", datetime(2026, 11, 20, 21, tzinfo=china)), report(), KEYS)
    book.record(WANG.id, handed_in("d2", "b.zip", datetime(2026, 11, 20, 14, tzinfo=UTC)), report("d2"), KEYS)

    assert row_of(book).submission.digest == "d2"


def test_the_last_one_counts_even_where_it_cannot_be_graded(book):
    book.record(WANG.id, handed_in("d1", "first.zip", NOON), report(), KEYS)
    book.ungraded(WANG.id, handed_in("", "second.zip", NOON + timedelta(hours=1)), msg("second.zip is encrypted"))

    row = row_of(book)
    assert not row.is_graded
    assert [str(problem) for problem in row.problems] == [
        "second.zip is encrypted",
        "an earlier submission was graded; the last one counts, and it could not be",
    ]


def test_submissions_of_one_moment_count_by_name_and_say_so(book):
    for digest, name in (("d2", "wang_2.zip"), ("d1", "wang_1.zip")):
        book.record(WANG.id, handed_in(digest, name), report(digest), KEYS)

    row = row_of(book)
    assert row.submission.name == "wang_2.zip"
    assert [str(problem) for problem in row.problems] == [
        "of 2 submissions nothing tells which is the latest; wang_2.zip counts, by its name"
    ]


def test_recording_twice_changes_nothing(book):
    for _ in range(2):
        book.record(WANG.id, handed_in(received_at=NOON), report(), KEYS)

    assert row_of(book).submissions == 1
    assert book.report(WANG.id) == report()


def test_grading_one_exercise_keeps_the_others(book):
    book.record(WANG.id, handed_in(), report(), KEYS)
    only = report(exercises=[essay(free=Verdict.PASS)], not_graded=("conv2d",))

    book.record(WANG.id, handed_in(), only, KEYS)

    assert book.report(WANG.id) == report(exercises=[conv2d(), essay(free=Verdict.PASS)])
    assert book.table().exercises == ("conv2d", "essay")


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.FAIL])
def test_a_result_under_a_new_key_is_kept_and_the_mark_stands(book, verdict):
    book.record(WANG.id, handed_in(), report(), KEYS)
    renewed = conv2d(strides=verdict, identity=verdict, version=2)

    counts = book.record(WANG.id, handed_in(), report(exercises=[renewed]), {"conv2d": "2"})

    assert counts == {"conv2d": Result(KEYS["conv2d"], conv2d())}
    assert row_of(book).cells["conv2d"].points == Points(2, 0, 5)
    assert book.graded("d1", "conv2d", "2") == renewed


def test_a_mark_stands_where_the_same_content_comes_again_or_from_another(book):
    book.record(WANG.id, handed_in(), report(), KEYS)
    better = report(exercises=[conv2d(strides=Verdict.PASS, version=2)])

    book.record(WANG.id, handed_in(name="again.zip", received_at=NOON), better, {"conv2d": "2"})
    book.record(LI.id, handed_in(name="li.zip"), better, {"conv2d": "2"})

    assert [row.cells["conv2d"].points for row in book.table()] == [Points(2, 0, 5)] * 2


def test_everybody_keeps_the_own_mark_of_a_shared_content(book):
    better = report(exercises=[conv2d(strides=Verdict.PASS, version=2)])
    book.record(WANG.id, handed_in(), report(exercises=[conv2d()]), KEYS)
    book.record(LI.id, handed_in(), report(exercises=[conv2d()]), KEYS)
    regrade(book, LI, better, {"conv2d": "2"})

    for person in (WANG, LI):
        book.record(person.id, handed_in(), better, {"conv2d": "2"})

    assert [row.cells["conv2d"].points.earned for row in book.table()] == [2, 5]
    assert book.known(WANG.id, "d1", {"conv2d": "2"})["conv2d"].key == KEYS["conv2d"]
    assert book.known(LI.id, "d1", {"conv2d": "3"})["conv2d"].key == "2"
    assert book.known("new", "d1", {"conv2d": "3"})["conv2d"].key == "2"


def test_what_a_dry_run_kept_is_known_but_does_not_stand_before_the_mark(book):
    book.record(WANG.id, handed_in(), report(exercises=[conv2d()]), KEYS)
    for digest in ("d1", "d2"):
        book.keep(report(digest, [conv2d(version=2)]), {"conv2d": "2"})

    assert book.known(WANG.id, "d1", {"conv2d": "2"}) == {"conv2d": Result(KEYS["conv2d"], conv2d())}
    assert book.known(WANG.id, "d2", {"conv2d": "2"}) == {"conv2d": Result("2", conv2d(version=2))}
    assert book.known(WANG.id, "d3", {"conv2d": "2"}) == {}


def test_a_fault_of_ours_does_not_stand(book):
    book.record(WANG.id, handed_in(), report(exercises=[conv2d(strides=Verdict.FAULT)]), KEYS)
    assert book.known(WANG.id, "d1", {"conv2d": "2"}) == {}

    book.record(WANG.id, handed_in(), report(exercises=[conv2d(version=2)]), {"conv2d": "2"})

    assert row_of(book).cells["conv2d"].version == 2


def test_under_one_key_a_mark_only_becomes_higher(book):
    book.record(WANG.id, handed_in(), report(exercises=[conv2d()]), KEYS)

    for identity, strides, points in ((Verdict.TIMEOUT, Verdict.FAIL, 2), (Verdict.PASS, Verdict.PASS, 5)):
        counts = book.record(WANG.id, handed_in(), report(exercises=[conv2d(identity, strides)]), KEYS)
        assert counts["conv2d"].report.points.earned == row_of(book).points.earned == points


def test_marks_of_two_versions_side_by_side_are_remarked(book):
    book.record(WANG.id, handed_in(), report(), KEYS)
    other = report("d2", [conv2d(version=2), essay()])
    book.record(LI.id, handed_in("d2", "li.zip"), other, KEYS | {"conv2d": "2"})

    assert [str(remark) for remark in book.table().remarks] == [
        "conv2d: 1 of 2 marks are of an earlier version (~); `grade regrade --dry-run SOURCE...` shows what the "
        "present one would change"
    ]
    assert [row.cells["conv2d"].is_earlier for row in book.table()] == [True, False]
    assert not any(row.cells["essay"].is_earlier for row in book.table())


def test_of_one_version_under_two_keys_the_one_that_was_made_last_is_newer(book):
    book.record(LI.id, handed_in("d2", "li.zip"), report("d2", [conv2d()]), {"conv2d": "z"})
    book.record(WANG.id, handed_in(), report(exercises=[conv2d()]), {"conv2d": "a"})

    assert [row.cells["conv2d"].is_earlier for row in book.table()] == [False, True]


def test_enrolling_again_renews_and_forgets_nothing(book):
    book.enrol([WANG, LI])
    book.enrol([Person(WANG.id, "Wang Xiaoming")])

    assert [row.person for row in book.table()] == [Person(WANG.id, "Wang Xiaoming", WANG.email), LI]


def test_names_that_are_no_text_are_kept_readable(book):
    book.record(WANG.id, handed_in(name="b\udcff\n\0.zip"), report(), KEYS)

    assert row_of(book).submission.name == "b\\udcff\n\N{REPLACEMENT CHARACTER}.zip"


def test_a_report_of_another_content_is_refused(book):
    with pytest.raises(ValueError, match="report: expected one of d2, got one of d1"):
        book.record(WANG.id, handed_in("d2"), report("d1"), KEYS)
    with pytest.raises(ValueError, match="keys: expected one for each exercise, got none for essay"):
        book.record(WANG.id, handed_in(), report(), {"conv2d": "k"})


def test_what_is_recorded_is_there_when_the_book_is_opened_again(where):
    with Gradebook.open(where) as book:
        book.record(WANG.id, handed_in(), report(), KEYS)
    with Gradebook.open(where, create=False) as book:
        assert book.report(WANG.id) == report()


def test_a_book_of_a_newer_version_is_refused(where):
    with Gradebook.open(where) as book, book._database.writing() as connection:
        connection.execute(text("UPDATE book SET format = 99"))

    with pytest.raises(GradebookError, match=r"newer version \(format 99; this one reads 1\); install that version"):
        Gradebook.open(where)


def test_an_error_half_way_records_nothing(book):
    book.record(WANG.id, handed_in(), report(), KEYS)
    with pytest.raises(AttributeError):
        book.record(LI.id, handed_in("d2"), report("d2", [conv2d(), essay(named="no verdict")]), KEYS)

    assert [row.person.id for row in book.table()] == [WANG.id]
    assert book.graded("d2", "conv2d", KEYS["conv2d"]) is None


def test_where_there_is_no_book_none_is_made_unasked(tmp_path):
    with pytest.raises(NoGradebookError, match="there is no gradebook at .*course.db; `grade batch` makes one"):
        Gradebook.open(tmp_path / "course.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_no_book_unless_one_is_to_be_made(postgresql):
    with pytest.raises(NoGradebookError, match="there is no gradebook at"):
        Gradebook.open(postgresql, create=False)


def test_a_file_that_is_no_gradebook_is_left_alone(tmp_path):
    notes, other = tmp_path / "notes.txt", tmp_path / "other.db"
    notes.write_text("not a database at all, but long enough to be looked at\n" * 100)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE recipe (name)")
    connection.close()

    with pytest.raises(GradebookError, match="is no gradebook, or it is damaged"):
        Gradebook.open(notes)
    with pytest.raises(GradebookError, match="is a database, but no gradebook"):
        Gradebook.open(other)


def test_a_folder_that_cannot_be_written_is_one_sentence():
    with pytest.raises(GradebookError, match="cannot be opened: its folder does not exist, cannot be written"):
        Gradebook.open("/proc/course.db")


def test_a_read_only_file_is_one_sentence(tmp_path):
    path = tmp_path / "course.db"
    with Gradebook.open(path) as book:
        book.enrol([WANG])
    with Gradebook.open(f"sqlite:///file:{path}?mode=ro&uri=true", create=True) as book:
        assert [row.person for row in book.table()] == [WANG]
        with pytest.raises(GradebookError, match="cannot be written: the file or its folder is read-only"):
            book.enrol([LI])


def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path):
    path = tmp_path / "course.db"
    with Gradebook.open(path) as book:
        book.enrol([WANG])

        def limit(connection, record):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages + 1}")

        from sqlalchemy import event

        book._database.engine.dispose()
        event.listen(book._database.engine, "connect", limit)
        with pytest.raises(
            GradebookError, match="cannot be written: the disk is full; what was written before is safe"
        ):
            book.enrol([Person(str(number), "a name" * 100) for number in range(100)])
    with Gradebook.open(path) as book:
        assert [row.person for row in book.table()] == [WANG]


@pytest.mark.parametrize("url", ["mysql://host/course", "://", "sqlite:///", "oracle+what://x/y"])
def test_another_kind_of_url_is_one_sentence(url):
    with pytest.raises(GradebookError, match="expected a file, sqlite:///FILE|expected the path of a file"):
        Gradebook.open(url)


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password(tmp_path):
    with pytest.raises(GradebookError, match="cannot be used") as caught:
        Gradebook.open(f"postgresql://grade:secret@/course?host={tmp_path}")
    said = str(caught.value)
    assert said.startswith("postgresql://grade:***@/course?host=")
    assert said.endswith('.s.PGSQL.5432" failed: No such file or directory')


def test_a_server_that_was_started_again_is_used_again(postgresql, monkeypatch):
    import psycopg

    def restart():
        with psycopg.connect(postgresql.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()")

    with Gradebook.open(postgresql) as book:
        book.record(WANG.id, handed_in(), report(), KEYS)
        restart()
        book.record(LI.id, handed_in("d2"), report("d2"), KEYS)
        monkeypatch.setattr(store, "put_receipt", lambda connection, number: restart())
        with pytest.raises(GradebookError, match="cannot be used: "):  # in the middle of a transaction
            book.record("zhao", handed_in("d3"), report("d3"), KEYS)
        assert [row.points.earned for row in book.table()] == [3, 3]


def test_a_file_that_is_damaged_in_the_middle_is_one_sentence(tmp_path):
    where = tmp_path / "course.db"
    with Gradebook.open(where) as book:
        for number in range(40):
            book.record(f"s{number}", handed_in(f"d{number}"), report(f"d{number}"), KEYS)
    content = where.read_bytes()
    where.write_bytes(content[:40960] + bytes(len(content) - 40960))

    with Gradebook.open(where) as book:
        for broken in (book.table, lambda: book.record("s1", handed_in("d"), report("d"), KEYS)):
            with pytest.raises(GradebookError, match=f"{where} is no gradebook, or it is damaged"):
                broken()


def test_a_limit_on_the_size_of_files_is_one_sentence_and_loses_nothing(tmp_path):
    program = (
        "import resource, sys\n"
        "from grader.gradebook import Gradebook, GradebookError\n"
        "from tests.grader.gradebook.samples import KEYS, handed_in, report\n"
        "with Gradebook.open(sys.argv[1]) as book:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        "    for number in range(1000):\n"
        "        try:\n"
        "            book.record(f's{number}', handed_in(f'd{number}'), report(f'd{number}'), KEYS)\n"
        "        except GradebookError as error:\n"
        "            print(number, error.message)\n"
        "            break"
    )
    where = tmp_path / "course.db"
    done = subprocess.run([sys.executable, "-c", program, where], capture_output=True, text=True, check=False)

    number, said = done.stdout.strip().split(" ", 1)
    assert said == (
        f"{where} cannot be read or written: the disk, or a limit on the size of files, refuses; what was written "
        "before is safe"
    )
    with Gradebook.open(where) as book:
        assert [len(row.cells) for row in book.table()] == [2] * int(number)


RECORDING = """
import sys
from grader.gradebook import Gradebook
from tests.grader.gradebook.samples import KEYS, handed_in, report
where, start, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Gradebook.open(where) as book:
    print("open", flush=True)
    for number in range(start, start + count):
        digest = f"d{number}"
        book.record(f"s{number}", handed_in(digest, f"{number}.zip"), report(digest), KEYS)
        print(number, flush=True)
"""


def recording(where, start, count):
    command = [sys.executable, "-c", RECORDING, str(where), str(start), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_two_processes_at_once_lose_nothing(where):
    both = [recording(where, start, 20) for start in (0, 10)]  # ten students are in both
    assert [process.communicate()[0].split()[-1] for process in both] == ["19", "29"]

    with Gradebook.open(where, create=False) as book:
        table = book.table()
    assert sorted(row.person.id for row in table) == sorted(f"s{number}" for number in range(30))
    assert {(row.points, row.submissions) for row in table} == {(Points(3, 4, 10), 1)}


@pytest.mark.parametrize("delay_s", [0.0, 0.004, 0.02])
def test_a_killed_process_leaves_a_whole_book(where, delay_s):
    process = recording(where, 0, 10_000)
    process.stdout.readline()
    process.stdout.readline()
    time.sleep(delay_s)
    os.kill(process.pid, signal.SIGKILL)
    said = [int(line) for line in process.communicate()[0].split()]

    with Gradebook.open(where, create=False) as book:
        rows = book.table().rows
        found = {int(row.person.id[1:]) for row in rows}
        assert {row.points for row in rows} == {Points(3, 4, 10)}
        assert all(book.report(row.person.id) == report(row.submission.digest) for row in rows[:5])
        book.record("next", handed_in("n"), report("n"), KEYS)
    assert {0, *said} <= found <= {0, *said, *range(max(said, default=0) + 2)}
