"""Interleaved timing: all contenders take turns in one run, so that what disturbs one disturbs all."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch


def machine(device: str) -> str:
    """One line about where the numbers come from."""
    if device == "cuda":
        kind = torch.cuda.get_device_name()
    else:
        names = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
        kind = names[0].partition(":")[2].strip() if names else platform.machine()
        kind += f", {os.cpu_count()} processors, {torch.get_num_threads()} thread(s)"
    load = os.getloadavg()[0]
    return f"{date.today()}, {kind}, torch {torch.__version__}, load average {load:.1f} before the run"


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def alternate(
    contenders: dict[str, Callable[[], object]], runs: int, device: str, least_s: float = 0.02
) -> dict[str, list[float]]:
    """Time the contenders in turns, in seconds a call; the first round warms up and is not counted.

    A contender that takes less than `least_s` is called several times in a row.
    """
    repeats = {name: max(1, round(least_s / _seconds(call, 1, device))) for name, call in contenders.items()}
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for run in range(runs + 1):
        for name, call in contenders.items():
            seconds = _seconds(call, repeats[name], device)
            if run:
                taken[name].append(seconds)
    return taken


def _seconds(call: Callable[[], object], repeat: int, device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeat):
        call()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / repeat


def median_ms(seconds: list[float]) -> float:
    return 1000 * statistics.median(seconds)


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over the rounds of one round's ratio: a slow round is slow for both."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
