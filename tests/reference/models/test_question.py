"""Questions as vectors: windows inside the question, and padding that changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError
from reference.models import QuestionCNN, QuestionLSTM, parameter_count

MODELS = pytest.mark.parametrize("kind", [QuestionCNN, QuestionLSTM])


def small(kind: Any) -> Any:
    return (QuestionCNN(9, 4, (2, 3, 3)) if kind is QuestionCNN else QuestionLSTM(9, 4, 5)).double()


QUESTIONS = torch.tensor([[3, 1, 4, 1, 5], [2, 7, 0, 0, 0], [8, 0, 0, 0, 0]])


def test_the_counts_of_vqa():
    with torch.device("meta"):
        cnn, lstm = QuestionCNN(), QuestionLSTM()
    words, windows = 13_746 * 500, sum(n * 500 * c + c for n, c in ((1, 256), (2, 512), (3, 512)))
    assert (cnn.out_channels, parameter_count(cnn)) == (1280, words + windows)
    assert (lstm.out_channels, parameter_count(lstm)) == (1024, words + 4 * (500 * 1024 + 1024 * 1024 + 2 * 1024))


def test_convolutions_equal_loops_over_windows():
    model = small(QuestionCNN)
    got = model(QUESTIONS)
    for n, length in enumerate((5, 2, 1)):
        words = [model.embedding.weight[word] for word in QUESTIONS[n, :length]]
        want = []
        for size, conv in enumerate(model.convs, 1):
            sentence = words + [torch.zeros(4).double()] * max(0, size - length)
            windows = [torch.stack(sentence[t : t + size], 1) for t in range(len(sentence) - size + 1)]  # (4, size)
            answers = [torch.tanh((conv.weight * window).sum((1, 2)) + conv.bias) for window in windows]
            want.append(torch.stack(answers).amax(0))
        torch.testing.assert_close(got[n], torch.cat(want))


def test_the_lstm_equals_its_gates_word_by_word():
    model = small(QuestionLSTM)
    got, lstm = model(QUESTIONS), model.lstm
    for n, length in enumerate((5, 2, 1)):
        h, c = torch.zeros(5).double(), torch.zeros(5).double()
        for word in QUESTIONS[n, :length]:
            gates = (
                lstm.weight_ih_l0 @ model.embedding.weight[word]
                + lstm.bias_ih_l0
                + lstm.weight_hh_l0 @ h
                + lstm.bias_hh_l0
            )
            i, f, g, o = gates.chunk(4)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        torch.testing.assert_close(got[n], h)


@MODELS
def test_more_padding_changes_nothing(kind: Any):
    model = small(kind)
    padded = nn.functional.pad(QUESTIONS, (0, 4))
    torch.testing.assert_close(model(padded), model(QUESTIONS))


@MODELS
def test_the_order_of_words_matters(kind: Any):
    model = small(kind)
    one, other = torch.tensor([[3, 1, 4, 2]]), torch.tensor([[4, 1, 2, 3]])
    assert not torch.allclose(model(one), model(other))


def test_single_words_of_the_convolution_do_not_see_the_order():
    model = small(QuestionCNN)
    torch.testing.assert_close(model(torch.tensor([[3, 1, 4]]))[:, :2], model(torch.tensor([[4, 3, 1]]))[:, :2])


@pytest.mark.gpu
@MODELS
def test_the_device_does_not_matter(kind: Any):
    model = small(kind)
    want = model(QUESTIONS)
    torch.testing.assert_close(model.cuda()(QUESTIONS.cuda()).cpu(), want)


@MODELS
@pytest.mark.parametrize(
    ("questions", "error", "message"),
    [
        (QUESTIONS[0], ShapeError, r"questions: expected \(N, T\) with T of at least 1, got \(5,\)"),
        (QUESTIONS[:, :0], ShapeError, r"questions: .* got \(3, 0\)"),
        (
            QUESTIONS.float(),
            OptionError,
            "questions: expected the dtype torch.int64, got torch.float32; questions.long",
        ),
        (QUESTIONS + 4, OptionError, "questions: expected words from 0 to 8, got 4 to 12"),
        (QUESTIONS - 1, OptionError, "questions: expected words from 0 to 8, got -1 to 7"),
        (
            torch.tensor([[0, 0]]),
            ShapeError,
            "questions: expected one word or more in each, and zeros only after the l",
        ),
        (
            torch.tensor([[0, 3]]),
            ShapeError,
            "questions: expected one word or more in each, and zeros only after the l",
        ),
        (torch.tensor([[3, 0, 3]]), ShapeError, "zeros only after the last, got other zeros"),
    ],
)
def test_questions_that_are_none_are_named(kind: Any, questions: Tensor, error: Any, message: str):
    with pytest.raises(error, match=message):
        small(kind)(questions)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: QuestionCNN(1), "vocabulary_size: expected an integer of at least 2, got 1; word 0 is the padding"),
        (lambda: QuestionCNN(9, 0), "embedding_channels: expected an integer of at least 1, got 0"),
        (lambda: QuestionCNN(9, 4, ()), r"filters: expected the filters of one word or more, got \(\)"),
        (lambda: QuestionCNN(9, 4, (2, 0)), r"filters\[1\]: expected an integer of at least 1, got 0"),
        (lambda: QuestionLSTM(0), "vocabulary_size: expected an integer of at least 2, got 0"),
        (lambda: QuestionLSTM(9, 0), "embedding_channels: expected an integer of at least 1, got 0"),
        (lambda: QuestionLSTM(9, 4, 0), "channels: expected an integer of at least 1, got 0"),
    ],
)
def test_options_of_no_use_are_named(call: Any, message: str):
    with pytest.raises(OptionError, match=message):
        call()
