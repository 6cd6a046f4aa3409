"""Time our networks beside torchvision's: forward, a training step, and the memory of the step, as ratios in one run.

    python benchmarks/models.py [--device cpu|cuda|all] [--batch 4] [--runs 5] [--threads 1] [--only WORD]
                                [--channels-last] [--bf16] [--compile] [--quick]

Without torchvision there is nothing to compare with: it says so and times ours alone.
"""

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from timing import alternate, machine, median_ms, median_ratio
from torch import Tensor, nn

from reference import models


@dataclass(frozen=True)
class Pair:
    """A network of ours and torchvision's of the same name.

    Args:
        side: Of the images.
        detects: Whether it finds objects: then finding is timed, and no training step.
    """

    name: str
    ours: Callable[[], nn.Module]
    theirs: Callable[[ModuleType], nn.Module]
    side: int = 224
    detects: bool = False


def resnet(depth: int) -> Pair:
    return Pair(
        f"resnet{depth}",
        lambda: models.ResNet(depth, version="v1.5"),
        lambda vision: getattr(vision.models, f"resnet{depth}")(weights=None),
    )


PAIRS = (
    Pair("alexnet", models.AlexNetTower, lambda vision: vision.models.alexnet(weights=None)),
    Pair("vgg16", models.VGG16, lambda vision: vision.models.vgg16(weights=None)),
    Pair("vgg16_bn", lambda: models.VGG16(batch_norm=True), lambda vision: vision.models.vgg16_bn(weights=None)),
    *(resnet(depth) for depth in (18, 34, 50, 101, 152)),
    Pair(
        "ssd300_vgg16",
        models.SSD300,
        lambda vision: vision.models.detection.ssd300_vgg16(weights=None, weights_backbone=None, num_classes=21),
        side=300,
        detects=True,
    ),
    Pair(
        "maskrcnn_resnet50_fpn",
        lambda: models.MaskRCNN(version="v1.5"),
        lambda vision: vision.models.detection.maskrcnn_resnet50_fpn(
            weights=None, weights_backbone=None, num_classes=81, min_size=512, max_size=512
        ),
        side=512,
        detects=True,
    ),
)
QUICK = ("alexnet", "resnet18")


@dataclass(frozen=True)
class Setting:
    """How all networks are run."""

    device: str
    batch: int
    channels_last: bool = False
    bf16: bool = False
    compile: bool = False

    def autocast(self) -> Any:
        return torch.autocast(self.device, torch.bfloat16, enabled=self.bf16)

    def prepare(self, net: nn.Module) -> nn.Module:
        net = net.to(self.device)
        if self.channels_last:
            net = net.to(memory_format=torch.channels_last)
        return torch.compile(net) if self.compile else net

    def images(self, side: int) -> Tensor:
        x = torch.randn(self.batch, 3, side, side, device=self.device)
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last else x


def answer(net: nn.Module, x: Tensor, setting: Setting, detects: bool) -> Callable[[], object]:
    """The forward pass, or the finding of objects, in eval mode without gradients."""
    plain = getattr(net, "_orig_mod", net)
    find = getattr(plain, "detect", None)
    images = list(x) if detects and find is None else x  # torchvision's detectors take a list

    def call() -> None:
        net.eval()
        with torch.no_grad(), setting.autocast():
            if detects and find is not None:
                find(images)
            else:
                net(images)

    return call


def train(net: nn.Module, x: Tensor, setting: Setting) -> Callable[[], object]:
    """One step of SGD with momentum on the cross entropy."""
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
    labels = torch.randint(0, 1000, (len(x),), device=x.device)

    def call() -> None:
        net.train()
        optimizer.zero_grad(set_to_none=True)
        with setting.autocast():
            loss = F.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()

    return call


def memory_mib(net: nn.Module, x: Tensor, setting: Setting) -> float:
    """Of a training step: the peak on a GPU; on a processor what the forward pass keeps for the way back."""
    step = train(net, x, setting)
    if setting.device == "cuda":
        step()
        torch.cuda.reset_peak_memory_stats()
        step()
        return torch.cuda.max_memory_allocated() / 2**20
    learned = {parameter.untyped_storage().data_ptr() for parameter in net.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in learned:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    net.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), setting.autocast():
        y = net(x)  # held, so that no storage is given to another tensor
    del y
    return sum(kept.values()) / 2**20


def measure(pair: Pair, setting: Setting, vision: ModuleType | None, runs: int) -> str:
    """The table's row of one network."""
    torch.manual_seed(0)
    nets = {"ours": setting.prepare(pair.ours())}
    if vision is not None:
        nets["theirs"] = setting.prepare(pair.theirs(vision))
        counts = {name: sum(parameter.numel() for parameter in net.parameters()) for name, net in nets.items()}
        if counts["ours"] != counts["theirs"] and not pair.detects:
            raise SystemExit(f"{pair.name}: expected equal parameters, got {counts}; they are not one network")
    x = setting.images(pair.side)
    forward = alternate(
        {name: answer(net, x, setting, pair.detects) for name, net in nets.items()}, runs, setting.device
    )
    columns = [forward]
    if not pair.detects:
        columns.append(alternate({name: train(net, x, setting) for name, net in nets.items()}, runs, setting.device))
    cells = [f"{median_ms(column['ours']):.1f}" for column in columns] + ["-"] * pair.detects
    ratios = [f"{median_ratio(column['ours'], column['theirs']):.2f}" if vision else "-" for column in columns]
    memory = {} if pair.detects else {name: memory_mib(net, x, setting) for name, net in nets.items()}
    cells.append(f"{memory['ours']:.0f}" if memory else "-")
    ratios += ["-"] * pair.detects + [f"{memory['ours'] / memory['theirs']:.2f}" if vision and memory else "-"]
    return f"| {pair.name} | {' | '.join(cells)} | {' | '.join(ratios)} |"


def torchvision() -> ModuleType | None:
    try:
        return importlib.import_module("torchvision")
    except ImportError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda", "all"), default="all")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="networks whose name holds this word")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--bf16", action="store_true", help="torch.autocast to bfloat16")
    parser.add_argument("--compile", action="store_true", help="torch.compile both")
    parser.add_argument("--quick", action="store_true", help=f"one run of {' and '.join(QUICK)}, to see that it works")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True
    vision = torchvision()
    if vision is None:
        print(
            "torchvision is not installed, so ours are timed alone and no ratio is given: "
            f"it wants a version built for torch {torch.__version__.split('+')[0]}.\n"
        )
    if options.device in ("cuda", "all") and not torch.cuda.is_available():
        print("There is no CUDA device here: the processor alone is measured.\n")
    pairs = [pair for pair in PAIRS if options.only in pair.name]
    runs, batch = options.runs, options.batch
    if options.quick:
        pairs, runs, batch = [pair for pair in pairs if pair.name in QUICK], 1, 1
    for device in ("cpu", "cuda"):
        if options.device not in (device, "all") or (device == "cuda" and not torch.cuda.is_available()):
            continue
        setting = Setting(device, batch, options.channels_last, options.bf16, options.compile)
        flags = [name for name in ("channels_last", "bf16", "compile") if getattr(setting, name)]
        extra = f", {' and '.join(flags)}" if flags else ""
        print(f"{machine(device)}, batch {batch}{extra}, medians of {runs} runs\n")
        print("| network | forward ms | step ms | memory MiB | ratio forward | ratio step | ratio memory |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        for pair in pairs:
            print(measure(pair, setting, vision, runs), flush=True)
        print()


if __name__ == "__main__":
    main()
