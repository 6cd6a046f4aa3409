"""Who may import whom: the arrows of ARCHITECTURE.md, read from the code's own imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STANDARD = set(sys.stdlib_module_names)
GUEST_SIDE: dict[str, set[str]] = {
    "guest.py": {"grader", "guest_model", "guest_notebook", "source", "torch", "wire"},
    "guest_model.py": {"numpy", "torch"},
    "template.py": {"guest", "namespace"},
    "namespace.py": set(),
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere, relative imports made absolute."""
    found = set()
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            found.add(".".join(part for part in (base, node.module or "") if part))
    return found


def files(package: str) -> list[Path]:
    return sorted(path for path in (ROOT / package).rglob("*.py") if "__pycache__" not in path.parts)


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", files("grader"), ids=lambda path: str(path.relative_to(ROOT)))
def test_grader_knows_nothing_of_convolutional_networks(path):
    assert not tops(path) & {"reference", "exercises", "student_template", "tests", "benchmarks"}


@pytest.mark.parametrize("path", files("reference"), ids=lambda path: str(path.relative_to(ROOT)))
def test_reference_stands_on_numpy_torch_and_sympy(path):
    drawing = {"matplotlib", "PIL"} if path.parent.name == "viz" else set()
    printing = {"rich"} if path.name in ("__main__.py", "terminal.py") else set()

    assert tops(path) - STANDARD - drawing - printing <= {"reference", "numpy", "torch", "sympy"}


@pytest.mark.parametrize("path", files("reference"), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_pictures_import_pictures(path):
    assert path.parent.name == "viz" or not any(name.startswith("reference.viz") for name in imports(path))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises").glob("*/*.py")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_exercises_import_the_vocabulary_the_reference_and_what_students_have(path):
    allowed = (
        {"numpy", "torch"} if path.name == "starter.py" else {"grader", "reference", "hypothesis", "numpy", "torch"}
    )

    assert tops(path) - STANDARD <= allowed


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises").glob("*/submissions/*/*.py")), ids=lambda path: f"{path.parts[-4]}/{path.name}"
)
def test_submissions_import_what_a_student_would(path):
    assert tops(path) - STANDARD <= {"numpy", "torch"}


@pytest.mark.parametrize("name", GUEST_SIDE)
def test_the_guest_side_of_the_wall_stands_alone(name):
    found = tops(ROOT / "grader" / "sandbox" / name) - STANDARD - {"numpy"}

    assert found <= GUEST_SIDE[name]


@pytest.mark.parametrize("name", ["wire.py", "source.py"])
def test_what_both_sides_share_imports_nothing_of_ours(name):
    assert tops(ROOT / "grader" / "sandbox" / name) - STANDARD <= {"numpy"}


def test_no_one_imports_the_command_line():
    importing = [path for path in files("grader") if any(name.startswith("grader.cli") for name in imports(path))]

    assert [path for path in importing if "cli" not in path.parts] == []


def test_pickle_is_nowhere_near_the_wall():
    forbidden = {"pickle", "dill", "marshal", "shelve", "cloudpickle"}
    assert [path for path in files("grader") if tops(path) & forbidden] == []


def test_importing_the_grader_loads_none_of_the_heavy_libraries():
    program = "import sys, grader; print(sorted({'torch', 'sympy', 'hypothesis', 'numpy', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)

    assert done.stdout.strip() == "[]"


def test_no_line_names_a_folder_of_the_machine_it_was_written_on():
    leaks = ("/" + "work/", "." + "pyenv", "/opt/" + "wheels")
    tracked = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True, cwd=ROOT).stdout.split(b"\0")
    found = []
    for name in filter(None, tracked):
        path = ROOT / name.decode()
        if path.is_file() and path.suffix in (".py", ".md", ".toml", ".txt", ".po", "") and path.stat().st_size < 10**6:
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{path}: {leak}" for leak in leaks if leak in text and path.name != "test_architecture.py"]

    assert found == []
