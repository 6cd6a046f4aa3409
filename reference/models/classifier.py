"""The three dense layers in which AlexNet and VGG end."""

from __future__ import annotations

from torch import nn

from reference.errors import require_at_least


def dense_classifier(
    in_features: int, fc_width: int, num_classes: int, *, dropout: float, drops_first: bool = False
) -> nn.Sequential:
    """Build fc6 and fc7 with ReLU and dropout, and fc8, which gives the scores.

    Shape:
        x:      (N, in_features)
        return: (N, num_classes)

    Args:
        in_features: Numbers that fc6 sees.
        fc_width: Numbers in fc6 and fc7.
        num_classes: Classes.
        dropout: Probability to drop in training.
        drops_first: Whether dropout stands before fc6 and fc7, not after them.

    Raises:
        OptionError: A number is no integer of at least 1.

    Example:
        >>> [name for name, _ in dense_classifier(9, 4, 2, dropout=0.5).named_children()]
        ['fc6', 'relu6', 'drop6', 'fc7', 'relu7', 'drop7', 'fc8']
    """
    require_at_least("fc_width", fc_width, 1)
    require_at_least("num_classes", num_classes, 1)
    layers = nn.Sequential()
    seen = in_features
    for number in (6, 7):
        if drops_first:
            layers.add_module(f"drop{number}", nn.Dropout(dropout))
        layers.add_module(f"fc{number}", nn.Linear(seen, fc_width))
        layers.add_module(f"relu{number}", nn.ReLU())
        if not drops_first:
            layers.add_module(f"drop{number}", nn.Dropout(dropout))
        seen = fc_width
    layers.add_module("fc8", nn.Linear(seen, num_classes))
    return layers
