"""Probabilities of additive scores in closed form, against lists of all combinations."""

import pickle

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn import ensemble as en
from sklearn import linear_model as lm
from sklearn import naive_bayes as nb
from sklearn import svm, tree
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from xgboost import XGBClassifier, XGBRFClassifier

from sklime import LimeExplainer
from sklime.exact import READERS, AdditiveForm
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from tests.exact.test_enumeration import (
    BINARY,
    FRAME,
    MISSING,
    SIGNAL,
    THREE,
    X,
    check,
    check_fitted,
    label,
    limit,
)

COUNTS = np.round(X * 3)
NAMES = np.where(BINARY, "yes", "no")
CANCER = load_breast_cancer()


def sampled_with_reason(model, table, reason, **parameters):
    """Whether `"auto"` draws samples, and `"exact"` says why."""
    explainer = LimeExplainer(model, random_state=0, n_samples=64, **parameters)
    assert explainer.fit(table).method_ == "sampling"
    with pytest.raises(ValueError, match=reason):
        explainer.set_params(method="exact").fit(table)


@pytest.mark.parametrize(
    "model",
    [
        lm.LogisticRegression(),
        lm.LogisticRegression(C=100.0, fit_intercept=False),
        lm.LogisticRegressionCV(
            l1_ratios=(0.0,), use_legacy_attributes=False, scoring="accuracy"
        ),
        lm.SGDClassifier(loss="log_loss", random_state=0),
        OneVsRestClassifier(lm.LogisticRegression()),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1),
        nb.GaussianNB(var_smoothing=1e-2),
        nb.BernoulliNB(binarize=0.3),
        nb.BernoulliNB(binarize=None),
        en.GradientBoostingClassifier(n_estimators=20, max_depth=1),
        en.GradientBoostingClassifier(n_estimators=20, max_depth=1, loss="exponential"),
        en.GradientBoostingClassifier(n_estimators=20, max_depth=1, init="zero"),
        en.HistGradientBoostingClassifier(max_iter=20, max_depth=1),
        en.HistGradientBoostingClassifier(max_iter=20, interaction_cst="no_interactions"),
    ],
    ids=label,
)
@pytest.mark.parametrize("width", [0.4, 2.0])
def test_probabilities_of_additive_scores(model, width):
    table = (X > 0.5) * 1.0 if getattr(model, "binarize", 0) is None else X
    check(model, table, NAMES, width=width)


@pytest.mark.parametrize(
    "model", [nb.MultinomialNB(), nb.ComplementNB(), nb.CategoricalNB()], ids=label
)
def test_naive_bayes_of_counts(model):
    check(model, COUNTS, BINARY)


@pytest.mark.parametrize(
    "model",
    [
        LGBMClassifier(n_estimators=20, max_depth=1, verbose=-1),
        LGBMClassifier(n_estimators=20, num_leaves=2, sigmoid=0.5, verbose=-1),
        LGBMClassifier(
            n_estimators=20, interaction_constraints=[[0], [1], [2]], verbose=-1
        ),
        # The sigmoid of the trees' mean, though margins are their sum.
        LGBMClassifier(
            boosting_type="rf",
            num_leaves=2,
            n_estimators=20,
            subsample=0.5,
            subsample_freq=1,
            verbose=-1,
        ),
    ],
    ids=label,
)
def test_boosted_stumps_of_lightgbm(model):
    check(model, X, BINARY)


