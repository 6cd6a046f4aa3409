"""One example of every picture, and the page that shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.animation import FuncAnimation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor, nn

from reference.data import digits, shapes
from reference.geometry import Layer
from reference.models import SegNet
from reference.models.projection import vgg16_layers
from reference.models.vgg import VGG16_TABLE, VGG16Features
from reference.viz.convolution import convolution_animation, convolution_frame
from reference.viz.feature import feature_maps, kernels, network_features
from reference.viz.field import field_on_image, field_rows
from reference.viz.projection import projections
from reference.viz.unpooling import unpooling

COMMAND = "python -m reference.viz docs/pictures --language en --page docs/pictures.md"
STEPS = 400  # of training, for the pictures of a network

_IMAGE = [[1, 2, 0, 3, 1], [0, 1, 3, 2, 2], [2, 0, 1, 1, 0], [1, 3, 2, 0, 1]]
_SOBEL = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the gallery.

    Args:
        file: Its name, which says the format.
        caption: What it shows.
        call: How it is made, in words of code.
        draw: Makes it in a language.
    """

    file: str
    caption: str
    call: str
    draw: Callable[[str], Figure | FuncAnimation]

    def write(self, folder: Path, language: str) -> Path:
        """Write the picture into a folder."""
        path = folder / self.file
        drawn = self.draw(language)
        if isinstance(drawn, FuncAnimation):
            drawn.save(path, writer="pillow", dpi=80)
        else:
            # 256 colours are enough, and make a file a third as large.
            drawn.set_dpi(90)
            canvas = FigureCanvasAgg(drawn)
            canvas.draw()  # type: ignore[no-untyped-call]
            pixels = np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
            Image.fromarray(pixels).quantize(256).save(path, optimize=True)
        return path


