"""Made-up reviews, in place of those of books and DVDs, which are not on every machine.

A review is a bag of words drawn independently: frequencies follow Zipf's law, and a tenth
of the vocabulary has a tone, which makes a word likelier in one of the two classes. As in
the published data there are 1,600 reviews of a domain to train on and 400 to test with,
half of them positive.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VOCABULARY = np.array([f"word{j}" for j in range(5000)])
N_TRAINING, N_TEST = 1600, 400
# Words of a review, the typical number.
DOMAINS = {"books": 75, "films": 95}
SHARE_WITH_TONE, SPREAD_OF_TONE = 0.1, 1.2


@dataclass(frozen=True)
class Reviews:
    """Texts, and whether they are positive."""

    texts: list[str]
    positive: NDArray[np.bool_]


def draw(domain, seed, n_test=N_TEST):
    """Training and test reviews of a domain."""
    rng = np.random.default_rng([*domain.encode(), seed])
    n, d = N_TRAINING + n_test, len(VOCABULARY)
    frequency = 1 / (2.7 + rng.permutation(d))
    tone = rng.normal(0, SPREAD_OF_TONE, d) * (rng.random(d) < SHARE_WITH_TONE)
    chances = [frequency * np.exp(side * tone) for side in (-0.5, 0.5)]
    positive = rng.permutation(n) < n // 2
    lengths = rng.lognormal(np.log(DOMAINS[domain]), 0.4, n).clip(20, 400).astype(int)
    texts = [
        " ".join(rng.choice(VOCABULARY, length, p=chances[own] / chances[own].sum()))
        for length, own in zip(lengths, positive.astype(int), strict=True)
    ]
    return (
        Reviews(texts[:N_TRAINING], positive[:N_TRAINING]),
        Reviews(texts[N_TRAINING:], positive[N_TRAINING:]),
    )