@pytest.mark.parametrize(
    "model",
    [
        XGBClassifier(n_estimators=20, max_depth=1),
        XGBClassifier(n_estimators=20, max_leaves=2, grow_policy="lossguide"),
        XGBClassifier(n_estimators=20, max_depth=1, base_score=0.2),
        XGBClassifier(n_estimators=20, max_depth=3, interaction_constraints="[[0], [1]]"),
        XGBRFClassifier(n_estimators=20, max_depth=1),
    ],
    ids=label,
)
def test_boosted_stumps_of_xgboost(model):
    model.fit(X, BINARY)
    explainer = LimeExplainer(
        model, sampler=MarginalSampler(n_bins=3), method="exact", target="all"
    ).fit(X)
    explainer.set_params(kernel=ExponentialKernel(width=1.0)).fit(X)
    values = explainer.transform(X[:10]).reshape(10, 2, -1)
    expected = limit(explainer, X, range(10), 1.0)
    # It answers in single precision.
    np.testing.assert_allclose(values, np.swapaxes(expected[:, 1:], 1, 2), atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(SimpleImputer(), StandardScaler(), lm.LogisticRegression()),
        make_pipeline(SimpleImputer(add_indicator=True), lm.LogisticRegression()),
        make_pipeline(SimpleImputer(), nb.GaussianNB()),
        en.HistGradientBoostingClassifier(max_iter=20, max_depth=1),
        LGBMClassifier(n_estimators=20, max_depth=1, verbose=-1),
        GridSearchCV(
            make_pipeline(SimpleImputer(), lm.LogisticRegression()),
            {"logisticregression__C": [0.1, 1.0]},
        ),
        CalibratedClassifierCV(make_pipeline(SimpleImputer(), svm.LinearSVC())),
    ],
    ids=label,
)
def test_steps_and_missing_values(model):
    check(model, MISSING, BINARY)


@pytest.mark.parametrize(
    "model",
    [
        lm.LogisticRegression(),
        en.GradientBoostingClassifier(n_estimators=30, max_depth=1),
        CalibratedClassifierCV(lm.RidgeClassifier()),
    ],
    ids=label,
)
def test_frames_of_mixed_types(model):
    encode = make_column_transformer(
        (OneHotEncoder(), ["colour", "size"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
        ("passthrough", ["count"]),
    )
    y = (FRAME["count"] > 1) ^ (FRAME["colour"] == "red")
    check(make_pipeline(encode, model), FRAME, y)


def test_several_dummies_of_one_column_in_a_tree():
    encode = make_column_transformer((OneHotEncoder(), ["colour"]))
    model = en.GradientBoostingClassifier(n_estimators=5, max_depth=3)
    y = np.random.default_rng(3).random(len(FRAME)) < (FRAME["colour"] == "red") / 2 + 0.2
    check(make_pipeline(encode, model), FRAME, y)


@pytest.mark.parametrize("ensemble", [True, False])
@pytest.mark.parametrize("method", ["sigmoid", "temperature"])
@pytest.mark.parametrize(
    "model",
    [
        svm.LinearSVC(),
        svm.SVC(kernel="linear"),
        lm.RidgeClassifier(),
        lm.Perceptron(),
        lm.LogisticRegression(),
        make_pipeline(StandardScaler(), svm.LinearSVC()),
        en.GradientBoostingClassifier(n_estimators=5, max_depth=1),
    ],
    ids=label,
)
def test_calibrated_margins(model, method, ensemble):
    check(CalibratedClassifierCV(model, method=method, ensemble=ensemble), X, NAMES)


def test_calibrated_probabilities_of_a_forest_of_stumps():
    stumps = en.RandomForestClassifier(20, max_depth=1, random_state=0)
    check(CalibratedClassifierCV(stumps), X, BINARY)


def test_a_calibrated_fitted_model():
    fitted = make_pipeline(StandardScaler(), svm.LinearSVC()).fit(X, BINARY)
    model = CalibratedClassifierCV(FrozenEstimator(fitted)).fit(X, BINARY)
    check_fitted(model, X)


@pytest.mark.parametrize(
    "model",
    [
        en.VotingClassifier(
            [("a", lm.LogisticRegression()), ("b", nb.GaussianNB())], voting="soft"
        ),
        en.VotingClassifier(
            [
                ("a", make_pipeline(StandardScaler(), lm.LogisticRegression())),
                ("b", en.RandomForestClassifier(10, random_state=0)),
                ("c", CalibratedClassifierCV(svm.LinearSVC())),
                ("left out", "drop"),
                ("d", LGBMClassifier(n_estimators=9, max_depth=1, verbose=-1)),
            ],
            voting="soft",
            weights=[1, 2, 3, 1, 4],
        ),
        en.BaggingClassifier(lm.LogisticRegression(), 7, random_state=0),
        en.BaggingClassifier(
            make_pipeline(StandardScaler(), lm.LogisticRegression()),
            5,
            max_features=0.6,
            random_state=0,
        ),
        en.BaggingClassifier(
            nb.GaussianNB(), 5, max_features=4, bootstrap_features=True, random_state=0
        ),
    ],
    ids=label,
)
def test_averaged_probabilities(model):
    check(model, X, NAMES)


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), PCA(3), lm.LogisticRegression()),
        make_pipeline(
            MinMaxScaler((2, 5)),
            PCA(3, whiten=True),
            SelectKBest(k=2),
            RobustScaler(),
            svm.LinearSVC(),
        ),
        make_pipeline(TruncatedSVD(3), StandardScaler(), LinearDiscriminantAnalysis()),
    ],
    ids=lambda model: type(model[-1]).__name__,
)
def test_steps_that_mix_columns_before_linear_margins(model):
    # Projections of columns leave a margin a sum over the columns.
    check(model, X, BINARY)
    check(CalibratedClassifierCV(model, cv=3), X, BINARY)
    method = "auto" if hasattr(model, "predict_proba") else "decision_function"
    bag = en.BaggingClassifier(model, 3, max_features=4, random_state=0)
    check(bag, X, BINARY, method)


