"""Questions as vectors: a sentence read by convolutions of one, two and three words, or word by word."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least

FILTERS = (256, 512, 512)  # of one, two and three words, for VQA


class QuestionCNN(nn.Module):
    """Read a question by its most telling word, pair of words, three words, ...

        x_t  = embedding of word t
        h_ct = tanh(W_c [x_t, ..., x_(t+c-1)] + b_c),   h_c = max over t of h_ct      c = 1, 2, 3
        v    = concat(h_1, h_2, h_3)

    The maximum runs over windows that lie inside the question; padding after it
    changes nothing.  A question of fewer than c words has one window of c, filled up with zeros.

    Shape:
        questions: (N, T) int64, words from 1 to vocabulary_size - 1, then zeros
        return:    (N, out_channels), the sum of filters; values in -1 to 1

    Args:
        vocabulary_size: Words, with the padding, word 0; 13,746 for VQA.
        embedding_channels: Channels of a word; 500 in the paper.
        filters: Convolutions of one word, of two words, ...; (256, 512, 512) for VQA, (128, 256, 256) for the others.

    Raises:
        OptionError: A number is no integer of at least 1, or there is no filter.  From calling it: a dtype
            or a word is wrong.
        ShapeError: From calling it: questions are none, or one has no word.

    Example:
        >>> model = QuestionCNN(5, 3, (2, 4))
        >>> model(torch.tensor([[1, 4, 2, 0], [3, 0, 0, 0]])).shape
        torch.Size([2, 6])

    Source:
        Yang, He, Gao, Deng and Smola, "Stacked Attention Networks for Image Question Answering", CVPR 2016,
        section 3.2.2; sizes of the authors' published configuration (github.com/zcyang/imageqa-san).
    """

    def __init__(
        self, vocabulary_size: int = 13746, embedding_channels: int = 500, filters: Sequence[int] = FILTERS
    ) -> None:
        super().__init__()
        require_at_least("vocabulary_size", vocabulary_size, 2, "word 0 is the padding")
        require_at_least("embedding_channels", embedding_channels, 1)
        if not filters:
            raise OptionError("filters", "the filters of one word or more", repr(filters))
        for number, channels in enumerate(filters):
            require_at_least(f"filters[{number}]", channels, 1)
        self.embedding = nn.Embedding(vocabulary_size, embedding_channels, padding_idx=0)
        self.convs = nn.ModuleList(
            nn.Conv1d(embedding_channels, channels, words) for words, channels in enumerate(filters, 1)
        )
        self.out_channels = sum(filters)

    def forward(self, questions: Tensor) -> Tensor:
        """Take the maximum over all places, for each filter."""
        length = _lengths(questions, self.embedding.num_embeddings)[:, None]  # (N, 1)
        place = torch.arange(questions.shape[1], device=questions.device)  # (T,)
        words = self.embedding(questions) * (place < length)[:, :, None]  # (N, T, E)
        found = []
        for reach, conv in enumerate(self.convs):  # words beyond the first
            padded = nn.functional.pad(words.mT, (0, reach))  # every word may start a window
            answers = torch.tanh(conv(padded))  # (N, C, T)
            inside = (place + reach < length) | (place == 0)  # (N, T)
            found.append(answers.masked_fill(~inside[:, None], float("-inf")).amax(2))
        return torch.cat(found, dim=1)


class QuestionLSTM(nn.Module):
    """Read a question word by word and keep what the last word left: the hidden state of an LSTM.

        h_t, c_t = LSTM(x_t, h_(t-1), c_(t-1)),   v = h_T      T is the last word, not the padding after it

    Shape:
        questions: (N, T) int64, words from 1 to vocabulary_size - 1, then zeros
        return:    (N, out_channels)

    Args:
        vocabulary_size: Words, with the padding, word 0; 13,746 for VQA.
        embedding_channels: Channels of a word; 500 in the paper.
        channels: Channels of the state; 1024 in the authors' configuration for VQA.

    Raises:
        OptionError: A number is no integer of at least 1.  From calling it: a dtype or a word is wrong.
        ShapeError: From calling it: questions are none, or one has no word.

    Example:
        >>> model = QuestionLSTM(5, 3, 4)
        >>> model(torch.tensor([[1, 4, 2, 0], [3, 0, 0, 0]])).shape
        torch.Size([2, 4])

    Source:
        Yang et al., CVPR 2016, section 3.2.1.
    """

    def __init__(self, vocabulary_size: int = 13746, embedding_channels: int = 500, channels: int = 1024) -> None:
        super().__init__()
        require_at_least("vocabulary_size", vocabulary_size, 2, "word 0 is the padding")
        require_at_least("embedding_channels", embedding_channels, 1)
        require_at_least("channels", channels, 1)
        self.embedding = nn.Embedding(vocabulary_size, embedding_channels, padding_idx=0)
        self.lstm = nn.LSTM(embedding_channels, channels, batch_first=True)
        self.out_channels = channels

    def forward(self, questions: Tensor) -> Tensor:
        """Take the state after the last word."""
        length = _lengths(questions, self.embedding.num_embeddings)  # (N,)
        states, _ = self.lstm(self.embedding(questions))  # (N, T, C)
        last = (length - 1)[:, None, None].expand(-1, 1, states.shape[2])
        state: Tensor = states.gather(1, last)[:, 0]
        return state


def _lengths(questions: Tensor, vocabulary_size: int) -> Tensor:
    """Count the words of each question."""
    if questions.ndim != 2 or questions.shape[1] == 0:
        raise ShapeError("questions", "(N, T) with T of at least 1", repr(tuple(questions.shape)))
    if questions.dtype != torch.int64:
        raise OptionError("questions", "the dtype torch.int64", str(questions.dtype), "questions.long() converts it")
    is_word = questions != 0
    if not questions.is_meta:  # there the words are not known
        if bool((questions < 0).any()) or bool((questions >= vocabulary_size).any()):
            raise OptionError(
                "questions",
                f"words from 0 to {vocabulary_size - 1}",
                f"{int(questions.min())} to {int(questions.max())}",
            )
        if not bool(is_word[:, 0].all()) or bool((is_word[:, 1:] & ~is_word[:, :-1]).any()):
            raise ShapeError("questions", "one word or more in each, and zeros only after the last", "other zeros")
    return is_word.sum(1)
