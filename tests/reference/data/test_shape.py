"""Pictures of shapes: every label is true of the pixels."""

from __future__ import annotations

import pytest
import torch

from reference.data import COLOURS, KEY_POINTS, SHAPES, Shapes, shapes
from reference.errors import OptionError


@pytest.fixture(scope="module")
def data() -> Shapes:
    return shapes(40, side=48, classes=5, seed=3)


def test_the_tensors_are_as_described(data: Shapes):
    assert data.images.shape == (40, 3, 48, 48)
    assert data.images.dtype == torch.float32
    assert 0 <= data.images.min() < data.images.max() <= 1
    assert data.labels_per_pixel.shape == (40, 48, 48)
    assert data.labels_per_pixel.dtype == torch.int64
    assert data.key_points.shape == (40, len(KEY_POINTS), 2)
    assert data.key_points.dtype == torch.float32
    for boxes, classes, masks, colours in zip(data.boxes, data.classes, data.masks, data.colours, strict=True):
        many = len(classes)
        assert 1 <= many <= 4
        assert (boxes.shape, masks.shape, colours.shape) == ((many, 4), (many, 48, 48), (many,))
        assert (boxes.dtype, classes.dtype, masks.dtype) == (torch.float32, torch.int64, torch.bool)


def test_pictures_have_one_to_four_shapes_of_every_class_and_colour(data: Shapes):
    assert {len(classes) for classes in data.classes} == {1, 2, 3, 4}
    assert set(torch.cat(data.classes).tolist()) == {1, 2, 3, 4, 5}
    assert set(torch.cat(data.colours).tolist()) == {0, 1, 2, 3}


def test_boxes_are_the_tight_boxes_of_their_masks(data: Shapes):
    for boxes, masks in zip(data.boxes, data.masks, strict=True):
        for box, mask in zip(boxes.tolist(), masks, strict=True):
            pixels = [(row, column) for row in range(48) for column in range(48) if mask[row, column]]
            rows, columns = zip(*pixels, strict=True)
            assert box == [min(columns), min(rows), max(columns) + 1, max(rows) + 1]


def test_masks_and_pixel_labels_say_the_same(data: Shapes):
    for labels, masks, classes in zip(data.labels_per_pixel, data.masks, data.classes, strict=True):
        assert int(masks.sum(0).max()) == 1  # no two shapes share a pixel
        for mask, kind in zip(masks, classes, strict=True):
            assert torch.equal(labels[mask].unique(), kind[None])
        assert torch.equal(labels == 0, ~masks.any(0))


def test_shapes_touch_neither_each_other_nor_the_border(data: Shapes):
    for masks in data.masks:
        grown = torch.nn.functional.max_pool2d(masks.float(), 3, stride=1, padding=1)
        assert grown.sum(0).max() <= 2  # two grown by a pixel may meet; a third would mean a shape on a shape
        for number, mask in enumerate(masks):
            assert not (grown[number].bool() & masks.any(0) & ~mask).any()
        inside = masks[:, 1:-1, 1:-1]
        assert inside.sum() == masks.sum()


def test_the_largest_shape_comes_first(data: Shapes):
    for masks in data.masks:
        areas = masks.sum((1, 2)).tolist()
        assert areas == sorted(areas, reverse=True)


def test_key_points_lie_on_the_largest_shape_and_mark_its_ends(data: Shapes):
    for points, masks, boxes in zip(data.key_points, data.masks, data.boxes, strict=True):
        for x, y in points.tolist():
            assert (x % 1, y % 1) == (0.5, 0.5)  # the middle of a pixel
            assert masks[0, int(y), int(x)]
        named = dict(zip(KEY_POINTS, points.tolist(), strict=True))
        x0, y0, x1, y1 = boxes[0].tolist()
        assert named["top"][1] == y0 + 0.5
        assert named["right"][0] == x1 - 0.5
        assert named["bottom"][1] == y1 - 0.5
        assert named["left"][0] == x0 + 0.5
        assert abs(named["centre"][0] - (x0 + x1) / 2) <= 1.5
        assert abs(named["centre"][1] - (y0 + y1) / 2) <= 1.5


@pytest.mark.parametrize("side", [33, 64])
def test_a_shape_is_recognised_by_how_its_box_is_filled(side: int):
    # Area of the shape over area of its box: pi/4, 1, 1/2.
    data = shapes(40, side)
    right = total = 0
    for boxes, classes, masks in zip(data.boxes, data.classes, data.masks, strict=True):
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        filled = masks.sum((1, 2)) / areas
        guess = (filled[:, None] - torch.tensor([0.785, 1.0, 0.5])).abs().argmin(1) + 1
        right, total = right + int((guess == classes).sum()), total + len(classes)
    assert right / total > 0.97


def test_colours_can_be_read_from_the_pixels(data: Shapes):
    for image, masks, colours in zip(data.images, data.masks, data.colours, strict=True):
        for mask, colour in zip(masks, colours.tolist(), strict=True):
            red, green, blue = (image[channel][mask].mean() > 0.5 for channel in range(3))
            assert (
                COLOURS[colour]
                == {
                    (True, False, False): "red",
                    (False, True, False): "green",
                    (False, False, True): "blue",
                    (True, True, False): "yellow",
                }[bool(red), bool(green), bool(blue)]
            )


def test_edges_are_anti_aliased_and_the_background_is_noisy():
    data = shapes(10, 64, classes=1, seed=1)  # discs only
    assert set(torch.cat(data.classes).tolist()) == {1}
    assert data.images[data.labels_per_pixel[:, None].expand(-1, 3, -1, -1) == 0].std() > 0.02
    mask = data.masks[0][0].float()[None]
    rim = (torch.nn.functional.max_pool2d(mask, 3, 1, 1) - mask)[0].bool()
    spread = data.images[0].amax(0)
    halfway = (spread[rim] > data.images[0].amax(0)[mask[0] == 0].median() + 0.1).float().mean()
    assert 0.2 < halfway < 0.95


def test_a_seed_gives_one_data_set_and_its_beginning_is_a_smaller_one():
    one, same, longer, other = shapes(3, 32, seed=5), shapes(3, 32, seed=5), shapes(6, 32, seed=5), shapes(3, 32)
    assert torch.equal(one.images, same.images)
    assert torch.equal(one.images, longer.images[:3])
    assert torch.equal(one.key_points, longer.key_points[:3])
    assert not torch.equal(one.images, other.images)


def test_the_global_generators_are_left_alone():
    state = torch.random.get_rng_state()
    shapes(2, 16)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_least_side_still_shows_four_shapes():
    data = shapes(60, side=16, classes=5)
    assert all(bool(mask.any()) for masks in data.masks for mask in masks)
    assert max(map(len, data.classes)) == 4


def test_the_number_of_classes_is_the_number_of_kinds():
    assert SHAPES == ("disc", "square", "triangle", "cross", "diamond")
    assert int(torch.cat(shapes(30, 16, classes=2).classes).max()) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count: expected an integer of at least 1, got 0"),
        ({"count": 2.0}, "count: expected an integer of at least 1, got 2.0"),
        ({"side": 15}, "side: expected an integer of at least 16, got 15; four shapes must fit beside each other"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
        ({"classes": 0}, "classes: expected an integer of at least 1, got 0"),
        ({"classes": 6}, "classes: expected at most 5, the shapes there are, got 6; see SHAPES"),
    ],
)
def test_options_of_no_use_are_named(options: dict[str, int], message: str):
    with pytest.raises(OptionError) as error:
        shapes(**({"count": 1} | options))
    assert str(error.value) == message
