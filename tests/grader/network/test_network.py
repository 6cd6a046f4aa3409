"""What a check may demand of a network: right ones pass however they are written, wrong ones are told why."""

import pytest

from grader.expect import Mismatch
from grader.network import Smoke
from grader.sandbox.host import MissingName, StudentError
from tests.grader.network.toys import RIGHT, edited, network

SMOKE = Smoke(steps=8, lr=0.2, momentum=0.5, factor=0.8, block=4)
COUNT = (2 * 9 + 1) * 64 + 2 * 64 + (64 * 9 + 1) * 128 + 2 * 128 + (128 * 9 + 1) * 64 + 2 * 64 + (64 + 1) * 5
LARGE = {"in_channels": 2, "num_classes": 5, "width": 64}


def demand_all(toy):
    toy.expect_scores((1, 8, 8), (3, 8, 12))
    toy.expect_steadiness((2, 8, 8), (1, 8, 12))
    toy.expect_count(COUNT, **LARGE)
    toy.expect_switches()
    toy.expect_outputs((1, 8, 12), (2, 9, 13))
    toy.expect_outputs((3, 8, 12), training=True)
    toy.expect_gradients((2, 8, 12))
    toy.expect_training(SMOKE, (3, 8, 8), "cpu")


def refused(call):
    with pytest.raises(Mismatch) as caught:
        call()
    return "\n".join([str(caught.value), *(str(line.text) for line in caught.value.evidence)])


POOL_MODULES = edited(
    (
        "        self.d =",
        "        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)\n        self.d =",
    ),
    ("F.max_pool2d(x, 2, return_indices=True)", "self.pool(x)"),
    ("F.max_unpool2d(x, j, 2, output_size=inner)", "self.unpool(x, j, output_size=inner)"),
    ("F.max_unpool2d(x, i, 2, output_size=outer)", "self.unpool(x, i, output_size=outer)"),
)
RIGHT_WAYS = {
    "as it is": RIGHT,
    "modules": POOL_MODULES,
    "in place": edited(("nn.ReLU()", "nn.ReLU(inplace=True)")),
    "clamp": edited(("nn.BatchNorm2d(width), nn.ReLU())", "nn.BatchNorm2d(width))"), ("x = self.a(x)", "x = self.a(x).clamp(min=0)"), ("x = self.c(x)", "x = torch.maximum(self.c(x), torch.zeros(()).to(x))")),
    "transposed": edited(("self.c = nn.Sequential(nn.Conv2d(2 * width, width, 3, padding=1)", "self.c = nn.Sequential(nn.ConvTranspose2d(2 * width, width, 3, padding=1)")),
    "a tuple": edited(("return self.d(x)", "return self.d(x), x")),
    "a dict": edited(("return self.d(x)", 'return {"out": self.d(x)}')),
    "zero scores": edited(("        self.d = nn.Conv2d(width, num_classes, 1)", "        self.d = nn.Conv2d(width, num_classes, 1)\n        nn.init.zeros_(self.d.weight)\n        nn.init.zeros_(self.d.bias)")),
    "float32 only": edited(("        x = self.a(x)", "        x = self.a(x.float())")),
    "layers in another order": edited(
        ("        self.d = nn.Conv2d(width, num_classes, 1)\n", ""),
        ("        super().__init__()\n", "        super().__init__()\n        self.d = nn.Conv2d(width, num_classes, 1)\n"),
    ),
    "a scatter": edited(
        ("F.max_unpool2d(x, j, 2, output_size=inner)", "self.put(x, j, inner)"),
        ("    def forward(", "    def put(self, x, j, size):\n        y = x.new_zeros(*x.shape[:2], size[0] * size[1])\n        return y.scatter(2, j.flatten(2), x.flatten(2)).view(*x.shape[:2], *size)\n\n    def forward("),
    ),
    "other names, by position": edited(("in_channels, num_classes, width):", "bands, labels, base):\n        in_channels, num_classes, width = bands, labels, base")),
    "more arguments with defaults": edited(("num_classes, width)", "num_classes, width, dropout=0.0)")),
    "a copied input": edited(("        x = self.a(x)", "        x = x.clone()\n        x += 0\n        x = self.a(x)")),
    "weights tied by a property": edited(("        x = self.a(x)\n", "        x = F.relu(self.a[1](F.conv2d(x, self.a[0].weight, self.a[0].bias, padding='same')))\n")),
}  # fmt: skip


@pytest.mark.parametrize("way", RIGHT_WAYS)
def test_a_right_network_passes_however_it_is_written(way, tmp_path):
    demand_all(network(tmp_path, RIGHT_WAYS[way]))


def test_an_unused_tower_is_remarked_on_and_not_counted(tmp_path):
    remarks = []
    code = edited(("        self.d =", "        self.classifier = nn.Linear(width * 49, 10)\n        self.d ="))

    demand_all(network(tmp_path, code, remarks))

    assert "of which the forward pass uses 149,701: only these are counted" in str(remarks[0])


