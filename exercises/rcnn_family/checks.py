"""Checks for rcnn_family: one line of the rubric each, claim by claim; the free summary goes to a human."""

from fractions import Fraction
from pathlib import Path

from grader import expect
from grader.checks import check, probe
from grader.claim import Amount, Choice, claim_values, expect_claims
from grader.field import UnansweredField, UnreadableField
from grader.message import msg
from grader.rubric import Rubric

# Numbers: Girshick et al. (CVPR 2014), tables 1, 2 and section 2.2; Girshick (ICCV 2015), tables 1, 4 and section 4.4;
# Ren et al. (NIPS 2015), tables 1 to 4.  Where slides and papers differ, both are right.
MILLISECONDS = {"ms": Fraction(1, 1000)}

ITSELF = msg("Neither R-CNN nor Fast R-CNN proposes regions itself: an external algorithm does, selective search.")
RPN_EARLY = msg("The region proposal network comes with Faster R-CNN; here selective search still proposes.")
ALIGN_EARLY = msg("RoIAlign comes with Mask R-CNN.")

REGIONS = {
    "proposals": Choice("external", {"rpn": RPN_EARLY, "itself": ITSELF}),
    "convolution": Choice(
        "per_region",
        {"per_image": msg("R-CNN shares nothing: all of its some 2000 regions go through the CNN one by one.")},
    ),
    "size": Choice(
        "warp",
        {
            "roi_pooling": msg("RoI pooling comes with Fast R-CNN; R-CNN warps the image region itself."),
            "roi_align": ALIGN_EARLY,
            "spp": msg("That is SPPnet, which pools from shared features; R-CNN warps each region and shares nothing."),
        },
    ),
    "count": Amount(
        1000,
        3000,
        hint=msg("Selective search gives about 2000 regions for an image."),
        traps={300: msg("300 is what Faster R-CNN keeps at test time; selective search gives about 2000 regions.")},
    ),
}
SEVERAL_TRAININGS = {
    "classifier": Choice(
        "svm",
        {"softmax": msg("Softmax only fine-tunes R-CNN's features; its detections are scored by one SVM per class.")},
    ),
    "training": Choice(
        "several",
        {"one": msg("R-CNN is trained in several stages: fine-tuning, then the SVMs, then the box regressors.")},
    ),
    "seconds": Amount(
        40,
        53,
        hint=msg("R-CNN takes about 47 s for an image with VGG-16."),
        also=(13,),  # AlexNet on a GPU
    ),
    "map": Amount(
        Fraction(655, 10),
        Fraction(662, 10),
        hint=msg("R-CNN reaches 66.0 % with VGG-16 on VOC 2007 (58.5 % with AlexNet)."),
        traps={Fraction(669, 10): msg("66.9 % is Fast R-CNN's accuracy.")},
        unit=100,
        also=[Fraction(text) for text in ("58.5", "54.2", "53.7", "53.3", "53", "50.2", "49.6", "62.4", "62.9")],
    ),
}
SHARED_CONVOLUTION = {
    "convolution": Choice(
        "per_image",
        {"per_region": msg("That is R-CNN. Fast R-CNN convolves the image once, and its regions share the features.")},
    ),
    "reason": Choice(
        "shared",
        {
            "network": msg(
                "The network is not a better one: R-CNN uses VGG-16 as well. Sharing the convolutions saves."
            ),
            "gpu": msg("R-CNN runs on the GPU too. What is saved is repeated work: the convolutions are shared."),
            "proposals": msg("The proposals are still selective search's. What is saved: the convolutions are shared."),
        },
    ),
}
ROI_POOLING = {
    "size": Choice(
        "roi_pooling",
        {
            "warp": msg(
                "Nothing is resized in Fast R-CNN: RoI pooling pools a region of the feature map to 7 x 7 cells."
            ),
            "roi_align": ALIGN_EARLY,
        },
    ),
    "pooling": Choice(
        "max", {"average": msg("RoI pooling takes the maximum of every cell of its grid, not the average.")}
    ),
    "grid": Amount(
        7 * 7,
        hint=msg("With VGG-16 RoI pooling makes 7 x 7 cells (x 512 channels)."),
        traps={14 * 14: msg("14 x 14 is the grid of Mask R-CNN's mask branch; classes and boxes have 7 x 7 cells.")},
        also=(7, 7 * 7 * 512),
    ),
    "scale": Amount(
        16,
        hint=msg("Up to conv5_3 VGG-16 halves the image four times: the regions' corners are scaled by 1/16."),
        traps={
            number: msg("1/32 would count pool5, which RoI pooling takes the place of: it is 1/16.")
            for number in (32, Fraction(1, 32))
        },
        also=(Fraction(1, 16),),
    ),
}
MULTI_TASK_LOSS = {
    "loss": Choice(
        "multi_task",
        {
            "svm": msg("The SVMs are R-CNN's. Fast R-CNN has a softmax, and one loss for classes and boxes together."),
            "separate": msg("Classes and boxes are learned together in Fast R-CNN, with one multi-task loss."),
        },
    ),
    "training": Choice(
        "one",
        {"several": msg("Several stages are R-CNN's. Fast R-CNN trains everything behind the proposals at once.")},
    ),
}
EXTERNAL_PROPOSALS = {
    "proposals": Choice(
        "external",
        {
            "rpn": msg("Fast R-CNN does not remove selective search yet: the RPN comes with Faster R-CNN."),
            "itself": msg(
                "Fast R-CNN does not propose regions: it is given those of selective search, its bottleneck."
            ),
        },
    ),
    "seconds": Amount(
        Fraction(1, 5),
        Fraction(33, 100),
        hint=msg("Without the proposals Fast R-CNN takes 0.32 s for an image, 0.22 s with truncated SVD."),
        traps={
            number: msg("About 2 s of this are selective search; asked is the time without the proposals.")
            for number in (2, Fraction("2.3"), Fraction("2.32"), Fraction("2.22"))
        },
        units=MILLISECONDS,
    ),
    "map": Amount(
        Fraction(665, 10),
        67,
        hint=msg("Fast R-CNN reaches 66.9 % on VOC 2007, 66.6 % with truncated SVD."),
        traps={
            66: msg("66.0 % is R-CNN's accuracy; Fast R-CNN reaches 66.9 %."),
            70: msg("70.0 % is reached with the images of VOC 2007 and 2012; asked is training on VOC 2007 alone."),
        },
        unit=100,
    ),
}
PROPOSAL_NETWORK = {
    "proposals": Choice(
        "rpn", {"external": msg("That is Fast R-CNN. In Faster R-CNN the region proposal network (RPN) proposes.")}
    ),
    "sharing": Choice(
        "shared",
        {"separate": msg("The RPN and the detector share their convolutions; so proposals cost almost nothing.")},
    ),
}
ANCHORS = {
    "rpn": Choice(
        "objectness",
        {"classes": msg("The RPN does not classify: it says object or background. The classes are the detector's.")},
    ),
    "anchor": Choice(
        "reference",
        {
            "ground_truth": msg(
                "Anchors are not the ground truth: they are reference boxes, the same at every position. "
                "They are compared with the ground truth in training."
            ),
            "detection": msg("Anchors are no result: they are the reference boxes that the offsets are counted from."),
        },
    ),
    "anchors": Choice(
        "nine",
        {
            "six": msg("Every scale comes with every ratio: 3 x 3, not 3 + 3."),
            "three": msg("Every one of the three scales comes with each of the three ratios."),
        },
    ),
}
JOINT_TRAINING = {
    "training": Choice(
        "together",
        {"separately": msg("Trained apart, the RPN and the detector could not share: it is four alternating steps.")},
    ),
    "seconds": Amount(
        Fraction(19, 100),
        Fraction(21, 100),
        hint=msg("Faster R-CNN takes about 0.2 s for an image (0.196 to 0.198 s), proposals included."),
        traps={
            Fraction(number): msg("That is Fast R-CNN without the proposals; Faster R-CNN takes 0.2 s with them.")
            for number in ("0.22", "0.32")
        },
        also=(5, 17, Fraction("0.059"), Fraction("0.06")),  # frames a second; ZF's time
        units=MILLISECONDS,
    ),
    "map_07": Amount(
        Fraction(695, 10),
        70,
        hint=msg("Trained on VOC 2007 alone Faster R-CNN reaches 69.9 %."),
        traps={Fraction("73.2"): msg("73.2 % needs VOC 2007 and 2012 for training; with 2007 alone it is 69.9 %.")},
        unit=100,
    ),
    "map_07_12": Amount(
        73,
        Fraction(735, 10),
        hint=msg("Trained on VOC 2007 and 2012 Faster R-CNN reaches 73.2 %."),
        traps={Fraction("69.9"): msg("69.9 % is reached with VOC 2007 alone; with 2012 as well it is 73.2 %.")},
        unit=100,
    ),
}
MASK = {
    "branch": Choice(
        "parallel",
        {"sequence": msg("The mask branch does not wait for class and box: the three work side by side on a region.")},
    ),
    "align": Choice(
        "no_rounding",
        {
            "larger": msg("RoIAlign is no larger RoI pooling: it leaves out the rounding and samples bilinearly."),
            "replaces_rpn": msg("RoIAlign takes the place of RoI pooling, not of the RPN, which stays as it is."),
        },
    ),
    "loss": Choice(
        "sigmoid",
        {
            "softmax": msg(
                "The classes do not compete for a pixel: each has a mask of its own with a sigmoid, and only the "
                "true class's mask has a loss."
            )
        },
    ),
}
MASK_X = {
    "masks_for": Choice(
        "some",
        {"all": msg("That is what Mask^X R-CNN avoids: all classes have boxes, and only some of them have masks.")},
    ),
    "weights": Choice(
        "transfer",
        {
            "boxes": msg("Masks are not learned from boxes: a class's box weights are turned into its mask weights."),
            "masks": msg(
                "A class without masks has nothing to learn from: its mask weights come from its box weights."
            ),
        },
    ),
}

