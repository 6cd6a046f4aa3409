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
from reference.geometry.trace import tensors_in


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
            ShapeError: It is none; the image may have cut it.
        """
        if self.height != self.width:
            raise ShapeError("region", "a square", f"{self.height} x {self.width}", "ask for height and width")
        return self.height


def probe_field(model: nn.Module, shape: Any, position: tuple[int, int] | None = None, *rest: Any) -> Region:
    """Measure what one position of the output sees: the extent of its gradient on the image.

    Only which pixels take part is asked, so that nothing may cancel and nothing may be
    switched off.  A copy of the state takes the place of the model's own: positive
    weights, no biases.  On the way back every operator that lets only some
    elements through passes the gradient to all of them: a ReLU to negative elements
    too, a max pooling to its whole window, an unpooling from its whole window, a
    soft-max to all that it compares.  The model is in evaluation mode, computes in
    float64, and is afterwards as it was.

    The image must be large enough: what lies outside is not seen.

    Args:
        model: Any module that returns (N, C, H, W) first, or (N, C).
        shape: (N, C, H, W) of the image.
        position: Row and column of the output; None is the middle.
        rest: Further arguments of forward, as for `survey`.

    Raises:
        OptionError: The model is on the device `meta`, or the position is not there.
        ShapeError: The output has another rank, or does not depend on the image.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(1, 2, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 5))
        >>> probe_field(net, (1, 1, 32, 32), (0, 0))
        Region(rows=(0, 13), columns=(0, 13))
    """
    state = {name: _positive(tensor) for name, tensor in model.named_parameters()}
    state |= {name: _wide(buffer) for name, buffer in model.named_buffers()}
    state |= _unit_statistics(model, state)
    if any(tensor.is_meta for tensor in state.values()):
        raise OptionError("model", "a model with values", "one on the device meta", "build a narrow one on the CPU")
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(tuple(shape), generator=generator, dtype=torch.float64) + 0.5
    x = on_device(model, image).requires_grad_()
    arguments = (x, *(on_device(model, value) for value in rest))
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.enable_grad(), _Spreading():
            y = tensors_in(functional_call(model, state, arguments, strict=False))[0]
            total = _at(y, position).sum()
            (gradient,) = torch.autograd.grad(total, x, allow_unused=True) if total.requires_grad else (None,)
    finally:
        for module, training in modes:
            module.training = training
    reached = None if gradient is None else gradient.flatten(0, -3).abs().amax(0).nonzero()  # (pixels, 2)
    if reached is None or not len(reached):
        raise ShapeError("position", "an output that depends on the image", repr(position), "choose another position")
    (top, left), (bottom, right) = reached.amin(0).tolist(), reached.amax(0).tolist()
    return Region((top, bottom), (left, right))


def _positive(parameter: Tensor) -> Tensor:
    """Equal weights whose sum over a filter is 1: the gradient neither dies nor explodes."""
    filters = parameter.shape[0] if parameter.ndim > 1 else parameter.numel()
    return torch.full_like(parameter, filters / max(1, parameter.numel()), dtype=torch.float64)


def _unit_statistics(model: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """No biases, and batch statistics of 0 and 1."""
    names = [name for name in state if name.rpartition(".")[2] in ("bias", "running_mean")]
    ones = [name for name in state if name.rpartition(".")[2] == "running_var"]
    zero = {name: torch.zeros_like(state[name]) for name in names}
    return zero | {name: torch.ones_like(state[name]) for name in ones}


def _wide(buffer: Tensor) -> Tensor:
    return buffer.double() if buffer.is_floating_point() else buffer


def _at(y: Tensor, position: tuple[int, int] | None) -> Tensor:
    if y.ndim not in (2, 4):
        raise ShapeError("model", "an output of (N, C, H, W) or (N, C)", repr(tuple(y.shape)))
    if y.ndim == 2:
        y = y[:, :, None, None]
    H, W = y.shape[2:]
    row, column = (H // 2, W // 2) if position is None else position
    if not (0 <= row < H and 0 <= column < W):
        raise OptionError("position", f"a row below {H} and a column below {W}", repr(position))
    return y[:, :, row, column]


class _Spreading(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's __init_subclass__ has no types
    """Replaces operators of the backward pass, which runs at the same level as the forward one."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler to keep it away from the method below

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pools: dict[int, dict[str, Any]] = {}  # memory of switches -> the options of their pooling
        self._kept: list[Tensor] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name.removeprefix("aten::")  # noqa: SLF001 - the only place that has it
        kwargs = kwargs or {}
        if name in ("threshold_backward", "tanh_backward", "sigmoid_backward", "leaky_relu_backward", "elu_backward"):
            return args[0].clone()
        if name in ("_softmax_backward_data", "_log_softmax_backward_data"):
            return args[0].sum(args[2], keepdim=True).expand_as(args[0])
        if name == "max_pool2d_with_indices_backward":
            return _spread(args[0], args[1], *args[2:6])
        if name == "gather" and _memory(args[2]) in self._pools:
            return self._collected(*args[:3])
        result = func(*args, **kwargs)
        if name == "max_pool2d_with_indices":
            kernel, stride, padding, dilation = _options(*args[1:5])
            self._pools[_memory(result[1])] = {
                "kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation,
                "shape": result[1].shape,
            }  # fmt: skip
            self._kept.append(result[1])
        if name == "max_unpool2d":
            self._pools[_memory(args[1])]["large"] = result.shape
        return result

    def _collected(self, grad: Tensor, dim: int, index: Tensor) -> Tensor:
        """What comes back through an unpooling: the sum over each window instead of the element at the switch."""
        pool = self._pools[_memory(index)]
        N_C, (H, W), (h, w) = grad.shape[:-1].numel(), pool["large"][-2:], pool["shape"][-2:]
        plane = grad.reshape(N_C, 1, H, W)
        (K_h, K_w), (S_h, S_w), (P_h, P_w), (D_h, D_w) = (
            pool[name] for name in ("kernel_size", "stride", "padding", "dilation")
        )
        after = [max(0, (n - 1) * s + d * (k - 1) + 1 - p - side) for n, s, d, k, p, side in (
            (h, S_h, D_h, K_h, P_h, H), (w, S_w, D_w, K_w, P_w, W))]  # fmt: skip
        padded = F.pad(plane, (P_w, after[1], P_h, after[0]))
        ones = plane.new_ones(1, 1, K_h, K_w)
        return F.conv2d(padded, ones, stride=(S_h, S_w), dilation=(D_h, D_w))[:, :, :h, :w].reshape(index.shape)


def _options(kernel: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> list[tuple[int, int]]:
    values = (kernel, stride or kernel, padding, dilation)
    return [(v, v) if isinstance(v, int) else (v[0], v[-1]) for v in values]


def _spread(grad: Tensor, x: Tensor, *options: Any) -> Tensor:
    """What comes back through a max pooling: to all elements of each window instead of the largest."""
    kernel, stride, padding, dilation = _options(*options)
    N_C, (h, w), (H, W) = grad.shape[:-2].numel(), grad.shape[-2:], x.shape[-2:]
    ones = grad.new_ones(1, 1, *kernel)
    large = F.conv_transpose2d(grad.reshape(N_C, 1, h, w), ones, stride=stride, dilation=dilation)
    # windows may hang over the end, or leave a rest
    rest = [max(0, p + side - size) for p, side, size in zip(padding, (H, W), large.shape[-2:], strict=True)]
    large = F.pad(large, (0, rest[1], 0, rest[0]))
    return large[:, :, padding[0] : padding[0] + H, padding[1] : padding[1] + W].reshape(x.shape)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
