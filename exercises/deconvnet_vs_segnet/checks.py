"""Checks for deconvnet_vs_segnet: the rubric's lines as rows of a table, its pass rule, and a free text for a human."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from grader import expect
from grader.checks import check, probe
from grader.claim import Choice, expect_claims
from grader.field import UnansweredField, UnreadableField
from grader.message import msg
from grader.model import Evidence, Label
from grader.rubric import Rubric

TABLE = "comparison"
MILLION = 10**6


@dataclass(frozen=True)
class OneOf:
    """A row with more than one right answer, and why each wrong one is wrong."""

    right: frozenset
    wrong: dict

    def problem(self, value):
        """Why this answer is wrong, None where it is right."""
        return None if value in self.right else self.wrong[value]


@dataclass(frozen=True)
class Millions:
    """A row with a number of millions, the word or not, or with the ratio; known wrong ones are explained."""

    low: float
    high: float
    hint: object
    traps: tuple = ()

    def problem(self, value):
        """Why this answer is wrong, None where it is right."""
        ends = _ends(value)
        if _is_ratio(value):
            return None
        if value.unit in ("KB", "kB", "MB", "GB"):
            return msg("This is the size of a file or of a memory; asked is the number of parameters.")
        if ends[-1] >= MILLION / 10:
            ends = [end / MILLION for end in ends]
        for low, high, sentence in ((self.low, self.high, None), *self.traps):
            if all(low <= end <= high for end in ends):
                return sentence
        return self.hint


@dataclass(frozen=True)
class Sizes:
    """A row with the size of a map, in any order, with or without its channels; `wrong` explains other sizes."""

    right: tuple
    hint: object
    wrong: dict

    def problem(self, value):
        """Why this answer is wrong, None where it is right."""
        got = tuple(sorted(value.sides))
        return None if got in self.right else self.wrong.get(got, self.hint)


KEPT = msg("SegNet is what is left without this block: fc6, fc7 and the 7 x 7 deconvolution are gone.")
GONE = msg("DeconvNet keeps the block: fc6 is a 7 x 7 convolution, fc7 a 1 x 1 one, then comes a 7 x 7 deconvolution.")
CLASSIFIER = msg("This is VGG-16 with its dense layers, or fc6 and fc7 alone with the encoder; the decoder is missing.")
ENCODER_ONLY = msg("This is the encoder alone, VGG-16's 13 convolutions; the decoder has about as many again.")
WITHOUT_BLOCK = msg("This would be DeconvNet without its middle block, whose three layers hold 88 % of the parameters.")
WITH_FC6 = msg("This would be SegNet with fc6 and fc7, which it does not have.")
BASIC = msg("This is SegNet-Basic, the small version with four convolutions on each side.")
POOL5 = msg("pool5 gives 7 x 7 x 512, but DeconvNet goes on: what does a 7 x 7 convolution make of a 7 x 7 map?")
NO_FC6 = msg("1 x 1 would be the output of fc6, which SegNet does not have; its smallest map is what pool5 gives.")
CONV5 = msg("This is the map of conv5; pool5 still comes after it.")

NOT_COPIED = msg("It hands over no feature maps, only the switches; U-Net copies and FCN adds maps. The same in both.")
BY_SWITCHES = msg(
    "The deconvolutions have stride 1: what enlarges a map is unpooling by the switches, in both networks."
)
NO_SWITCHES = msg("Both networks put each value back where its pooling found it, by the switches: no difference.")
NO_INTERPOLATION = msg("Nothing is interpolated: both networks unpool by the switches of the encoder's poolings.")
SAME_ENCODER = msg("Both networks have VGG-16's 13 convolutions as their encoder: this is no difference.")
SAME_NORM = msg("Both networks normalise every batch, in the encoder and in the decoder: this is no difference.")
SAME_MIRROR = msg("In both networks the decoder mirrors the encoder stage by stage: this is no difference.")
SAME_WEIGHTS = msg("Both encoders begin with VGG-16's weights from ImageNet; end to end does not mean from nothing.")

INVERSE = msg("A deconvolution is a transposed convolution: it has the shape of the inverse, it does not undo one.")
SCORE_1X1 = msg("SegNet's last 3 x 3 convolution of the decoder gives the class maps itself; copies of it add a 1 x 1.")
SCORE_3X3 = msg("After DeconvNet's two 3 x 3 deconvolutions of 64 channels a layer of another size gives the scores.")

# What each row must say, by the lines of the rubric.
LINES = {
    "middle": {
        "middle deconvnet": OneOf(frozenset({"kept", "pooling_kept"}), {"removed": GONE, "pooling_removed": GONE}),
        "middle segnet": OneOf(frozenset({"removed", "pooling_removed"}), {"kept": KEPT, "pooling_kept": KEPT}),
    },
    "parameters": {
        "parameters deconvnet": Millions(
            250,
            253,
            msg("fc6 alone has 7*7*512*4096 weights, the 7 x 7 deconvolution as many; then encoder and decoder."),
            ((134, 139, CLASSIFIER), (29, 30, WITHOUT_BLOCK)),
        ),
        "parameters segnet": Millions(
            29,
            30,
            msg("Add the 13 convolutions of the encoder, 14.7 million, and their mirror image in the decoder."),
            ((14, 15, ENCODER_ONLY), (148, 150, WITH_FC6), (1.4, 1.5, BASIC)),
        ),
    },
    "smallest_map": {
        "smallest_map deconvnet": Sizes(
            ((1,), (1, 1), (1, 1, 4096), (4096,)),
            msg("Follow the sizes from 224 x 224 through five poolings, and through fc6."),
            dict.fromkeys(((7,), (7, 7), (7, 7, 512)), POOL5),
        ),
        "smallest_map segnet": Sizes(
            ((7,), (7, 7), (7, 7, 512), (12, 15), (12, 15, 512), (11, 15), (11, 15, 512), (Fraction(1, 32),), (32,)),
            msg("Follow the sizes through the five poolings: 224 is halved five times."),
            dict.fromkeys(((1,), (1, 1), (1, 1, 4096), (4096,)), NO_FC6)
            | dict.fromkeys(((14,), (14, 14), (14, 14, 512)), CONV5),
        ),
    },
    "same": {
        f"{question} {side}": claim
        for question, claim in {
            "upsampling": OneOf(
                frozenset({"switches", "unpooling"}),
                {
                    "no_switches": NO_SWITCHES,
                    "deconvolution": BY_SWITCHES,
                    "interpolation": NO_INTERPOLATION,
                    "copied_maps": NOT_COPIED,
                },
            ),
            "feature_maps": Choice(
                "not_handed_over", dict.fromkeys(("handed_over", "handed_over_at_all", "elsewhere"), NOT_COPIED)
            ),
            "encoder": Choice("vgg16", {"other": SAME_ENCODER}),
            "batch_norm": Choice("present", {"absent": SAME_NORM}),
            "mirror": Choice("mirrored", {"not_mirrored": SAME_MIRROR}),
            "pretraining": Choice("pretrained", {"from_scratch": SAME_WEIGHTS}),
        }.items()
        for side in ("deconvnet", "segnet")
    },
    "decoder": {
        "decoder deconvnet": Choice(
            "deconvolution",
            {"convolution": msg("DeconvNet calls them deconvolutions, transposed 3 x 3."), "inverse": INVERSE},
        ),
        "decoder segnet": Choice(
            "convolution",
            {
                "deconvolution": msg("SegNet's decoder makes the unpooled maps dense with ordinary convolutions."),
                "inverse": INVERSE,
            },
        ),
    },
    "output": {
        "output deconvnet": Choice("one", {"three": SCORE_3X3}),
        "output segnet": Choice("three", {"one": SCORE_1X1}),
    },
    "input": {
        "input deconvnet": Choice(
            "proposals", {"whole_image": msg("DeconvNet segments some 50 object proposals and merges the results.")}
        ),
        "input segnet": Choice(
            "whole_image", {"proposals": msg("SegNet has no proposals: the whole image goes through once.")}
        ),
    },
    "training": {
        "stages deconvnet": Choice(
            "two", {"one": msg("DeconvNet first learns from crops around objects, then from proposals: two stages.")}
        ),
        "stages segnet": Choice("one", {"two": msg("SegNet is trained once, as a whole: end to end, in one stage.")}),
        # Each stage of DeconvNet trains the whole network, so "yes" can be defended; its proposals come from outside.
        "end_to_end deconvnet": OneOf(frozenset({"end_to_end", "not_end_to_end"}), {}),
        "end_to_end segnet": Choice(
            "end_to_end", {"not_end_to_end": msg("SegNet is trained end to end, from the image to the labels.")}
        ),
    },
    "data": {
        "data deconvnet": Choice(
            "voc", {"scenes": msg("DeconvNet was made for the objects of PASCAL VOC; road scenes are SegNet's.")}
        ),
        "data segnet": Choice(
            "scenes", {"voc": msg("SegNet was made for road and indoor scenes, CamVid and SUN RGB-D, not for VOC.")}
        ),
    },
}
DIFFERENCES = ("decoder", "output", "input", "training", "data")
RATIO_HINT = msg("Divide the parameters of one network by those of the other.")
MISREAD_SLIDE = msg("The slide's word is 7 x 7 pooling; the layer is a convolution, fc6. Both words are accepted.")
YES_TO_BOTH = msg(
    "end_to_end deconvnet: accepted, for each stage trains the whole network; its proposals are made outside of it."
)

# What a summary may say against the table: a note for the human who reads it, never a verdict.
CONTRADICTIONS = {
    ("upsampling", "no_switches"): msg("Perhaps it says that one network does without the switches; both have them."),
    ("upsampling", "interpolation"): msg("Perhaps it says that one network interpolates; both unpool."),
    ("feature_maps", "handed_over"): msg("Perhaps it says that one network hands over feature maps; neither does."),
    ("encoder", "other"): msg("Perhaps it names an encoder other than VGG-16."),
    ("batch_norm", "absent"): msg("Perhaps it says that one network has no batch normalisation; both have."),
    ("mirror", "not_mirrored"): msg("Perhaps it says that one decoder is no mirror of its encoder; both are."),
    ("pretraining", "from_scratch"): msg("Perhaps it says that an encoder starts from nothing; both start from VGG."),
    ("decoder", "inverse"): msg("Perhaps it calls a deconvolution the inverse of a convolution."),
}


@check(points=3)
def middle_block(answers, remarks):
    """The 7 x 7 block in the middle: one network keeps it, the other has dropped it."""
    expect_claims(answers, TABLE, LINES["middle"])
    if any(answers.row(TABLE, row).startswith("pooling") for row in LINES["middle"]):
        remarks.append(MISREAD_SLIDE)


@check(points=2)
def parameters(answers):
    """The number of parameters of each network, and their ratio where it is given."""
    _demand_parameters(answers)


@check(points=1)
def smallest_map(answers):
    """The smallest feature map of each network."""
    expect_claims(answers, TABLE, LINES["smallest_map"])


@check(points=3)
def same_in_both(answers):
    """What the two share: up-sampling, no feature maps handed over, encoder, batch norm, mirrored decoder, first weights."""
    expect_claims(answers, TABLE, LINES["same"])


@check(points=1)
def decoder_layers(answers):
    """The kind of layer in each decoder."""
    expect_claims(answers, TABLE, LINES["decoder"])


@check(points=1)
def output_layer(answers):
    """The layer that gives the class scores in each network."""
    expect_claims(answers, TABLE, LINES["output"])


@check(points=1)
def inference(answers):
    """What is put into each network: the whole image, or proposals."""
    expect_claims(answers, TABLE, LINES["input"])


@check(points=1)
def training(answers, remarks):
    """In how many stages each network is trained, and whether end to end."""
    expect_claims(answers, TABLE, LINES["training"])
    if answers.row(TABLE, "end_to_end deconvnet") == "end_to_end":
        remarks.append(YES_TO_BOTH)


@check(points=1)
def purpose(answers):
    """The data that each network was made for and tested on."""
    expect_claims(answers, TABLE, LINES["data"])


@check(points=3)
def pass_rule(answers):
    """As a whole: the middle block, one of its consequences, no contradiction in what both share, two more differences."""
    states = {line: _state(answers, line) for line in LINES}
    right = {line for line, state in states.items() if state is None}
    unreadable = {line for line, state in states.items() if isinstance(state, UnreadableField)}
    empty = {line for line, state in states.items() if isinstance(state, UnansweredField)}
    if not _unmet(right):
        return
    for open_lines, allowed in ((unreadable, right | unreadable), (empty, right | unreadable | empty)):
        if not _unmet(allowed):
            raise next(states[line] for line in LINES if line in open_lines)
    raise expect.Mismatch(
        msg("The comparison does not pass yet."),
        *(Evidence(Label.DETAIL, sentence) for sentence in _unmet(right)),
    )


@check(points=9)
def summary(answers):
    """The comparison in your own words; a human gives its points, one for each line of the rubric."""
    text = answers["summary"]
    said = ((row.split()[0], value) for row, value in answers.read_prose(TABLE, text))
    flags = dict.fromkeys(CONTRADICTIONS[claim].text for claim in said if claim in CONTRADICTIONS)
    expect.review(text, *Rubric.of(Path(__file__).parent).notes(text), *map(msg, flags))


@probe
def said_of_middle(answers):
    """What is said of the middle block."""
    return _said(answers, "middle")


@probe
def said_of_parameters(answers):
    """Which known wrong numbers of parameters are given, and whether the ratio is right."""
    ratio = "ratio" not in answers or _is_ratio(answers["ratio"])
    return [*_said(answers, "parameters"), ratio]


@probe
def said_of_smallest_map(answers):
    """Which known wrong sizes are given."""
    return _said(answers, "smallest_map")


@probe
def said_of_same(answers):
    """What is said of all that is the same in both."""
    return _said(answers, "same")


@probe
def said_of_decoder(answers):
    """What is said of the decoder's layers."""
    return _said(answers, "decoder")