NUMBERS = frozenset({"count", "seconds", "map", "map_07", "map_07_12", "grid", "scale"})
ASKED = (
    ("rcnn", REGIONS | SEVERAL_TRAININGS),
    ("fast_rcnn", SHARED_CONVOLUTION | ROI_POOLING | MULTI_TASK_LOSS | EXTERNAL_PROPOSALS),
    ("faster_rcnn", PROPOSAL_NETWORK | ANCHORS | JOINT_TRAINING),
)


@check(points=1)
def regions(answers):
    """R-CNN: who proposes the regions, and what each of them costs."""
    expect_claims(answers, "rcnn", REGIONS, optional=NUMBERS)


@check(points=1)
def several_trainings(answers):
    """R-CNN: what classifies, and in how many stages it is trained."""
    expect_claims(answers, "rcnn", SEVERAL_TRAININGS, optional=NUMBERS)


@check(points=1)
def shared_convolution(answers):
    """Fast R-CNN: how often the convolutions run, and why that is faster."""
    expect_claims(answers, "fast_rcnn", SHARED_CONVOLUTION, optional=NUMBERS)


@check(points=1)
def roi_pooling(answers):
    """Fast R-CNN: how a region gets its fixed size."""
    expect_claims(answers, "fast_rcnn", ROI_POOLING, optional=NUMBERS)


