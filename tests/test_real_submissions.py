"""Shapes of real solutions: right ones get their points or a sentence that says what to change, wrong ones do not pass.

Most shapes are specimens of an exercise, which `grade verify` proves; the others are written out below.

Right, and rejected by a naive grader:

| shape | held by |
|---|---|
| an array of shape (1, 1, 1) assigned to an element, `float()` of one element, `np.float`, `np.int` | `test_an_old_spelling_of_numpy_is_told_with_its_line` |
| float32 for float64, a tuple with a cache beside the output | `conv2d/accepted/float32_with_cache.py` |
| int64 where all results are whole | `test_whole_results_may_be_integers` |
| nested lists | `conv2d/accepted/nested_list.py`, `max_unpool2d/accepted/nested_list.py` |
| a float or a 0-d array for a number | `receptive_field/accepted/float_result.py`, `receptive_field/accepted/numpy_arrays.py` |
| the stride has to divide the size | `test_an_assert_that_refuses_a_promised_size_is_told` |
| a network takes the sizes of its data set only | `test_a_network_that_refuses_a_promised_size_is_told`, `segnet/wrong/no_output_size.py`, `deconvnet/wrong/dense_layers.py` |
| the layer of the scores starts at zero | `segnet/accepted/functional.py` |
| a decoder of transposed convolutions with stride 1 | `segnet/accepted/transposed.py`, and of convolutions for DeconvNet `deconvnet/accepted/convolutions.py` |
| a whole VGG is kept and its classifier never used, a tuple is returned | `segnet/accepted/whole_vgg_kept.py` |
| a dict is returned | `test_a_dict_of_outputs_is_understood` |
| a softmax or log-softmax inside | `segnet/wrong/softmax_inside.py`, `test_a_log_softmax_inside_is_told` |
| a constructor with other names | `segnet/accepted/transposed.py` |
| a constructor without arguments | `test_a_constructor_without_arguments_is_told` |
| a function with other parameters, or under another name | `test_other_parameters_are_told`, `test_another_name_is_told` |
| a file under another name | `test_another_file_name_does_not_matter` |
| a notebook as a file: shell lines, downloads, plots, Python 2, SystemExit, failing tests | `test_an_exported_notebook_gets_its_points` |
| training at import | `test_training_at_import_does_not_matter`, and without end `test_training_without_end_at_import_is_told` |
| a global that existed in the notebook only | `test_a_global_of_the_notebook_is_named` |

Wrong, and accepted by a naive grader:

| shape | held by |
|---|---|
| padding hard-coded to 1 | `conv2d/wrong/pads_one.py` |
| loops to H and W in place of the output's size | `conv2d/wrong/keeps_input_size.py` |
| the width computed from the height | `conv2d/wrong/width_from_height.py` |
| steps by the window in place of the stride | `conv2d/wrong/steps_by_window.py` |
| right for 3 x 3 only, for odd kernels only | `conv2d/wrong/only_3x3.py`, `conv2d/wrong/odd_kernels_only.py` |
| the bias inside the sum, or never | `conv2d/wrong/bias_in_every_product.py`, `conv2d/wrong/bias_in_every_channel.py`, `conv2d/wrong/no_bias.py` |
| right for small integers only | `conv2d/wrong/overflows_int8.py`, `conv2d/wrong/cuts_fractions_off.py` |
| four of five poolings dropped, all parameters there | `segnet/wrong/one_pool.py` |
| strided convolutions for poolings | `segnet/wrong/strided_convs.py` |
| switches asked for and ignored | `segnet/wrong/top_left.py` |
| encoder and decoder share their modules | `segnet/wrong/shared_blocks.py` |
| a ReLU on the scores | `segnet/wrong/relu_on_scores.py`, `deconvnet/wrong/relu_on_scores.py` |
| scores of one fixed size | `segnet/wrong/fixed_size.py` |
| a U-Net that is called SegNet | `segnet/wrong/unet.py`, `deconvnet/wrong/copies_features.py` |
| a receptive field without the first kernel, or for k = 3 only | `receptive_field/wrong/first_kernel_forgotten.py`, `receptive_field/wrong/only_3x3.py` |
| its own test prints that it has passed | `test_what_a_script_says_of_itself_does_not_count` |
"""

import re
from dataclasses import replace

import pytest

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import Submission
from grader.model import Label, Verdict

