"""The page: one line in the overview and one section for each system."""

from __future__ import annotations

from reference.systems import Entry, find_system, measure_system
from reference.systems.markdown import render


def test_a_system_has_a_line_a_section_and_its_sources():
    page = render([measure_system(find_system("LeNet-5"))])
    lines = page.splitlines()
    assert "| [LeNet-5](#lenet-5) | 1998 | digits | 60.0 k | 326 k | 32 | 0.95 %, test error on MNIST |" in lines
    assert "## LeNet-5" in lines
    assert "| modern | 1 x 32 x 32 | 61,706 | - | 416,520 | 8,094 | 32 at C5 |" in lines
    source = "LeCun et al., Proc. IEEE 1998, section II.B"
    assert f"| original | parameters | 60,000 | 60,000 | agrees | {source} |" in lines
    assert "- **0.95 %** test error on MNIST (LeCun et al., Proc. IEEE 1998)" in lines
    assert page.endswith("\n")
    assert not page.endswith("\n\n")


def test_every_table_has_as_many_cells_in_each_row():
    page = render([measure_system(find_system(name)) for name in ("AlexNet", "DeepLab")])
    for block in page.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") - row.count(r"\|") for row in rows}) <= 1


def test_a_system_without_comparisons_has_no_empty_table():
    entry = measure_system(find_system("SDN"))
    assert "Published, and ours" not in render([entry])
    assert "To know:" in render([entry])
    assert "Published, and ours" in render(
        [Entry(find_system("LeNet-5"), measure_system(find_system("LeNet-5")).measured)]
    )