def test_averaged_forests_of_three_classes():
    trees = [("a", en.RandomForestClassifier(9)), ("b", tree.DecisionTreeClassifier())]
    check(en.VotingClassifier(trees, voting="soft", weights=[1, 3]), X, THREE)


def test_an_averaged_margin():
    model = en.BaggingClassifier(svm.LinearSVC(), 5, random_state=0)
    check(model, X, BINARY, "decision_function")


@pytest.mark.parametrize(
    "model",
    [
        en.VotingRegressor([("a", lm.Ridge()), ("b", lm.Lasso(0.01))]),
        en.VotingRegressor(
            [
                ("a", make_pipeline(StandardScaler(), lm.Ridge())),
                ("b", en.RandomForestRegressor(10, random_state=0)),
                ("c", en.HistGradientBoostingRegressor(max_iter=10)),
            ],
            weights=[1, 2, 3],
        ),
        en.VotingRegressor(
            [("a", en.RandomForestRegressor(5)), ("b", en.ExtraTreesRegressor(5))]
        ),
        en.BaggingRegressor(lm.Ridge(), 5, max_features=0.6, random_state=0),
        en.BaggingRegressor(
            en.GradientBoostingRegressor(n_estimators=5), 3, random_state=0
        ),
        en.VotingRegressor(
            [
                ("a", make_pipeline(PolynomialFeatures(2), lm.Ridge())),
                ("b", make_pipeline(StandardScaler(), PCA(2), lm.Ridge())),
                ("c", make_pipeline(StandardScaler(), svm.SVR())),
            ]
        ),
        en.BaggingRegressor(
            make_pipeline(Nystroem(n_components=9, random_state=0), lm.Ridge()),
            3,
            max_features=4,
            random_state=0,
        ),
    ],
    ids=label,
)
def test_averaged_regressors(model):
    check(model, X, SIGNAL)


def test_logistic_regression_at_all_defaults_is_exact():
    model = make_pipeline(StandardScaler(), lm.LogisticRegression())
    model.fit(CANCER.data, CANCER.target)
    rows = CANCER.data[:50]
    tops = []
    for seed in range(5):
        explainer = LimeExplainer(model, random_state=seed).fit(CANCER.data)
        assert explainer.method_ == "exact"
        order = np.argsort(-np.abs(explainer.transform(rows)), axis=1)[:, :5]
        tops.append(order)
    assert all(np.array_equal(tops[0], own) for own in tops)
    explanation = explainer.explain(rows)
    assert explanation.meta["method"] == "exact"
    np.testing.assert_array_equal(explanation.standard_errors is None, True)


