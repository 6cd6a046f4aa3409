"""Which way round the kernel is read: turned, as in mathematics, or as it stands, as in deep learning."""

from __future__ import annotations

from typing import Literal

Convention = Literal["convolution", "correlation"]
CONVENTIONS: tuple[Convention, ...] = ("convolution", "correlation")