COURSE = load_course()
CONV2D = """
import numpy as np

def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    N, C, H, W = x.shape
    M, _, K, L = weight.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (H + 2 * padding - K) // stride + 1, (W + 2 * padding - L) // stride + 1
    y = np.zeros((N, M, rows, columns))
    for n in range(N):
        for m in range(M):
            for i in range(rows):
                for j in range(columns):
                    window = x[n, :, i * stride : i * stride + K, j * stride : j * stride + L]
                    y[n, m, i, j] = np.sum(window * weight[m])
            if bias is not None:
                y[n, m] += bias[m]
    return y
"""
FIELD = """
def receptive_field(layers):
    size = 1
    for layer in reversed(layers):
        reach = layer.get("dilation", 1) * (layer["kernel_size"] - 1) + 1
        size = (size - 1) * layer.get("stride", 1) + reach
    return size
"""
SEGNET = (COURSE.exercise("segnet").folder / "submissions/accepted/blocks.py").read_text(encoding="utf-8")


def graded(name, code, *, file=None, course=COURSE):
    exercise = course.exercise(name)
    return grade(Submission({file or exercise.file: code.encode()}), course, only=[name]).exercises[0]


def edited(code, old, new):
    assert old in code
    return code.replace(old, new)


def first_problem(report):
    return next(one for one in report.outcomes if one.verdict not in (Verdict.PASS, Verdict.SKIPPED))


def said(outcome, label):
    return "\n".join(str(line.text) for line in outcome.evidence if line.label is label)


def code_points(report):
    """Points of the checks that run code: the number by hand of receptive_field aside."""
    return [one.earned for one in report.outcomes if one.check != "number"]


def full_code_points(report):
    return [one.possible for one in report.outcomes if one.check != "number"]


def test_what_holds_a_shape_exists():
    cells = [row.split(" | ")[-1] for row in __doc__.splitlines() if row.startswith("| ")]
    holders = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]

    assert all("`" in cell for cell in cells if cell != "held by |")
    for holder in holders:
        exercise, _, path = holder.partition("/")
        assert holder in globals() or (COURSE.exercise(exercise).folder / "submissions" / path).exists(), holder


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("np.zeros((N, M, rows, columns))", "np.zeros((N, M, rows, columns), dtype=np.float)", "write float instead"),
        ("range(rows)", "range(np.int(rows))", "write int instead"),
        (
            "np.sum(window * weight[m])",
            "np.sum(window * weight[m], axis=(0, 1, 2), keepdims=True)",
            "write value.item(), or index the element",
        ),
        (
            "np.sum(window * weight[m])",
            "float(np.sum(window * weight[m], axis=(0, 1, 2), keepdims=True))",
            "write value.item(), or index the element",
        ),
    ],
    ids=["np.float", "np.int", "(1, 1, 1)-array", "float()"],
)
def test_an_old_spelling_of_numpy_is_told_with_its_line(old, new, hint):
    problem = first_problem(graded("conv2d", edited(CONV2D, old, new)))

    assert problem.verdict is Verdict.ERROR
    assert new in said(problem, Label.LINE)
    assert hint in said(problem, Label.HINT)


def test_whole_results_may_be_integers():
    code = edited(CONV2D, "return y", "return y.astype(np.int64) if np.all(y == np.rint(y)) else y")

    report = graded("conv2d", code)

    assert report.points.earned == report.points.possible


def test_an_assert_that_refuses_a_promised_size_is_told():
    line = "assert (H + 2 * padding - K) % stride == 0"

    report = graded("conv2d", edited(CONV2D, "    x = np.pad", f"    {line}\n    x = np.pad"))
    problem = first_problem(report)

    assert problem.verdict is Verdict.ERROR
    assert "stride=" in said(problem, Label.INPUT)
    assert said(problem, Label.LINE) == f"conv2d.py, line 7: {line}"
    assert said(problem, Label.HINT) == (
        "An assert of yours refuses this input, which is one of those that the prompt names: compute its result."
    )


def test_other_parameters_are_told():
    code = edited(CONV2D, "bias=None, *, stride=1, padding=0", "bias=None, step=1, pad=0")
    code = code.replace("stride", "step").replace("padding", "pad")

    problems = [one for one in graded("conv2d", code).outcomes if one.verdict is Verdict.ERROR]

    assert "unexpected keyword argument" in str(problems[0].summary)
    assert said(problems[0], Label.HINT) == (
        "conv2d is called as the prompt says: keep the names and the order of its parameters."
    )


def test_another_name_is_told():
    problem = first_problem(graded("conv2d", edited(CONV2D, "def conv2d", "def convolution")))

    assert problem.verdict is Verdict.MISSING
    assert "conv2d.py does not define conv2d; keep the name that the template has." in str(problem.summary)


def test_another_file_name_does_not_matter():
    report = graded("receptive_field", FIELD, file="hw5 final (2).py")

    assert code_points(report) == full_code_points(report)


