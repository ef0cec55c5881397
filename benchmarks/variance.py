"""How much less coefficients vary than with plain random draws, at equal numbers.

The variance of a coefficient over seeds, averaged over rows and features. Both kinds of
draws come from the same sampler and pass through the same surrogate; ``lime``, whose
draws, penalty and row 0 are its own, stands beside them on one pair.
"""

import warnings

import numpy as np
from lime.lime_tabular import LimeTabularExplainer

from benchmarks.problems import problem, problems
from benchmarks.report import Line, markdown, table
from sklime import LimeExplainer

N_SEEDS = 40
N_ROWS = 20
N_LIME_ROWS = 5
REQUIRED = {4096: 8, 1024: 3}
LIME_PAIR = "breast_cancer", "forest"


def measure():
    gains = every_gain()
    return [geometric_mean(n_samples, gains[n_samples]) for n_samples in REQUIRED]


def every_gain():
    """By number of draws and pair: variance with random draws over the default's."""
    return {
        n_samples: {
            (p.data, p.kind): variance(p, "random", n_samples)
            / variance(p, "sobol", n_samples)
            for p in problems()
        }
        for n_samples in REQUIRED
    }


def variance(p, sequence, n_samples, n_rows=N_ROWS):
    explainer = LimeExplainer(p.model, method="sampling", n_samples=n_samples)
    explainer.set_params(sampler__sequence=sequence)
    values = [
        explainer.set_params(random_state=seed).fit(p.X_train).transform(p.X[:n_rows])
        for seed in range(N_SEEDS)
    ]
    return np.var(values, axis=0, ddof=1).mean()


def geometric_mean(n_samples, gains):
    mean = np.exp(np.log(list(gains.values())).mean())
    worst = min(gains, key=gains.get)
    return Line(
        f"variance at {n_samples:,} draws, random over default, geometric mean over "
        f"{len(gains)} pairs of data and model",
        f"at least {REQUIRED[n_samples]} times",
        f"{mean:.1f} times, least {gains[worst]:.1f} ({', '.join(worst)})",
        mean >= REQUIRED[n_samples],
    )


def lime_variance(p, n_samples):
    values = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lime")
        for seed in range(N_SEEDS):
            lime = LimeTabularExplainer(p.X_train, random_state=seed)
            values.append([coefficients(lime, p, x, n_samples) for x in p.X[:N_LIME_ROWS]])
    return np.var(values, axis=0, ddof=1).mean()


def coefficients(lime, p, x, n_samples):
    found = lime.explain_instance(
        x, p.model.predict_proba, num_features=len(x), num_samples=n_samples
    )
    return [value for _, value in sorted(found.local_exp[1])]


def details(gains):
    """Every pair, and ``lime`` on one."""
    p = problem(*LIME_PAIR)
    lime = [lime_variance(p, n) / variance(p, "sobol", n, N_LIME_ROWS) for n in REQUIRED]
    rows = [
        (*pair, "random", *(f"{gains[n][pair]:.1f}" for n in REQUIRED))
        for pair in gains[max(REQUIRED)]
    ]
    return markdown(
        ("data", "model", "draws", *(f"times the variance at {n:,}" for n in REQUIRED)),
        [*rows, (*LIME_PAIR, "lime", *(f"{times:.1f}" for times in lime))],
    )


if __name__ == "__main__":
    gains = every_gain()
    lines = [geometric_mean(n_samples, gains[n_samples]) for n_samples in REQUIRED]
    print(f"{details(gains)}\n\n{table(lines)}")
