"""Random numbers: known answers of Philox4x32-10, the normal distribution, permutations that never change."""
import hashlib
from statistics import NormalDist

import numpy as np
import pytest

from intq import philox


@pytest.mark.parametrize("word,expected", [
    (0, [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
    (0xFFFFFFFF, [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd])])
def test_known_answers(word, expected):
    assert [int(x) for x in philox.philox4x32([word] * 4, [word] * 2)] == expected


def test_stream_id_is_the_low_end_of_sha256():
    assert philox.stream_id("data/order") == int(hashlib.sha256(b"data/order").hexdigest()[-8:], 16)


def test_words_follow_element_step_and_seed():
    words = philox.words32(9, seed=5 << 32 | 7, step=3, stream=11)
    block = philox.philox4x32((1, 0, 3, 11), (7, 5))
    assert [int(w) for w in words[4:8]] == [int(x) for x in block] and len(words) == 9


def test_inverse_normal_is_exact_to_1e_6():
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 2001), [2**-33, 1 - 2**-33]])
    expected = np.array([NormalDist().inv_cdf(float(x)) for x in p])
    assert np.abs(philox._inverse_normal(p) - expected).max() < 2e-6


def test_normal_values_are_pinned():
    values = philox.normal("classifier.weight", (2, 384), 0.02, seed=1)
    assert values.dtype == np.float32 and abs(values.std() - 0.02) < 0.001
    assert hashlib.sha256(values.tobytes()).hexdigest()[:16] == "28cafb254a36c696"


def test_permutation_is_pinned():
    order = philox.permutation(1000, seed=1, epoch=0)
    assert sorted(order) == list(range(1000))
    assert not np.array_equal(order, philox.permutation(1000, seed=1, epoch=1))
    assert hashlib.sha256(order.astype("<i8").tobytes()).hexdigest()[:16] == "c9a970094c06fce9"