def test_a_bias_that_normalisation_voids_may_be_missing_but_is_counted(tmp_path):
    toy = network(tmp_path, edited(("padding=1)", "padding=1, bias=False)")))

    toy.expect_outputs((2, 8, 12))
    toy.expect_outputs((2, 8, 12), training=True)
    assert "3 layers have no bias: 256 parameters are missing." in refused(lambda: toy.expect_count(COUNT, **LARGE))


WRONG = [
    # (what was done, the demand, what the student reads)
    (("return self.d(x)", "return self.d(x).softmax(1)"), lambda toy: toy.expect_scores((2, 8, 8)),
     "The result holds probabilities: a softmax is inside the network."),
    (("return self.d(x)", "return F.log_softmax(self.d(x), 1)"), lambda toy: toy.expect_scores((2, 8, 8)), "holds probabilities"),
    (("return self.d(x)", "return self.d(x).argmax(1)"), lambda toy: toy.expect_scores((2, 8, 8)), "one label a pixel"),
    (("return self.d(x)", "return F.interpolate(self.d(x), (8, 8))"), lambda toy: toy.expect_scores((2, 8, 8), (1, 8, 12)),
     "y: (1, 3, 8, 8)\nfor an input of shape (1, 2, 8, 12)"),
    (("x = self.a(x)", "x = self.a(F.relu_(x))"), lambda toy: toy.expect_steadiness((2, 8, 8)), "changed its input x in place"),
    (("nn.BatchNorm2d(width)", "nn.BatchNorm2d(width, track_running_stats=False)"),
     lambda toy: toy.expect_steadiness((2, 8, 8)), "depend on the other images of its batch"),
    (("x = self.a(x)", "x = self.a(x + 0.1 * torch.rand(1) * getattr(self, 'seen', 0)); self.seen = 1"),
     lambda toy: toy.expect_steadiness((2, 8, 8)), "another output when it came a second time"),
    (("j, 2, output_size=inner", "j * 0, 2, output_size=inner"), lambda toy: toy.expect_switches(),
     "expected max_unpool2d with the indices of pool2, got max_unpool2d with indices that are no pooling's"),
    (("F.max_unpool2d(x, j, 2, output_size=inner)", "F.interpolate(x, inner)"), lambda toy: toy.expect_switches(),
     "The decoder does not unpool with the switches: unpool2: expected max_unpool2d with the indices of pool2, got upsample_nearest2d"),
    (("x, j = F.max_pool2d(x, 2, return_indices=True)", "x, j = F.avg_pool2d(x, 2), F.max_pool2d(x, 2, return_indices=True)[1]"),
     lambda toy: toy.expect_switches(), "got avg_pool2d"),
    (("2 * width, width, 3, padding=1)", "2 * width, width, 5, padding=2)"), lambda toy: toy.expect_outputs((2, 8, 12)),
     "third: expected conv2d 3x3, 8 -> 4, got conv2d 5x5, 8 -> 4 (c.0.weight)"),
    (("self.c = ", "self.c = self.e = "), lambda toy: toy.expect_count(COUNT + 1, **LARGE), "differs by -1."),
    (("return self.d(x)", "return F.relu(self.d(x))"), lambda toy: toy.expect_outputs((2, 8, 12)),
     "after the last layer comes relu, where nothing belongs"),
    (("nn.BatchNorm2d(width), nn.ReLU())\n        self.b", "nn.ReLU(), nn.BatchNorm2d(width))\n        self.b"),
     lambda toy: toy.expect_outputs((2, 8, 12)), "batch_norm of first"),
    (("nn.BatchNorm2d(2 * width)", "nn.BatchNorm2d(2 * width, eps=1e-2)"), lambda toy: toy.expect_outputs((2, 8, 12)),
     "batch_norm of second_norm: expected eps 1e-05, got eps 0.01"),
    (("nn.BatchNorm2d(2 * width)", "nn.BatchNorm2d(2 * width, momentum=0.9)"),
     lambda toy: toy.expect_outputs((2, 8, 12), training=True), "running_mean of batch_norm of second"),
    (("nn.BatchNorm2d(2 * width)", "nn.BatchNorm2d(2 * width, affine=False)"), lambda toy: toy.expect_outputs((2, 8, 12)),
     "scale and shift, got neither scale nor shift"),
    (("nn.ReLU())\n        self.c", "nn.ReLU(), nn.Dropout(0.5))\n        self.c"),
     lambda toy: toy.expect_outputs((2, 8, 12), training=True), "expected nothing, got dropout"),
    (("x = self.b(x)", "x = self.b(x.detach())"), lambda toy: toy.expect_gradients((2, 8, 12)), "No gradient arrives at 5 of 15 tensors."),
    (("        self.d =", "        self.b.requires_grad_(False)\n        self.d ="), lambda toy: toy.expect_gradients((2, 8, 12)),
     "grad of the weight of second"),
    (("        self.d =", "        self.b.requires_grad_(False)\n        self.d ="), lambda toy: toy.expect_training(SMOKE, (3, 8, 8), "cpu"),
     "Training left 3 tensors as they were."),
    (("x = self.b(x)", "x = self.b(torch.where(x > 1e9, x, x * 0.5 + x.detach() * 0.5))"), lambda toy: toy.expect_gradients((2, 8, 12)),
     "grad of"),
]  # fmt: skip