def test_both_classes_mirror_each_other():
    model = lm.LogisticRegression().fit(X, NAMES)
    explainer = LimeExplainer(model, target="all", random_state=0).fit(X)
    explanation = explainer.explain(X[:20])
    np.testing.assert_allclose(explanation.values[:, 0], -explanation.values[:, 1])
    np.testing.assert_allclose(explanation.intercepts.sum(axis=1), 1.0)


def test_many_draws_agree():
    model = make_pipeline(StandardScaler(), lm.LogisticRegression())
    model.fit(CANCER.data, CANCER.target)
    exact = LimeExplainer(model, random_state=0).fit(CANCER.data)
    drawn = LimeExplainer(model, method="sampling", n_samples=2**15, random_state=0)
    found = drawn.fit(CANCER.data).explain(CANCER.data[:30], uncertainty=True)
    low, high = found.confidence_intervals(level=0.999)
    values = exact.transform(CANCER.data[:30])
    assert ((low <= values) & (values <= high)).mean() > 0.99


def test_a_row_is_answered_alike_in_any_batch():
    model = make_pipeline(StandardScaler(), lm.LogisticRegression())
    explainer = LimeExplainer(model.fit(CANCER.data, CANCER.target)).fit(CANCER.data)
    together = explainer.transform(CANCER.data)
    for rows in [slice(5, 6), slice(3, 20), slice(100, 569)]:
        np.testing.assert_array_equal(
            explainer.transform(CANCER.data[rows]), together[rows]
        )


def test_unseen_categories_and_gaps_have_values_of_their_own():
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["colour", "size"]),
        (SimpleImputer(), ["age"]),
        ("passthrough", ["count"]),
    )
    model = make_pipeline(encode, lm.LogisticRegression())
    model.fit(FRAME, (FRAME["count"] > 1) ^ (FRAME["colour"] == "red"))
    explainer = LimeExplainer(
        model, sampler=MarginalSampler(n_bins=3), kernel=ExponentialKernel(width=1.0)
    ).fit(FRAME.dropna())
    row = FRAME.iloc[:1].assign(colour="violet", age=np.nan)
    values = explainer.transform(row)[0]
    assert explainer.method_ == "exact"
    many = LimeExplainer(
        model,
        method="sampling",
        n_samples=2**14,
        sampler=MarginalSampler(n_bins=3),
        kernel=ExponentialKernel(width=1.0),
        random_state=0,
    ).fit(FRAME.dropna())
    assert values[0] != 0.0 and values[2] != 0.0
    np.testing.assert_allclose(values, many.transform(row)[0], atol=0.02)


class Odds(ClassifierMixin, BaseEstimator):
    """A classifier of a user: the log odds are a sum of squares."""

    def fit(self, X, y):
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        return self

    def predict_proba(self, X):
        p = 1.0 / (1.0 + np.exp(1.5 - np.square(X).sum(axis=1) / 9))
        return np.column_stack([1.0 - p, p])


class Squares(AdditiveForm):
    n_features = X.shape[1]

    def part(self, features, values):
        return np.square(values).sum(axis=0)[:, np.newaxis] / 9


def test_a_reader_of_a_margin_serves_the_probabilities():
    def read(model, response):
        own = type(model) is Odds and response.method == "decision_function"
        return Squares() if own else None

    READERS.append(read)
    try:
        check(Odds(), X, BINARY)
    finally:
        READERS.remove(read)


def test_pickled_explainers_answer_alike():
    members = [
        ("a", make_pipeline(StandardScaler(), lm.LogisticRegression())),
        ("b", nb.GaussianNB()),
    ]
    model = en.VotingClassifier(members, voting="soft").fit(X, BINARY)
    explainer = LimeExplainer(model, method="exact").fit(X)
    again = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(again.transform(X), explainer.transform(X))


# Bad input: the right number, or draws and a reason.


def test_scores_of_a_million_are_sampled_with_a_reason():
    table = np.random.default_rng(0).normal(size=(200, 4))
    model = lm.LogisticRegression().fit(table, table[:, 0] > 0)
    model.coef_ = model.coef_ * 1e6
    sampled_with_reason(model, table, r"score reaches 1?\d*,?\d*,\d\d\d, .* nodes")


