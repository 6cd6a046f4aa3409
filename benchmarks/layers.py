"""Time the written-out layers beside torch.nn.functional, forward, and forward with backward, as ratios in one run.

Convolutions have the sizes of AlexNet's and VGG-16's layers, the others a size
of the net that uses them.

    python benchmarks/layers.py [--device cpu|cuda|all] [--batch 1] [--runs 7] [--threads 1] [--only WORD] [--quick]
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from timing import alternate, machine, median_ms, median_ratio
from torch import Tensor

from reference import layers


@dataclass(frozen=True)
class Case:
    """One row: torch's layer, ours, and the tensors that both get."""

    name: str
    theirs: Callable[..., Tensor]
    ours: dict[str, Callable[..., Tensor]]
    shapes: tuple[tuple[int, ...], ...]  # of the arguments that are learned or come from below, without the batch
    fixed: Callable[[Tensor], tuple[Tensor, ...]] = field(default=lambda x: ())  # arguments without a gradient


def conv(name: str, x: tuple[int, ...], weight: tuple[int, ...], **options: int) -> Case:
    ours = {
        "im2col": lambda x, w: layers.correlate2d_im2col(x, w, **options),
        "direct": lambda x, w: layers.correlate2d(x, w, **options),
    }
    if options.get("stride", 1) == 1 and weight[-1] >= 5:  # for 3x3 it takes a hundred times as long
        ours["FFT"] = lambda x, w: layers.correlate2d_fft(x, w, **options)
    return Case(name, lambda x, w: F.conv2d(x, w, **options), ours, (x, weight))


def vgg(name: str, channels: int, out_channels: int, side: int) -> Case:
    return conv(f"VGG-16 {name}", (channels, side, side), (out_channels, channels, 3, 3), padding=1)


CONVOLUTIONS = (
    conv("AlexNet conv1", (3, 227, 227), (96, 3, 11, 11), stride=4),
    conv("AlexNet conv2", (96, 27, 27), (256, 48, 5, 5), padding=2, groups=2),
    conv("AlexNet conv3", (256, 13, 13), (384, 256, 3, 3), padding=1),
    conv("AlexNet conv4", (384, 13, 13), (384, 192, 3, 3), padding=1, groups=2),
    conv("AlexNet conv5", (384, 13, 13), (256, 192, 3, 3), padding=1, groups=2),
    vgg("conv1_1", 3, 64, 224),
    vgg("conv1_2", 64, 64, 224),
    vgg("conv2_1", 64, 128, 112),
    vgg("conv2_2", 128, 128, 112),
    vgg("conv3_1", 128, 256, 56),
    vgg("conv3_2", 256, 256, 56),
    vgg("conv4_1", 256, 512, 28),
    vgg("conv4_2", 512, 512, 28),
    vgg("conv5_1", 512, 512, 14),
)


def switches(x: Tensor) -> tuple[Tensor, ...]:
    """Switches of a 2x2 pooling of an image twice as large as x."""
    N, C, H, W = x.shape
    image = torch.rand(N, C, 2 * H, 2 * W, device=x.device)
    return (F.max_pool2d(image, 2, return_indices=True)[1],)


def labels(x: Tensor) -> tuple[Tensor, ...]:
    return (torch.randint(0, x.shape[1], (x.shape[0], *x.shape[2:]), device=x.device),)


