"""Boxes: overlap counted in pixels, coding and its inverse, clipping, and the +1 of inclusive corners."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import box_area, box_iou, clip_boxes, decode_boxes, encode_boxes
from reference.layers.box import PLAIN, SSD
from tests import oracles_detection
from tests.strategies import tensors

INCLUSIVE = pytest.mark.parametrize("inclusive", [True, False])
VARIANCES = pytest.mark.parametrize("variances", [PLAIN, SSD, (0.1, 0.2, 0.3, 0.4)])


@st.composite
def corners(draw: st.DrawFn, least_side: int = 1) -> Any:
    """Integer boxes, each turned the right way out."""
    K = draw(st.integers(1, 3))
    first = draw(tensors(K, 2, least=-4, most=6))
    return torch.cat([first, first + draw(tensors(K, 2, least=least_side, most=7))], dim=1)


@INCLUSIVE
@given(corners(0), corners(0))
def test_overlap_equals_fractions_of_integers(inclusive: bool, a: Any, b: Any):
    got = box_iou(a, b, inclusive=inclusive)
    assert got.shape == (len(a), len(b))
    for k, m in torch.cartesian_prod(torch.arange(len(a)), torch.arange(len(b))).tolist():
        want = oracles_detection.iou(a[k].tolist(), b[m].tolist(), inclusive)
        assert got[k, m].item() == float(want)
        if inclusive:
            assert want == oracles_detection.shared_pixels(a[k].tolist(), b[m].tolist())


@INCLUSIVE
@given(corners(), corners())
def test_overlap_is_symmetric_and_one_with_itself(inclusive: bool, a: Any, b: Any):
    assert torch.equal(box_iou(a, b, inclusive=inclusive), box_iou(b, a, inclusive=inclusive).T)
    assert bool((box_iou(a, a, inclusive=inclusive).diagonal() == 1).all())


def test_the_plus_one_matters_for_small_boxes():
    point, pixel = torch.tensor([[3.0, 3.0, 3.0, 3.0]]), torch.tensor([[0, 0, 15, 15]])
    assert (box_iou(point, point).item(), box_iou(point, point, inclusive=True).item()) == (0, 1)
    assert (box_area(pixel).item(), box_area(pixel, inclusive=True).item()) == (225, 256)
    neighbours = torch.tensor([[0.0, 0.0, 1.0, 0.0]]), torch.tensor([[1.0, 0.0, 2.0, 0.0]])
    assert box_iou(*neighbours, inclusive=True).item() == pytest.approx(1 / 3)  # they share one pixel of three


def test_a_box_turned_inside_out_has_no_area():
    assert box_area(torch.tensor([[5, 5, 0, 9], [5, 5, 0, 0]])).tolist() == [0, 0]


@INCLUSIVE
@VARIANCES
@given(corners(), corners())
def test_decoding_undoes_coding(variances: Any, inclusive: bool, boxes: Any, anchors: Any):
    options = {"variances": variances, "inclusive": inclusive}
    offsets = encode_boxes(boxes[:, None], anchors, **options)  # every box from every anchor
    assert offsets.shape == (len(boxes), len(anchors), 4)
    back = decode_boxes(offsets, anchors, **options)
    torch.testing.assert_close(back, boxes[:, None].expand_as(back), rtol=1e-12, atol=1e-12)


@INCLUSIVE
@given(corners(), st.integers(-9, 9))
def test_shifting_box_and_anchor_together_changes_nothing(inclusive: bool, boxes: Any, shift: int):
    anchors = boxes.flip(0) + torch.tensor([-1, 0, 2, 1])
    want = encode_boxes(boxes, anchors, inclusive=inclusive)
    torch.testing.assert_close(encode_boxes(boxes + shift, anchors + shift, inclusive=inclusive), want)
    assert encode_boxes(boxes, boxes, inclusive=inclusive).count_nonzero() == 0


@given(corners(), st.integers(2, 5))
def test_scaling_box_and_anchor_together_changes_nothing(boxes: Any, factor: int):
    anchors = boxes.flip(0) + torch.tensor([-1, 0, 2, 1])
    torch.testing.assert_close(encode_boxes(factor * boxes, factor * anchors), encode_boxes(boxes, anchors))


def test_coding_by_hand():
    anchor, box = torch.tensor([0.0, 0.0, 10.0, 20.0]).double(), torch.tensor([5.0, 0.0, 25.0, 10.0]).double()
    plain = encode_boxes(box, anchor)
    torch.testing.assert_close(plain, torch.tensor([1.0, -0.25, math.log(2), -math.log(2)]).double())
    ssd = encode_boxes(box, anchor, variances=SSD)
    torch.testing.assert_close(ssd, plain / torch.tensor([0.1, 0.1, 0.2, 0.2]).double())


def test_decoding_by_hand():
    anchor = torch.tensor([0.0, 0.0, 9.0, 19.0]).double()  # inclusive: 10 wide, 20 high, centre (5, 10)
    offsets = torch.tensor([0.5, 0.0, math.log(2), 0.0]).double()
    got = decode_boxes(offsets, anchor, inclusive=True)
    torch.testing.assert_close(got, torch.tensor([0.0, 0.0, 19.0, 19.0]).double())  # centre 10, 20 wide: 0 to 19


def test_a_limit_keeps_boxes_finite():
    anchor, offsets = torch.tensor([0.0, 0.0, 16.0, 16.0]), torch.tensor([0.0, 0.0, 1000.0, 1000.0])
    assert not decode_boxes(offsets, anchor).isfinite().all()
    box = decode_boxes(offsets, anchor, log_limit=math.log(1000 / 16))
    torch.testing.assert_close(box, torch.tensor([-492.0, -492.0, 508.0, 508.0]))


@given(corners(0))
def test_clipped_boxes_lie_in_the_image_and_those_inside_stay(boxes: Any):
    H, W = 4, 6
    for inclusive, right, bottom in ((False, W, H), (True, W - 1, H - 1)):
        clipped = clip_boxes(boxes, (H, W), inclusive=inclusive)
        for before, after in zip(boxes.tolist(), clipped.tolist(), strict=True):
            x1, y1, x2, y2 = before
            assert after == [
                min(max(x1, 0), right),
                min(max(y1, 0), bottom),
                min(max(x2, 0), right),
                min(max(y2, 0), bottom),
            ]
        assert torch.equal(clip_boxes(clipped, (H, W), inclusive=inclusive), clipped)


@INCLUSIVE
def test_gradients_are_right(inclusive: bool):
    boxes = torch.tensor([[0.3, 0.1, 5.2, 4.4], [2.1, 1.3, 7.7, 8.9]]).double().requires_grad_()
    anchors = torch.tensor([[0.0, 1.0, 4.0, 6.0], [3.0, 2.0, 8.0, 5.0]]).double().requires_grad_()
    options = {"variances": SSD, "inclusive": inclusive}
    assert torch.autograd.gradcheck(lambda a, b: box_iou(a, b, inclusive=inclusive), (boxes, anchors))
    assert torch.autograd.gradcheck(lambda a, b: encode_boxes(a, b, **options), (boxes, anchors))
    assert torch.autograd.gradcheck(lambda a, b: decode_boxes(a / 9, b, **options), (boxes, anchors))
    assert torch.autograd.gradcheck(lambda a: clip_boxes(a, (5, 6), inclusive=inclusive), boxes)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(dtype: torch.dtype):
    boxes = torch.tensor([[0, 0, 4, 4]], dtype=dtype)
    results = (
        box_iou(boxes, boxes),
        encode_boxes(boxes, boxes),
        decode_boxes(0 * boxes, boxes),
        clip_boxes(boxes, (3, 3)),
    )
    assert [result.dtype for result in results] == [dtype] * 4


def test_no_boxes_are_allowed():
    none, some = torch.zeros(0, 4), torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    assert box_iou(none, some).shape == (0, 1)
    assert encode_boxes(none, none).shape == decode_boxes(none, none).shape == clip_boxes(none, (2, 2)).shape == (0, 4)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    a, b = torch.tensor([[0.0, 0.0, 5.0, 4.0]]).double(), torch.tensor([[1.0, 2.0, 7.0, 8.0]]).double()
    torch.testing.assert_close(box_iou(a.cuda(), b.cuda()).cpu(), box_iou(a, b))
    torch.testing.assert_close(encode_boxes(a.cuda(), b.cuda(), variances=SSD).cpu(), encode_boxes(a, b, variances=SSD))
    torch.testing.assert_close(decode_boxes(a.cuda(), b.cuda(), variances=SSD).cpu(), decode_boxes(a, b, variances=SSD))


B = torch.tensor([[0.0, 0.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: box_area(B[:, :3]), ShapeError, r"boxes: expected \(..., 4\), got \(1, 3\)"),
        (lambda: box_iou(B[0], B), ShapeError, r"boxes: expected \(K, 4\), got \(4,\)"),
        (lambda: box_iou(B, B[None]), ShapeError, r"others: expected \(K, 4\), got \(1, 1, 4\)"),
        (lambda: box_iou(B.long(), B), OptionError, "boxes: expected a float dtype, got torch.int64"),
        (lambda: encode_boxes(B, B[:, :2]), ShapeError, r"anchors: expected \(..., 4\), got \(1, 2\)"),
        (
            lambda: encode_boxes(torch.zeros(1, 4), B),
            OptionError,
            "boxes: expected a width and a height above 0, got the smallest are 0 and 0; drop such boxes",
        ),
        (lambda: decode_boxes(B, B.flip(1)), OptionError, "anchors: expected a width and a height above 0"),
        (lambda: decode_boxes(B[:, :3], B), ShapeError, r"offsets: expected \(..., 4\), got \(1, 3\)"),
        (lambda: decode_boxes(B.long(), B), OptionError, "offsets: expected a float dtype"),
        (
            lambda: encode_boxes(B, B, variances=(1, 1)),
            ShapeError,
            r"variances: expected four numbers, .* got \(1, 1\)",
        ),
        (lambda: encode_boxes(B, B, variances=(0, 1, 1, 1)), OptionError, "variances: expected a number of at least"),
        (lambda: clip_boxes(B, (0, 5)), OptionError, "sides, H: expected an integer of at least 1, got 0"),
        (lambda: clip_boxes(B[:, :3], (5, 5)), ShapeError, r"boxes: expected \(..., 4\)"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
