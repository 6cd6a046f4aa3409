"""The receptive field of a model, measured: which pixels have a gradient at one position of the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from reference.errors import OptionError, ShapeError
from reference.geometry.model import on_device
from reference.geometry.size import TransposedLayer
from reference.geometry.trace import in_evaluation_mode, tensors_in
from reference.geometry.window import pool_layers


@dataclass(frozen=True, slots=True)
class Region:
    """The smallest rectangle of the image that holds all pixels with a gradient.

    Args:
        rows: First and last row, both counted.
        columns: First and last column, both counted.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]

    @property
    def height(self) -> int:
        """Rows of the rectangle."""
        return self.rows[1] - self.rows[0] + 1

    @property
    def width(self) -> int:
        """Columns of the rectangle."""
        return self.columns[1] - self.columns[0] + 1

    @property
    def size(self) -> int:
        """The side of a square.

        Raises:
            ShapeError: It is none; the border of the image may have cut it.
        """
        if self.height != self.width:
            raise ShapeError("region", "a square", f"{self.height} x {self.width}", "ask for its height and width")
        return self.height


def probe_field(model: nn.Module, shape: Any, position: tuple[int, int] | None = None, *rest: Any) -> Region:
    """Measure what one position of the output sees: the extent of its gradient on the image.

    Only which pixels take part is asked, so nothing may cancel and nothing may be
    switched off.  Other values take the place of the model's own: positive weights,
    no biases, batch statistics of 0 and 1.  On the way back, operators that let only
    some elements through pass the gradient to all of them: a ReLU to negative
    elements too, a max pooling to its whole window, an unpooling from its whole
    window, a soft-max to all that it compares.  The model runs in evaluation mode and
    in float64, and is afterwards as it was.

    What lies outside the image is not seen: choose one that is large enough.

    Args:
        model: Any module whose first output is (N, C, H, W) or (N, C).
        shape: (N, C, H, W) of the image, the first argument of forward.
        position: Row and column of the output; None is the middle.
        rest: Further arguments of forward, as for `survey`.

    Raises:
        OptionError: The model is on the device `meta`, or the output has no such position.
        ShapeError: The output has another rank, or does not depend on the image.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(1, 2, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 5))
        >>> probe_field(net, (1, 1, 32, 32), (0, 0))
        Region(rows=(0, 13), columns=(0, 13))
    """
    state = {name: _probing_value(name, tensor) for name, tensor in model.state_dict(keep_vars=True).items()}
    if any(tensor.is_meta for tensor in state.values()):
        raise OptionError("model", "a model with values", "one on the device meta", "build a narrow one on the CPU")
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(tuple(shape), generator=generator, dtype=torch.float64) + 0.5
    x = on_device(model, image).requires_grad_()
    arguments = (x, *(on_device(model, value) for value in rest))
    with in_evaluation_mode(model), torch.enable_grad(), _Spreading():
        y = tensors_in(functional_call(model, state, arguments))[0]
        total = _at(y, position).sum()
        (gradient,) = torch.autograd.grad(total, x, allow_unused=True) if total.requires_grad else (None,)
    reached = torch.empty(0, 2) if gradient is None else gradient.flatten(0, -3).abs().amax(0).nonzero()  # (pixels, 2)
    if not len(reached):
        raise ShapeError("position", "an output that depends on the image", repr(position), "choose another position")
    (top, left), (bottom, right) = reached.amin(0).tolist(), reached.amax(0).tolist()
    return Region((top, bottom), (left, right))


def _probing_value(name: str, tensor: Tensor) -> Tensor:
    """Equal weights whose sum over a filter is 1, so that the gradient neither dies nor explodes."""
    kind = name.rpartition(".")[2]
    if not tensor.is_floating_point():
        return tensor
    if kind in ("bias", "running_mean"):
        return torch.zeros_like(tensor, dtype=torch.float64)
    if kind == "running_var":
        return torch.ones_like(tensor, dtype=torch.float64)
    if not isinstance(tensor, nn.Parameter):
        return tensor.double()
    each = tensor[0].numel() if tensor.ndim > 1 else 1
    return torch.full_like(tensor, 1 / max(1, each), dtype=torch.float64)