@check(points=1)
def multi_task_loss(answers):
    """Fast R-CNN: what classifies, with which loss, in how many stages it is trained."""
    expect_claims(answers, "fast_rcnn", MULTI_TASK_LOSS, optional=NUMBERS)


@check(points=1)
def external_proposals(answers, remarks):
    """Fast R-CNN: who still proposes the regions."""
    expect_claims(answers, "fast_rcnn", EXTERNAL_PROPOSALS, optional=NUMBERS)
    _remark_on_svd(answers, remarks)


@check(points=1)
def proposal_network(answers):
    """Faster R-CNN: who proposes the regions, and what is shared."""
    expect_claims(answers, "faster_rcnn", PROPOSAL_NETWORK, optional=NUMBERS)


@check(points=1)
def anchors(answers):
    """Faster R-CNN: what anchors are, how many there are, and what the RPN says about them."""
    expect_claims(answers, "faster_rcnn", ANCHORS, optional=NUMBERS)


@check(points=1)
def joint_training(answers):
    """Faster R-CNN: how both parts are trained."""
    expect_claims(answers, "faster_rcnn", JOINT_TRAINING, optional=NUMBERS)


@check(points=1)
def mask_rcnn(answers):
    """Mask R-CNN (optional): nothing wrong is said about it; rows left empty cost nothing."""
    _expect_optional(answers, "mask_rcnn", MASK)


