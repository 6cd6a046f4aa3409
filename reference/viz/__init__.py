"""Pictures of convolutions, receptive fields, features and switches, drawn with matplotlib.

Each function returns a Figure (or an animation) that belongs to the caller: no
window opens, and pyplot is never loaded.  `figure.savefig("picture.png")` writes it.
`python -m reference.viz FOLDER` writes one of each; docs/pictures.md shows them.
"""

try:
    import matplotlib as _  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("reference.viz draws with matplotlib: pip install 'convnet-grader[viz]'") from error

from reference.viz.convolution import convolution_animation, convolution_frame, convolution_frames
from reference.viz.feature import feature_maps, kernels, network_features
from reference.viz.field import field_on_image, field_rows
from reference.viz.projection import projections
from reference.viz.unpooling import unpooling

__all__ = [
    "convolution_animation",
    "convolution_frame",
    "convolution_frames",
    "feature_maps",
    "field_on_image",
    "field_rows",
    "kernels",
    "network_features",
    "projections",
    "unpooling",
]