@probe
def said_of_output(answers):
    """What is said of the output layer."""
    return _said(answers, "output")


@probe
def said_of_input(answers):
    """What is said of the input."""
    return _said(answers, "input")


@probe
def said_of_training(answers):
    """What is said of the training."""
    return _said(answers, "training")


@probe
def said_of_data(answers):
    """What is said of the data."""
    return _said(answers, "data")


def _said(answers, line):
    """The sentence against each row, empty where it is right; a kind of mistake, whatever its exact words or digits."""
    return [str(claim.problem(answers.row(TABLE, row)) or "") for row, claim in LINES[line].items()]


def _demand_parameters(answers):
    expect_claims(answers, TABLE, LINES["parameters"])
    if "ratio" in answers:
        ratio = answers["ratio"]
        expect.true(_is_ratio(ratio), msg("The ratio is not right."), got=str(ratio), hint=RATIO_HINT)


def _ends(number):
    """The number, or both ends of a range."""
    return [*number.sides[:1], *([] if number.high is None else [number.high])]


def _is_ratio(number):
    """Whether a number says "8 to 9 times", "1/8 to 1/9", "11 to 12.5 %", or that 87.5 to 89 % are saved."""
    ends = [end / (100 if number.is_percent else 1) for end in _ends(number)]
    bounds = ((8, 9), (0.11, 0.125), (0.875, 0.89))
    return any(all(low <= end <= high for end in ends) for low, high in bounds)


def _state(answers, line):
    """None for a line of the rubric that is right, the exception that ends its check otherwise."""
    try:
        if line == "parameters":
            _demand_parameters(answers)
        else:
            expect_claims(answers, TABLE, LINES[line])
    except (expect.Mismatch, UnansweredField, UnreadableField) as event:
        return event
    return None


def _unmet(right):
    """The demands of the pass rule that these right lines do not meet."""
    found = len(right.intersection(DIFFERENCES))
    demands = (
        ("middle" in right, msg("The middle block is needed.")),
        (right & {"parameters", "smallest_map"}, msg("The parameters or the smallest map are needed.")),
        ("same" in right, msg("Nothing may be contradicted of what is the same in both.")),
        (found >= 2, msg("Two of the five further differences are needed; {found} are right.", found=found)),
    )
    return [sentence for is_met, sentence in demands if not is_met]