@check(points=1)
def mask_x_rcnn(answers):
    """Mask^X R-CNN (optional): nothing wrong is said about it; rows left empty cost nothing."""
    _expect_optional(answers, "mask_x_rcnn", MASK_X)


@check(points=8)
def summary(answers):
    """The summary says what each step improves; a human gives its points, one for each line of the rubric."""
    text = answers["summary"]
    expect.review(text, *Rubric.of(Path(__file__).parent).notes(text))


@probe
def rcnn_said(answers):
    """What is wrong about R-CNN."""
    return claim_values(answers, *ASKED[0], optional=NUMBERS)


@probe
def fast_rcnn_said(answers):
    """What is wrong about Fast R-CNN."""
    return claim_values(answers, *ASKED[1], optional=NUMBERS)


@probe
def faster_rcnn_said(answers):
    """What is wrong about Faster R-CNN."""
    return claim_values(answers, *ASKED[2], optional=NUMBERS)


@probe
def mask_said(answers):
    """What is wrong about Mask R-CNN and Mask^X R-CNN."""
    tables = (("mask_rcnn", MASK), ("mask_x_rcnn", MASK_X))
    return [claim_values(answers, table, rows, optional=rows) for table, rows in tables]


def _expect_optional(answers, key, rows):
    """Demand that what is said is right; saying nothing is right only where most of what is asked is right."""
    expect_claims(answers, key, rows, optional=rows)
    if any(_is_answered(answers, key, row) for row in rows):
        return
    asked = [(table, row, claim) for table, claims in ASKED for row, claim in claims.items() if row not in NUMBERS]
    unreadable, wrong = [], 0
    for table, row, claim in asked:
        try:
            wrong += claim.problem(answers.row(table, row)) is not None
        except UnreadableField as event:
            unreadable.append(event)
    if 2 * wrong > len(asked):
        expect.fail(msg("Left empty, this table counts only where most of what is asked about the others is right."))
    if 2 * len(unreadable) > len(asked):  # a cell or two that cannot be read do not hold this up
        raise unreadable[0]


def _is_answered(answers, key, row):
    try:
        answers.row(key, row)
    except UnansweredField:
        return False
    return True


def _remark_on_svd(answers, remarks):
    """The slides print 66.9 % beside 0.22 s, which are two configurations: nothing to lose, something to know."""
    rows = [answers.row("fast_rcnn", row) for row in ("seconds", "map") if _is_answered(answers, "fast_rcnn", row)]
    if len(rows) < 2 or any(row.value is None for row in rows):
        return
    time, accuracy = rows
    is_compressed = time.value * MILLISECONDS.get(time.unit, 1) < Fraction(27, 100)
    is_less_accurate = accuracy.value * (100 if accuracy.value < 1 else 1) < Fraction(6675, 100)
    if is_compressed != is_less_accurate:
        remarks.append(
            msg("66.9 % belongs to 0.32 s, 66.6 % to 0.22 s (truncated SVD); the slides mix them, and both are right.")
        )
