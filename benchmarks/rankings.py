"""The ranking of all columns of Ames housing: how far it is that of Shapley values.

Columns are ranked by their mean absolute attribution over test rows, by contributions, as
displays of many rows do it, and by effects, beside the mean absolute values that shap gives
of the same model where nothing is said otherwise: TreeExplainer, path-dependent. Our own
Shapley values, of columns that are drawn independently, stand beside: what they miss is the
other law, and what contributions miss more are interactions, which contributions leave out
and Shapley values share among the columns.
"""

import numpy as np
import shap
from lightgbm import LGBMRegressor
from scipy.stats import spearmanr
from sklearn.model_selection import train_test_split
from xgboost import XGBRegressor

from benchmarks.ames import houses
from benchmarks.report import Line, table
from sklime import LimeExplainer
from sklime.kernels import ShapleyKernel
from sklime.samplers import CoalitionSampler

REQUIRED = 0.97
N_SPLITS = 5
MODELS = {
    "LightGBM": LGBMRegressor(random_state=0, n_jobs=1, verbose=-1),
    "XGBoost": XGBRegressor(random_state=0, n_jobs=1, enable_categorical=True),
}


def measure():
    name, X, y = houses()
    nominal = X.select_dtypes(exclude="number").columns
    X = X.astype(dict.fromkeys(nominal, "category"))
    splits = [train_test_split(X, y, random_state=seed) for seed in range(N_SPLITS)]
    lines = []
    for kind, model in MODELS.items():
        found = np.array([agreements(model, *split) for split in splits])
        contributions, effects, shapley = found.mean(axis=0)
        low, high = found[:, 0].min(), found[:, 0].max()
        lines.append(
            Line(
                f"{name}, {X.shape[1]} columns, {kind}, exact, {N_SPLITS} splits: rank "
                "correlation (Spearman) of all columns' mean contributions with shap's "
                "(TreeExplainer, path-dependent), by size",
                f"at least {REQUIRED} in the mean",
                f"{contributions:.3f} ({low:.3f} to {high:.3f}); by effects {effects:.3f}; "
                f"by our own Shapley values {shapley:.3f}",
                bool(contributions >= REQUIRED),
            )
        )
    return lines


def agreements(model, known, new, prices, _):
    """Rank correlations of three kinds of attributions with shap's."""
    model.fit(known, prices)
    theirs = strengths(shap.TreeExplainer(model).shap_values(new))
    explained = LimeExplainer(model, method="exact", random_state=0).fit(known).explain(new)
    shares = LimeExplainer(
        model,
        sampler=CoalitionSampler(),
        kernel=ShapleyKernel(),
        method="exact",
        random_state=0,
    )
    ours = (
        explained.contributions().values,
        explained.values,
        shares.fit(known).transform(new),
    )
    return [agreement(own, theirs) for own in ours]


def strengths(values):
    return np.abs(np.asarray(values)).mean(axis=0)


def agreement(values, theirs):
    return spearmanr(strengths(values), theirs).statistic


if __name__ == "__main__":
    print(table(measure()))
