"""Every system of the lecture: paper, what is distinctive, published numbers, and ours beside them.

systems.toml   what was published: an entry a system, in the order of the lecture
system.py      an entry, and how it is read
measure.py     our numbers: every net is built without memory and surveyed
quantity.py    how numbers, fields and sources are written
markdown.py    docs/catalogue.md
terminal.py    what `python -m reference` prints
"""

from reference.systems.measure import Compared, Entry, Measured, catalogue, measure, measure_system
from reference.systems.system import Comparison, Net, Part, Place, Result, System, find_system, load_systems

__all__ = [
    "Compared",
    "Comparison",
    "Entry",
    "Measured",
    "Net",
    "Part",
    "Place",
    "Result",
    "System",
    "catalogue",
    "find_system",
    "load_systems",
    "measure",
    "measure_system",
]
