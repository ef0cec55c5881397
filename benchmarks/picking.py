"""SP-LIME: picking rows of a large matrix, and side by side with ``lime``'s own greedy."""

from types import SimpleNamespace

import numpy as np
from lime.submodular_pick import SubmodularPick as LimeSubmodularPick

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime.pick import SubmodularPick

N_COLUMNS, N_PICKS, N_FEATURES = 50, 20, 10
ROUNDS = 5


def measure():
    A = np.random.default_rng(0).normal(size=(100_000, N_COLUMNS))
    return [alone(A), over_lime(A[:1000])]


def alone(A):
    pick = SubmodularPick(N_PICKS, N_FEATURES)
    (own,) = interleaved_medians(lambda: seconds(lambda: pick.fit(A)), rounds=ROUNDS)
    return Line(
        f"`SubmodularPick`, {len(A):,} rows x {N_COLUMNS} columns, {N_PICKS} picks",
        "under 1 s",
        f"{own:.2f} s",
        own < 1.0,
    )


def over_lime(A):
    explained = GivenExplanations(A)
    pick = SubmodularPick(N_PICKS, N_FEATURES)

    def lime():
        return LimeSubmodularPick(
            explained,
            np.arange(len(A)),
            predict_fn=None,
            method="full",
            num_exps_desired=N_PICKS,
            num_features=N_FEATURES,
        )

    theirs, own = interleaved_medians(
        lambda: seconds(lime), lambda: seconds(lambda: pick.fit(A)), rounds=ROUNDS
    )
    return Line(
        f"the same of {len(A):,} rows, already explained: time of lime's greedy over ours",
        "at least 10 times",
        f"{theirs / own:,.0f} times: {1e3 * theirs:,.0f} over {1e3 * own:.1f} ms",
        theirs / own >= 10,
    )


class GivenExplanations:
    """Rows explained beforehand, as lime's SubmodularPick asks for them."""

    def __init__(self, A):
        order = np.argsort(-np.abs(A), axis=1)
        self.ranked = [
            [(str(j), a[j]) for j in own] for a, own in zip(A, order.tolist(), strict=True)
        ]

    def explain_instance(self, row, predict_fn, num_features, top_labels):
        shown = self.ranked[row][:num_features]
        return SimpleNamespace(mode="regression", as_list=lambda label: shown)


if __name__ == "__main__":
    print(table(measure()))