@cache
def trained_segnet(steps: int = STEPS) -> SegNet:
    """A small SegNet that has learned the shapes of `reference.data` for a few hundred steps; about half a minute."""
    data = shapes(200, 64, seed=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = SegNet(num_classes=4, width=8)
        optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
        for _ in range(steps):
            batch = torch.randint(0, 200, (8,))
            optimizer.zero_grad()
            loss = F.cross_entropy(net(data.images[batch]), data.labels_per_pixel[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return net.eval()


@cache
def trained_filters(steps: int = STEPS) -> nn.Conv2d:
    """Sixteen 7x7 filters that have learned to tell digits apart."""
    data = digits(200, seed=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        conv = nn.Conv2d(1, 16, 7, stride=2)
        net = nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(3), nn.Flatten(), nn.Linear(16 * 4 * 4, 10))
        optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.1)
        for _ in range(steps):
            batch = torch.randint(0, 200, (32,))
            optimizer.zero_grad()
            loss = F.cross_entropy(net(data.images[batch]), data.labels[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return conv


def _filter_maps(language: str) -> Figure:
    conv = trained_filters()
    with torch.no_grad():
        y = conv(digits(10, seed=3).images[:1])
    return feature_maps(y, language=language)


def _projections(language: str) -> Figure:
    encoder, x = trained_segnet().encoder, shapes(3, 64, seed=9).images[1:2]
    features = [(layer, _strongest(encoder, x, layer)) for layer in ("conv2_2", "conv3_3", "conv4_3")]
    return projections(encoder, x, features, language=language)


def _strongest(encoder: VGG16Features, x: Tensor, layer: str) -> int:
    """The feature of a layer with the highest peak."""
    seen: list[Tensor] = []
    hook = encoder.layers[layer].register_forward_hook(lambda _, __, y: seen.append(y))
    with torch.no_grad():
        encoder(x)
    hook.remove()
    return int(seen[0][0].amax((1, 2)).argmax())


GALLERY: tuple[Picture, ...] = (
    Picture(
        "convolution.png",
        "One step of a cross-correlation with padding 1 and stride 2: "
        "the window, the weight that each of its cells meets, the products row by row, and the place of their sum.",
        "convolution_frame(x, weight, (1, 1), padding=1, stride=2)",
        lambda language: convolution_frame(_IMAGE, _SOBEL, (1, 1), padding=1, stride=2, language=language),
    ),
    Picture(
        "convolution.gif",
        "All steps of a true convolution: the kernel is shown as it lies on the image, turned by 180 degrees.",
        'convolution_animation(x, weight, convention="convolution").save("convolution.gif", writer="pillow")',
        lambda language: convolution_animation(_IMAGE, [[1, 2], [0, -1]], convention="convolution", language=language),
    ),
    Picture(
        "channels.png",
        "Two input channels make one output: the sums of both channels and the bias are added.",
        "convolution_frame(x, weight, (0, 1), bias=1)  # x (2, 3, 4), weight (2, 2, 2)",
        lambda language: convolution_frame(
            [[[1, 2, 0, 1], [3, 1, 1, 0], [0, 2, 1, 2]], [[2, 0, 1, 1], [1, 1, 0, 2], [1, 3, 2, 0]]],
            [[[1, 0], [0, -1]], [[0, 2], [1, 0]]],
            (0, 1),
            bias=1,
            language=language,
        ),
    ),
    Picture(
        "field_rows.png",
        "How the receptive field of one unit grows through the layers, seen from the side; dashed units are padding.",
        "field_rows(layers, 16, names=names)",
        lambda language: field_rows(
            [Layer(3, padding=1), Layer(2, stride=2), Layer(3, padding=1), Layer(3, dilation=2)],
            16,
            names=["conv1", "pool1", "conv2", "conv3"],
            language=language,
        ),
    ),
    Picture(
        "field_on_image.png",
        "The receptive fields of VGG-16's layers on an image of 224 x 224.",
        'field_on_image(vgg16_layers("pool5"), image, names=names)',
        lambda language: field_on_image(
            vgg16_layers("pool5"),
            digits(4, 224).images[1],
            names=[row.name for row in VGG16_TABLE],
            language=language,
        ),
    ),
    Picture(
        "unpooling.png",
        "Max-pooling keeps the places of the maxima, the switches; unpooling puts the decoder's values back there.",
        "unpooling(x, 2, values=values)",
        lambda language: unpooling(
            [[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 6], [2, 8, 3, 9]], values=[[6, 1], [2, 7]], language=language
        ),
    ),
    Picture(
        "kernels.png",
        "Sixteen 7 x 7 kernels that have learned to tell drawn digits apart; orange is negative, purple positive.",
        "kernels(conv.weight)",
        lambda language: kernels(trained_filters().weight, language=language),
    ),
    Picture(
        "feature_maps.png",
        "What these kernels answer to a digit.",
        "feature_maps(conv(image))",
        _filter_maps,
    ),
    Picture(
        "network.png",
        "A small SegNet, trained on drawn shapes, from image to class scores; of each layer the strongest maps.",
        "network_features(net, image, layers, most=5)",
        lambda language: network_features(
            trained_segnet(),
            shapes(3, 64, seed=9).images[1:2],
            [f"encoder.layers.{name}" for name in ("conv1_2", "conv2_2", "conv3_3")] + ["score"],
            most=5,
            language=language,
        ),
    ),
    Picture(
        "projection.png",
        "Three features of its encoder projected back to the image: what in their receptive fields made them fire.",
        'projections(net.encoder, image, [("conv3_3", 20), ...])',
        _projections,
    ),
)


def page() -> str:
    """The page that shows the gallery, in Markdown, for a folder beside `pictures/`."""
    lines = [
        "# Pictures",
        "",
        "What `reference.viz` draws; each function returns a matplotlib Figure (or an animation).",
        "This page and its pictures are made by one command, in about a minute:",
        "",
        "```",
        COMMAND,
        "```",
        "",
        "`--language zh` writes Chinese titles, on a machine that has a Chinese font.",
        "",
    ]
    for picture in GALLERY:
        lines += [
            "```python",
            picture.call,
            "```",
            "",
            picture.caption,
            "",
            f"![{picture.file}](pictures/{picture.file})",
            "",
        ]
    return "\n".join(lines[:-1]) + "\n"