NOTEBOOK = (
    """# coding: utf-8
# In[1]:
get_ipython().run_line_magic('matplotlib', 'inline')
!pip install wget
import wget, math
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

# In[2]:
digits = wget.download('http://example.com/digits.npz')
images = load_digits().images

# In[3]:
print "shape", images.shape

# In[4]:
for epoch in range(3):
    loss = ((images - 1) ** 2).mean()
    print('epoch %d loss %.3f' % (epoch, loss))
plt.plot([3, 2, 1])
plt.show()

# In[5]:
if loss > 1:
    raise SystemExit
raise SystemExit('no data')

# In[6]:
BASE = int(math.sqrt(1))
"""
    + FIELD.replace("size = 1\n", "size = BASE\n")
    + """
# In[7]:
assert receptive_field([]) == 0
get_ipython().magic('timeit receptive_field([])')
%timeit receptive_field([])
"""
)


def test_an_exported_notebook_gets_its_points():
    report = graded("receptive_field", NOTEBOOK)
    remarks = "\n".join(map(str, report.remarks))

    assert code_points(report) == full_code_points(report)
    assert "receptive_field.py: line 4 was left out, because it is not Python" in remarks
    assert "receptive_field.py: line 14 was left out, because it is not Python (Missing parentheses" in remarks
    assert "line 5: ModuleNotFoundError while the file was loaded (No module named 'wget')" in remarks


def test_training_at_import_does_not_matter():
    code = SEGNET + (
        "\nmodel = SegNet(width=2).cuda()\n"
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
        "for images, labels in loader:\n    optimizer.step()\n"
    )

    report = graded("segnet", code)

    assert report.points.earned == report.points.possible
    assert "NameError while the file was loaded (name 'loader' is not defined)" in "\n".join(map(str, report.remarks))


def test_training_without_end_at_import_is_told():
    exercise = COURSE.exercise("receptive_field")
    quick = replace(exercise, limits=replace(exercise.limits, load_time_s=1))
    course = replace(COURSE, exercises=tuple(quick if one is exercise else one for one in COURSE.exercises))

    code = FIELD + "\nimport time\nwhile True:\n    time.sleep(0.1)  # one more epoch\n"
    problem = next(one for one in graded("receptive_field", code, course=course).outcomes if one.check != "number")

    assert problem.verdict is Verdict.TIMEOUT
    assert "at the statement of line 10" in str(problem.summary)
    assert 'put training, plots and tests under `if __name__ == "__main__":`' in str(problem.summary)


def test_a_global_of_the_notebook_is_named():
    code = "BASE = settings['base']\n" + FIELD.replace("size = 1\n", "size = BASE\n")

    report = graded("receptive_field", code)
    problem = next(one for one in report.outcomes if one.check != "number")

    assert str(problem.summary) == "Your code raised NameError: name 'BASE' is not defined"
    assert said(problem, Label.LINE) == "receptive_field.py, line 4: size = BASE"
    assert "line 1: NameError while the file was loaded (name 'settings' is not defined)" in str(report.remarks[0])


def test_a_network_that_refuses_a_promised_size_is_told():
    line = "assert x.shape[2:] == (360, 480)"

    code = edited(SEGNET, "switches, sizes = [], []", f"{line}\n        switches, sizes = [], []")
    problem = first_problem(graded("segnet", code))

    assert line in said(problem, Label.LINE)
    assert "refuses this input" in said(problem, Label.HINT)


def test_a_dict_of_outputs_is_understood():
    report = graded("segnet", edited(SEGNET, "return self.score(x)", "return {'out': self.score(x), 'features': x}"))

    assert report.points.earned == report.points.possible


def test_a_log_softmax_inside_is_told():
    report = graded("segnet", edited(SEGNET, "return self.score(x)", "return F.log_softmax(self.score(x), 1)"))
    problem = first_problem(report)

    assert problem.check == "scores"
    assert str(problem.summary) == "The result holds probabilities: a softmax is inside the network."
    assert "Return the scores" in said(problem, Label.HINT)


def test_a_constructor_without_arguments_is_told():
    code = edited(SEGNET, "self, in_channels=3, num_classes=11, width=64", "self")
    code = edited(code, "w = width", "w, in_channels, num_classes = 64, 3, 11")

    assert str(first_problem(graded("segnet", code)).summary) == (
        "The constructor takes other arguments: expected SegNet(in_channels, num_classes, width), found SegNet()."
    )


def test_what_a_script_says_of_itself_does_not_count():
    code = """
def receptive_field(layers):
    size = 1
    for layer in layers[1:]:
        size += 2
    return size

assert receptive_field([{"kernel_size": 3}] * 3) == 5
print("All 3 tests passed!")
"""
    report = graded("receptive_field", code)

    assert next(one for one in report.outcomes if one.check == "convolutions").verdict is Verdict.FAIL
    assert report.points.earned == 0
