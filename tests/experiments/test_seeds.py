"""Seeds depend on names and on nothing else."""

import hashlib

import numpy as np
import pytest

from experiments.seeds import rng_for, seed_for


def test_seed_is_the_head_of_the_sha256_of_the_joined_names():
    digest = hashlib.sha256(b"split\x1fparkinsons\x1f0").hexdigest()
    assert seed_for("split", "parkinsons", 0) == int(digest[:8], 16)


def test_seed_is_a_32_bit_number():
    seeds = [seed_for("any", i) for i in range(200)]
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert max(seeds) > 2**31  # all 32 bits are in use


def test_names_are_kept_apart():
    assert seed_for("a", "bc") != seed_for("ab", "c")
    assert seed_for("a", "b") != seed_for("b", "a")
    assert seed_for("a") != seed_for("a", "")


def test_numbers_and_their_text_are_the_same_name():
    assert seed_for("noise", 1) == seed_for("noise", "1")


def test_a_seed_without_a_name_is_refused():
    with pytest.raises(ValueError, match="at least one name"):
        seed_for()


def test_generators_of_the_same_name_agree():
    draws = rng_for("noise", "ett", 3).standard_normal(5)
    np.testing.assert_array_equal(rng_for("noise", "ett", 3).standard_normal(5), draws)
    assert not np.array_equal(rng_for("noise", "ett", 4).standard_normal(5), draws)
