"""A gradebook on each kind of database; PostgreSQL in a cluster of the tests' own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from grader.gradebook import Gradebook

PROGRAMS = ("initdb", "pg_ctl")


def _program(name):
    places = [shutil.which(name), *sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)]
    return next((str(place) for place in places if place), None)


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL server of our own, on a socket in a folder of its own; the start of its URLs."""
    programs = {name: _program(name) for name in PROGRAMS}
    if missing := [name for name, place in programs.items() if place is None]:
        pytest.skip(f"PostgreSQL is not installed: there is no {', '.join(missing)}")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    as_other = {}
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.getuid() == 0:  # the server refuses to run as root
            users = {user.pw_name for user in pwd.getpwall()}
            user = next((user for user in ("postgres", "nobody") if user in users), None)
            if user is None:
                pytest.skip("PostgreSQL does not run as root, and there is no other user")
            shutil.chown(folder, user)
            as_other = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}

        def run(program, *arguments):
            command = [programs[program], *arguments]
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, **as_other)
            if done.returncode:
                pytest.skip(f"PostgreSQL cannot be started here: {done.stderr.strip() or done.stdout.strip()}")

        data = str(folder / "data")
        run("initdb", "-D", data, "-U", "grade", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-o", settings, "-l", str(folder / "log"), "start")
        try:
            yield folder
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@pytest.fixture
def postgresql(cluster):
    """The URL of an empty database."""
    import psycopg

    with psycopg.connect(host=str(cluster), user="grade", dbname="postgres", autocommit=True) as connection:
        number = connection.execute("SELECT count(*) FROM pg_database").fetchone()[0]
        connection.execute(f"CREATE DATABASE course{number}")
    return f"postgresql+psycopg://grade@/course{number}?host={cluster}"


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """Where a gradebook may be kept."""
    return tmp_path / "course.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def book(where):
    with Gradebook.open(where) as book:
        yield book