CONSTANT = "class Toy(nn.Module):\n    def __init__(self, in_channels, num_classes, width):\n        super().__init__()\n        {layers}\n    def forward(self, x):\n        return {scores}\n"
NO_NETWORKS = [
    ("pass", "x.new_zeros(len(x), 3, *x.shape[2:])", "Nothing in the network is learned"),
    ("self.d = nn.Conv2d(in_channels, num_classes, 1)", "self.d(x * 0 + 1)", "does not look at its input"),
    ("self.d = nn.Conv2d(in_channels, num_classes, 1)", "x.mean(1, True).repeat(1, 3, 1, 1) + 0 * self.d(x)", "With other weights the scores stay the same"),
    ("self.register_buffer('d', torch.rand(3, 2, 1, 1))", "F.conv2d(x, self.d.detach().clone() * 0 + 1)", "Nothing in the network is learned"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "scores", "text"), NO_NETWORKS)
def test_numbers_of_the_right_shape_are_no_network(layers, scores, text, tmp_path):
    code = RIGHT.partition("class Toy")[0] + CONSTANT.format(layers=layers, scores=scores)

    assert text in refused(lambda: network(tmp_path, code).expect_scores((1, 8, 8)))


@pytest.mark.parametrize(("edit", "demand", "text"), WRONG, ids=[row[2][:40] for row in WRONG])
def test_a_wrong_network_is_told_why(edit, demand, text, tmp_path):
    assert text in refused(lambda: demand(network(tmp_path, edited(edit))))


def test_layers_that_are_not_registered_are_named_at_once(tmp_path):
    code = edited(
        ("        self.c = nn.Sequential(", "        self.c = [nn.Sequential("),
        ("(width), nn.ReLU())\n        self.d", "(width), nn.ReLU())]\n        self.d"),
        ("self.c(x)", "self.c[0](x)"),
    )

    assert "computes with 4 tensors that are not among its parameters()" in refused(lambda: network(tmp_path, code))


def test_shared_layers_are_named(tmp_path):
    code = edited(
        ("width, 2 * width, 3", "width, width, 3"),
        ("nn.BatchNorm2d(2 * width)", "nn.BatchNorm2d(width)"),
        ("2 * width, width, 3", "width, width, 3"),
        ("x = self.c(x)", "x = self.b(x)"),
    )

    assert "use the same weights (b.0.weight): every layer needs its own module" in refused(
        lambda: network(tmp_path, code).expect_outputs((2, 8, 12))
    )


def test_weights_that_are_computed_cannot_be_transplanted(tmp_path):
    code = edited(
        ("x = self.a(x)", "x = F.relu(self.a[1](F.conv2d(x, 2 * self.a[0].weight, self.a[0].bias, padding=1)))")
    )

    assert "its weights are computed during the forward pass" in refused(
        lambda: network(tmp_path, code).expect_outputs((2, 8, 12))
    )


def test_a_constructor_with_other_arguments_is_told_which(tmp_path):
    text = refused(
        lambda: network(
            tmp_path, edited(("in_channels, num_classes, width)", "in_channels, width)"), ("num_classes", "3"))
        )
    )

    assert "expected Toy(in_channels, num_classes, width), found Toy(in_channels, width)" in text
    assert "Name the arguments as the prompt does." in text


def test_swapped_names_are_not_taken_by_position(tmp_path):
    assert "takes other arguments" in refused(
        lambda: network(
            tmp_path,
            edited(("in_channels, num_classes, width)", "in_channels, width, classes)"), ("num_classes", "classes")),
        )
    )


def test_something_that_is_no_module_is_named(tmp_path):
    assert "Toy(...) must be a torch.nn.Module; it is a dict." in refused(
        lambda: network(tmp_path, "def Toy(in_channels, num_classes, width):\n    return {}\n")
    )


def test_a_missing_class_is_missing(tmp_path):
    with pytest.raises(MissingName):
        network(tmp_path, "class Other: pass\n")


def test_an_exception_of_the_students_comes_through(tmp_path):
    with pytest.raises(StudentError, match="RuntimeError"):
        network(tmp_path, edited(("nn.Conv2d(2 * width, width, 3", "nn.Conv2d(width, width, 3")))


def test_an_unpooling_that_raises_names_the_switches_it_took(tmp_path):
    text = refused(
        lambda: network(
            tmp_path,
            edited(
                ("x, j, 2, output_size=inner", "x, i, 2, output_size=inner"),
                ("x, i, 2, output_size=outer", "x, j, 2, output_size=outer"),
            ),
        )
    )

    assert "expected the indices of pool2, got those of pool1" in text
