"""Networks graded by transplant: trace, align, put the same weights into both, compare."""

from grader.network import fingerprint
from grader.network.network import Network
from grader.network.training import Smoke

__all__ = ["Network", "Smoke", "fingerprint"]