OTHERS = (
    Case(
        "max pooling 3, stride 2 (AlexNet pool1)",
        lambda x: F.max_pool2d(x, 3, 2),
        {"": lambda x: layers.max_pool2d(x, 3, stride=2).y},
        ((96, 55, 55),),
    ),
    Case(
        "max pooling 2 (VGG-16 pool1)",
        lambda x: F.max_pool2d(x, 2),
        {"": lambda x: layers.max_pool2d(x, 2).y},
        ((64, 224, 224),),
    ),
    Case(
        "average pooling 7 (ResNet)",
        lambda x: F.avg_pool2d(x, 7),
        {"": lambda x: layers.avg_pool2d(x, 7)},
        ((2048, 7, 7),),
    ),
    Case(
        "max unpooling 2 (SegNet)",
        lambda x, i: F.max_unpool2d(x, i, 2),
        {"": lambda x, i: layers.max_unpool2d(x, i, 2)},
        ((64, 112, 112),),
        switches,
    ),
    Case(
        "transposed convolution 3 (DeconvNet deconv4_1)",
        lambda x, w: F.conv_transpose2d(x, w, padding=1),
        {"": lambda x, w: layers.conv_transpose2d(x, w, padding=1)},
        ((512, 28, 28), (512, 512, 3, 3)),
    ),
    Case(
        "transposed convolution 4, stride 2 (FCN-16s upscore2)",
        lambda x, w: F.conv_transpose2d(x, w, stride=2),
        {"": lambda x, w: layers.conv_transpose2d(x, w, stride=2)},
        ((21, 16, 16), (21, 21, 4, 4)),
    ),
    Case(
        "local response normalisation (AlexNet norm1)",
        lambda x: F.local_response_norm(x, 5, 5e-4, 0.75, 2.0),
        {"": lambda x: layers.local_response_norm(x)},
        ((96, 55, 55),),
    ),
    Case(
        "batch normalisation (SegNet conv2_2)",
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        {"": lambda x, w, b: layers.batch_norm2d(x, w, b, training=True).y},
        ((128, 112, 112), (128,), (128,)),
    ),
    Case(
        "bilinear resizing, 28 to 224 (DeepLab)",
        lambda x: F.interpolate(x, size=(224, 224), mode="bilinear", align_corners=False),
        {"": lambda x: layers.resize_bilinear2d(x, (224, 224))},
        ((21, 28, 28),),
    ),
    Case("ReLU (VGG-16 conv1_2)", F.relu, {"": layers.relu}, ((64, 224, 224),)),
    Case(
        "cross entropy a pixel (21 classes)",
        F.cross_entropy,
        {"": layers.cross_entropy},
        ((21, 224, 224),),
        labels,
    ),
)


def measure(case: Case, device: str, batch: int, runs: int, least_s: float) -> Iterator[str]:
    """The table's rows of one case; ours must give what torch gives, or nothing is timed."""
    torch.manual_seed(0)
    image, *learned = case.shapes
    # Positive weights of mean 1 over the sum: results are of the size of the image.
    tensors = [torch.rand(batch, *image, device=device)] + [
        torch.rand(shape, device=device) / max(1, torch.Size(shape[1:]).numel()) for shape in learned
    ]
    fixed = case.fixed(tensors[0])
    wanted = case.theirs(*tensors, *fixed)
    for name, layer in case.ours.items():
        if not torch.allclose(layer(*tensors, *fixed), wanted, rtol=2e-3, atol=2e-4):
            raise SystemExit(f"{case.name}, {name}: expected what torch computes, got other numbers; nothing is timed")
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    grad = torch.ones_like(wanted)

    def forward(layer: Callable[..., Tensor]) -> Callable[[], object]:
        def call() -> None:
            with torch.no_grad():
                layer(*tensors, *fixed)

        return call

    def both(layer: Callable[..., Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(layer(*leaves, *fixed), leaves, grad)

    contenders = {"torch": case.theirs, **case.ours}
    once, trained = (
        alternate({name: make(layer) for name, layer in contenders.items()}, runs, device, least_s)
        for make in (forward, both)
    )
    for name in case.ours:
        forwards, backwards = median_ratio(once[name], once["torch"]), median_ratio(trained[name], trained["torch"])
        times = f"{median_ms(once['torch']):.2f} | {median_ms(trained['torch']):.2f}"
        yield f"| {case.name} | {name} | {times} | {forwards:.2f} | {backwards:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda", "all"), default="all")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name holds this word")
    parser.add_argument(
        "--quick", action="store_true", help="one short run of every kind of layer, to see that it works"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # the same arithmetic on both sides
    cases = [case for case in CONVOLUTIONS + OTHERS if options.only in case.name]
    runs, least_s = options.runs, 0.02
    if options.quick:
        small = ("AlexNet conv1", "average", "local response", "bilinear")
        cases, runs, least_s = [case for case in cases if case.name.startswith(small)], 1, 0.0
    if options.device in ("cuda", "all") and not torch.cuda.is_available():
        print("There is no CUDA device here: the processor alone is measured.\n")
    devices = [device for device in ("cpu", "cuda") if options.device in (device, "all")]
    for device in devices:
        if device == "cuda" and not torch.cuda.is_available():
            continue
        print(f"{machine(device)}, batch {options.batch}, medians of {runs} runs\n")
        print(
            "| layer | ours | torch forward ms | torch forward + backward ms | ratio forward | ratio forward + backward |"
        )
        print("|---|---|---:|---:|---:|---:|")
        for case in cases:
            for row in measure(case, device, options.batch, runs, least_s):
                print(row, flush=True)
        print()


if __name__ == "__main__":
    main()
