"""Pieces that meet: what each does alone, asked for together."""

import numpy as np
import pandas as pd
import pytest

from sklime import Explanation, FunctionRegressor, LimeExplainer
from sklime.kernels import UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler, MixedSampler, TokenSampler

N = 200


def notes():
    """Texts beside dates, counts, categories, many towns, and numbers."""
    rng = np.random.default_rng(0)
    words = "good bad fine film plot long dear cheap".split()
    return pd.DataFrame(
        {
            "day": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(rng.integers(0, 365, N), unit="D"),
            "review": [
                " ".join(rng.choice(words, rng.integers(1, 5), replace=False))
                for _ in range(N)
            ],
            "k": rng.integers(0, 4, N),
            "cat": rng.choice(list("abc"), N),
            "town": [f"t{i}" for i in rng.integers(0, 150, N)],
            "price": rng.normal(size=N),
        }
    )


def stars(T):
    return (
        3.0 * T["review"].str.contains("good").to_numpy(dtype=float)
        + 2.0 * (T["day"].dt.month.to_numpy() > 6)
        + 1.5 * (T["k"].to_numpy() == 2)
        + 5.0 * (T["cat"] == "z").to_numpy(dtype=float)
        + 4.0 * (T["town"] == "t9999").to_numpy(dtype=float)
    )


def unseen():
    rows = notes().iloc[:5]
    rows.loc[0, "cat"] = "z"
    rows.loc[1, "town"] = "t9999"
    rows.loc[2, "k"] = 99
    rows.loc[3, "day"] = pd.Timestamp("2040-01-01")
    rows.loc[4, "review"] = ""
    return rows


WORDS = ("words", TokenSampler(), "review")


# Rows of several parts


def test_an_unseen_value_beside_rare_ones_is_asked_about_among_words():
    # Own values of the towns, all rare, are put into draws that hold the unseen category.
    rest = ("rest", MarginalSampler(), ["day", "k", "cat", "town", "price"])
    explainer = LimeExplainer(
        FunctionRegressor(stars), sampler=MixedSampler([WORDS, rest]), random_state=0
    ).fit(notes())
    found = explainer.transform(unseen())
    assert found[0, 3] == pytest.approx(5.0, abs=0.1)
    assert found[1, 4] == pytest.approx(4.0, abs=0.1)
    alone = [explainer.transform(unseen().iloc[[i]])[0] for i in range(5)]
    np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("sampler", [GaussianSampler(), MarginalSampler(n_bins=None)])
def test_contributions_of_standardised_columns_beside_words_add_up(sampler):
    numbers = ("numbers", sampler, ["k", "price"])
    rest = ("rest", MarginalSampler(), ["day", "cat", "town"])
    parts = MixedSampler([numbers, WORDS, rest])
    model = FunctionRegressor(lambda T: stars(T) + 2.0 * T["price"].to_numpy())
    explainer = LimeExplainer(
        model, sampler=parts, kernel=UniformKernel(), random_state=0
    ).fit(notes())
    effects = explainer.explain(unseen(), uncertainty=True)
    own = effects.contributions()
    added = np.nansum(own.values, axis=1) + own.baselines
    np.testing.assert_allclose(added, own.local_predictions, rtol=0, atol=1e-10)
    # Price has its slope times its distance from the mean.
    X = notes()
    names = effects.unit_names[0].tolist()
    assert own.values[0, names.index("price")] == pytest.approx(
        2.0 * (X["price"][0] - X["price"].mean()), abs=0.3
    )
    assert Explanation.from_json(effects.to_json()) == effects
    assert "per standard deviation" in effects.plot(0).ax_.get_xlabel()