def _at(y: Tensor, position: tuple[int, int] | None) -> Tensor:
    if y.ndim not in (2, 4):
        raise ShapeError("model", "a first output of (N, C, H, W) or (N, C)", repr(tuple(y.shape)))
    if y.ndim == 2:
        y = y[:, :, None, None]
    H, W = y.shape[2:]
    row, column = (H // 2, W // 2) if position is None else position
    if not (0 <= row < H and 0 <= column < W):
        raise OptionError("position", f"a row below {H} and a column below {W}", repr(position))
    return y[:, :, row, column]


class _Spreading(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's __init_subclass__ has no types
    """Replaces operators of the backward pass, which run at the same level as those of the forward one."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler to keep it away from the method below

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pools: dict[int, list[TransposedLayer]] = {}  # by the memory of the switches
        self._sides: dict[int, tuple[list[int], list[int]]] = {}  # before and after the unpooling, by the same
        self._chosen: set[int] = set()  # memory of maxima and of their indices
        self._kept: list[Any] = []  # as long as they live, no other tensor gets their memory

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name.removeprefix("aten::").rstrip("_")  # noqa: SLF001 - the only place that has it
        match name:
            case "threshold_backward" | "leaky_relu_backward" | "tanh_backward" | "sigmoid_backward":
                return args[0].clone()
            case "_softmax_backward_data" | "_log_softmax_backward_data":
                return args[0].sum(args[2], keepdim=True).expand_as(args[0])
            case "max_pool2d_with_indices_backward":
                return _to_windows(args[0], args[1].shape, pool_layers(TransposedLayer, *args[2:6]))
            case "adaptive_max_pool2d_backward":
                return torch.ops.aten._adaptive_avg_pool2d_backward(args[0], args[1])  # noqa: SLF001 - no public name
            case "gather" if (switches := _memory(args[2])) in self._sides:  # how an unpooling goes back
                return _from_windows(args[0], args[2].shape, self._pools[switches], *self._sides[switches])
            case "scatter" if _memory(args[2]) in self._chosen:  # how an index of `max` goes back
                return args[3].expand_as(args[0])
            case "eq" if isinstance(args[1], Tensor) and {_memory(args[0]), _memory(args[1])} & self._chosen:
                return func(*args).fill_(True)  # which elements were the largest
        result = func(*args, **(kwargs or {}))
        if name == "max_pool2d_with_indices":
            self._pools[_memory(result[1])] = pool_layers(TransposedLayer, *args[1:5])
        if name == "max_unpool2d" and _memory(args[1]) in self._pools:
            self._sides[_memory(args[1])] = (list(args[0].shape[-2:]), list(args[2]))
        if name in ("max", "min", "amax", "amin"):
            self._chosen |= {_memory(tensor) for tensor in tensors_in(result)}
        self._kept.append(result)
        return result


def _to_windows(grad: Tensor, shape: torch.Size, layers: list[TransposedLayer]) -> Tensor:
    """Give each window's gradient to all of its elements; shape: (..., H, W) of the pooling's input."""
    planes = grad.reshape(-1, 1, *grad.shape[-2:])
    kernel, stride, padding, dilation = _options(layers)
    large = F.conv_transpose2d(planes, planes.new_ones(1, 1, *kernel), stride=stride, dilation=dilation)
    # windows may hang over the end, or leave a rest there
    rest = [p + side - size for p, side, size in zip(padding, shape[-2:], large.shape[-2:], strict=True)]
    large = F.pad(large, (-padding[1], rest[1], -padding[0], rest[0]))
    return large.reshape(shape)


def _from_windows(
    grad: Tensor, shape: torch.Size, layers: list[TransposedLayer], small: list[int], large: list[int]
) -> Tensor:
    """Sum each window's gradient, instead of taking it at the switch; grad: (..., H*W), shape: (..., h*w)."""
    planes = grad.reshape(-1, 1, *large)
    kernel, stride, padding, dilation = _options(layers)
    after = [layer.kernel_size * layer.dilation + layer.stride for layer in layers]  # for windows that hang over
    planes = F.pad(planes, (padding[1], after[1], padding[0], after[0]))
    sums = F.conv2d(planes, planes.new_ones(1, 1, *kernel), stride=stride, dilation=dilation)
    return sums[:, :, : small[0], : small[1]].reshape(shape)


def _options(layers: list[TransposedLayer]) -> list[tuple[int, ...]]:
    names = ("kernel_size", "stride", "padding", "dilation")
    return [tuple(getattr(layer, name) for layer in layers) for name in names]


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