def test_scores_of_hundreds_are_exact():
    model = lm.LogisticRegression().fit(X, BINARY)
    model.coef_, model.intercept_ = model.coef_ * 100, model.intercept_ * 100
    check_fitted(model, X)


def test_scores_far_from_zero():
    model = lm.LogisticRegression().fit(X, BINARY)
    model.intercept_ = model.intercept_ + 30.0
    explainer = LimeExplainer(model, method="exact").fit(X)
    assert np.abs(explainer.transform(X)).max() < 1e-6


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (CalibratedClassifierCV(en.RandomForestClassifier(5)), "single columns"),
        (CalibratedClassifierCV(svm.SVC()), "SVC"),
        (CalibratedClassifierCV(lm.RidgeClassifier(), method="isotonic"), "isotonic"),
        (en.GradientBoostingClassifier(n_estimators=5), "decision_function"),
        (en.HistGradientBoostingClassifier(max_iter=5), "decision_function"),
        (LGBMClassifier(n_estimators=5, verbose=-1), "decision_function"),
        (XGBClassifier(n_estimators=5), "decision_function"),
        (lm.SGDClassifier(loss="modified_huber"), "not linear"),
        (make_pipeline(PolynomialFeatures(), nb.GaussianNB()), "mixes columns"),
        (
            make_pipeline(
                StandardScaler(), PolynomialFeatures(), lm.LogisticRegression(C=0.1)
            ),
            "mixes columns",
        ),
        (en.BaggingClassifier(svm.LinearSVC(), 3), "votes"),
        (en.VotingClassifier([("a", lm.LogisticRegression())]), "votes"),
    ],
    ids=label,
)
def test_models_without_a_closed_form_say_why(model, reason):
    model.fit(X, BINARY)
    sampled_with_reason(model, X, reason)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lm.LogisticRegression(), 'softmax .* set response_method="decision_function"'),
        (lm.SGDClassifier(loss="log_loss"), "softmax or normalised"),
        (CalibratedClassifierCV(lm.RidgeClassifier()), "normalised, .* margins"),
        (OneVsRestClassifier(lm.LogisticRegression()), "normalised, .*decision_function"),
        (nb.GaussianNB(), "GaussianNB.predict_proba of 3 classes is a softmax"),
    ],
    ids=label,
)
def test_three_classes_have_no_closed_form(model, reason):
    sampled_with_reason(model.fit(X, THREE), X, reason)


def test_normal_laws_have_no_closed_form():
    model = lm.LogisticRegression().fit(X, BINARY)
    sampled_with_reason(model, X, "standardised", sampler=GaussianSampler())


def test_a_tree_of_ten_thousand_leaves():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(30_000, 2))
    y = rng.random(30_000) < 0.5
    single = make_pipeline(
        make_column_transformer(("passthrough", [0])),
        en.HistGradientBoostingClassifier(
            max_iter=1, max_leaf_nodes=None, min_samples_leaf=1, max_bins=255
        ),
    ).fit(table, y)
    deep = en.GradientBoostingClassifier(n_estimators=1, max_depth=None).fit(table, y)
    assert deep.estimators_[0, 0].get_n_leaves() > 5_000
    sampled_with_reason(deep, table, "decision_function")
    explainer = LimeExplainer(single, random_state=0).fit(table)
    assert explainer.method_ == "exact"
    # One column: inside minus outside, whatever the kernel.
    own = np.digitize(table[:, 0], np.quantile(table[:, 0], [0.25, 0.5, 0.75]), right=True)
    p = single.predict_proba(table)[:, 1]
    expected = p[own == own[0]].mean() - p[own != own[0]].mean()
    found = explainer.transform(table[:1])
    np.testing.assert_allclose(found, [[expected, 0.0]], atol=1e-10)


def test_a_changed_method_of_a_member_is_no_closed_form():
    model = en.BaggingClassifier(lm.LogisticRegression(), 3).fit(X, BINARY)
    member = model.estimators_[0]
    member.predict_proba = member.predict_proba
    sampled_with_reason(model, X, "set on the instance")
