"""The ranking of all columns of Ames housing: how far it is that of Shapley values.

Columns are ranked by their mean absolute attribution over test rows, by contributions, as
displays of many rows do it, and by effects, beside the mean absolute Shapley values of
shap's TreeExplainer (path-dependent) of the same model.
"""

import numpy as np
import shap
from lightgbm import LGBMRegressor
from scipy.stats import spearmanr
from sklearn.model_selection import train_test_split

from benchmarks.ames import houses
from benchmarks.report import Line, table
from sklime import LimeExplainer

REQUIRED = 0.97


def measure():
    name, X, y = houses()
    nominal = X.select_dtypes(exclude="number").columns
    X = X.astype(dict.fromkeys(nominal, "category"))
    known, new, prices, _ = train_test_split(X, y, random_state=0)
    model = LGBMRegressor(random_state=0, n_jobs=1, verbose=-1).fit(known, prices)
    theirs = strengths(shap.TreeExplainer(model).shap_values(new))
    explainer = LimeExplainer(model, random_state=0).fit(known)
    explained = explainer.explain(new)
    by_effect = agreement(explained.values, theirs)
    by_contribution = agreement(explained.contributions().values, theirs)
    return [
        Line(
            f"{name}, {X.shape[1]} columns, LightGBM, {explainer.method_}, {len(new)} "
            "rows: rank correlation (Spearman) of all columns' mean contributions with "
            "shap's, by size",
            f"at least {REQUIRED}",
            f"{by_contribution:.3f}; by effects {by_effect:.3f}",
            bool(by_contribution >= REQUIRED),
        )
    ]


def strengths(values):
    return np.abs(values).mean(axis=0)


def agreement(values, theirs):
    return spearmanr(strengths(values), theirs).statistic


if __name__ == "__main__":
    print(table(measure()))
