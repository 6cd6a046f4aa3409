"""The rows of a survey, and their sums."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reference.errors import OptionError
from reference.geometry.field import ReceptiveField

# What the operators are called in a row.
CONVOLUTION, TRANSPOSED, DENSE = "convolution", "transposed convolution", "dense"
MAX_POOLING, AVERAGE_POOLING, GLOBAL_POOLING = "max pooling", "average pooling", "global pooling"
UNPOOLING, UPSAMPLING, NORMALISATION = "unpooling", "upsampling", "batch normalisation"
ACTIVE = {CONVOLUTION, TRANSPOSED, DENSE, MAX_POOLING, AVERAGE_POOLING, GLOBAL_POOLING, UNPOOLING, UPSAMPLING}


Fields = tuple[ReceptiveField, ReceptiveField]


@dataclass(frozen=True, slots=True)
class Row:
    """One layer of a model as it ran.

    Args:
        name: Of the module that holds its parameters, or of the parameter itself; without parameters, of the
            module that was running.
        operation: "convolution", "max pooling", "dense" and so on.
        input_shape: Of the tensor that goes through the layer.
        output_shape: Of what comes out.
        parameters: Learned numbers that are used here; layers that share them count them each.
        macs: Multiply-accumulate steps, of the whole batch.
        fields: Receptive fields of the output, down and to the right; None where they cannot be said.
    """

    name: str
    operation: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    fields: Fields | None

    @property
    def field(self) -> ReceptiveField | None:
        """The receptive field if it is the same in both directions; otherwise None: see `fields`."""
        return square(self.fields)

    @property
    def activations(self) -> int:
        """Numbers in the output, if the layer is a convolution, a pooling, their reverse, or dense; others add none."""
        return math.prod(self.output_shape) if self.operation in ACTIVE else 0


@dataclass(frozen=True, slots=True)
class Survey:
    """The layers of a model in order of execution, and their sums.

    Args:
        layers: One row a layer.
        parameters: Learned numbers that took part, each once.
        fields: Receptive fields of the first output, down and to the right; None where they cannot be said.
        output_shape: Of the first output.
        bytes_each: Bytes of one number of the image.
    """

    layers: tuple[Row, ...]
    parameters: int
    fields: Fields | None
    output_shape: tuple[int, ...]
    bytes_each: int

    @property
    def field(self) -> ReceptiveField | None:
        """The receptive field of the first output if it is the same in both directions; otherwise None: see `fields`."""
        return square(self.fields)

    @property
    def macs(self) -> int:
        """Multiply-accumulate steps of convolutions, transposed convolutions and dense layers; biases count nothing."""
        return sum(row.macs for row in self.layers)

    @property
    def activations(self) -> int:
        """Numbers in the outputs of all convolutions, poolings, their reverses and dense layers; the input apart."""
        return sum(row.activations for row in self.layers)

    @property
    def activation_memory(self) -> int:
        """Bytes that the activations take if all of them are kept, as training does."""
        return self.activations * self.bytes_each

    def layer(self, name: str) -> Row:
        """The first row of a name.

        Raises:
            OptionError: There is none.
        """
        for row in self.layers:
            if row.name == name:
                return row
        raise OptionError("name", "a layer of the survey", repr(name), f"there are {', '.join(self.names)}")

    @property
    def names(self) -> list[str]:
        """Names of the rows, each once, in order."""
        return list(dict.fromkeys(row.name for row in self.layers))


def square(fields: Fields | None) -> ReceptiveField | None:
    """The field of both directions; None if there is none, or if they differ."""
    return fields[0] if fields is not None and fields[0] == fields[1] else None
