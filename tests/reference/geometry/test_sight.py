"""What elements of a tensor see, through views, sums and unions."""

from __future__ import annotations

from reference.geometry import ReceptiveField
from reference.geometry.sight import BLIND, Axis, Sight, image_sight, united

SHAPE = (1, 3, 6, 5)


def sides(sight: Sight | None) -> list[tuple[int, int]]:
    """Size of the field and number of positions, down and to the right."""
    assert sight is not None
    assert sight.axes is not None
    return [(axis.field.size, axis.count) for axis in sight.axes]


def test_pixels_see_themselves():
    sight = image_sight(SHAPE)
    assert sight.dims == (2, 3)
    assert sides(sight) == [(1, 6), (1, 5)]
    assert image_sight((1, 3, 1, 5)).dims == (None, 3)


def test_height_and_width_share_a_dimension_and_come_apart_again():
    flat = image_sight(SHAPE).reshaped(SHAPE, (1, 3, 30))
    assert flat.dims == (2, 2)
    assert flat.reshaped((1, 3, 30), SHAPE) == image_sight(SHAPE)
    assert sides(flat.reshaped((1, 3, 30), (1, 3, 5, 6))) == [(6, 1), (5, 1)]  # other sides: mixed
    assert sides(flat.collapsed([2])) == [(6, 1), (5, 1)]


def test_a_view_that_mixes_channels_into_positions_sees_everything():
    assert image_sight(SHAPE).reshaped(SHAPE, (1, 90)).dims == (None, None)
    assert image_sight(SHAPE).reshaped(SHAPE, (3, 1, 6, 5)).dims == (2, 3)
    assert image_sight((0, 3, 6, 5)).reshaped((0, 3, 6, 5), (0, 90)).dims == (None, None)


def test_a_turned_image_is_not_flattened_like_an_upright_one():
    turned = image_sight(SHAPE).renamed([0, 1, 3, 2].index)
    assert turned.dims == (3, 2)
    assert turned.reshaped((1, 3, 5, 6), (1, 3, 30)).dims == (None, None)


def test_a_context_swallows_what_a_branch_sees():
    image = image_sight(SHAPE)
    context = image.collapsed([2, 3])
    together = united([image, context])
    assert sides(together) == [(6, 6), (5, 5)]
    assert united([context, image]) == together
    assert together is not None
    assert together.dims == (2, 3)


def test_a_context_of_a_part_does_not():
    def wide(axis: Axis) -> Axis:
        return Axis(ReceptiveField(2, 0, 0), axis.pixels, 1, None)

    assert united([image_sight(SHAPE), image_sight(SHAPE).each(wide)]) is None


def test_pairs_of_places_see_all():
    image = image_sight(SHAPE)
    assert sides(united([image.renamed([0, 1, 3, 2].index), image])) == [(6, 1), (5, 1)]


def test_what_sees_nothing_changes_nothing():
    assert united([BLIND, image_sight(SHAPE), BLIND]) == image_sight(SHAPE)
    assert united([]) == united([BLIND]) == BLIND
    assert BLIND.collapsed([0]) == BLIND.reshaped((2, 3), (6,)) == BLIND
