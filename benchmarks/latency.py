"""One warm row: what an explanation adds to the model's own prediction of that row."""

from benchmarks.models import logistic_regression, random_forest
from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import LimeExplainer

LIMIT_MS = 1.5
ROUNDS = 300


def measure():
    return [
        one_row("forest of 100 trees", *random_forest()),
        one_row("logistic regression", *logistic_regression(30)),
        uncertainty(*random_forest()),
    ]


def uncertainty(model, X_train, X):
    explainer = LimeExplainer(model, method="sampling", random_state=0).fit(X_train)
    with_errors, without = interleaved_medians(
        lambda: seconds(lambda: explainer.explain(X, uncertainty=True)),
        lambda: seconds(lambda: explainer.explain(X)),
        rounds=9,
    )
    ratio = with_errors / without
    return Line(
        "`explain(uncertainty=True)` over `explain()`, 1,000 rows, 30 columns",
        "at most 1.3",
        f"{ratio:.2f}",
        ratio <= 1.3,
    )


def one_row(what, model, X_train, X):
    explainer = LimeExplainer(model, method="sampling", random_state=0).fit(X_train)
    row = X[:1]
    explainer.transform(row)
    explained, predicted = interleaved_medians(
        lambda: seconds(lambda: explainer.transform(row)),
        lambda: seconds(lambda: model.predict_proba(row)),
        rounds=ROUNDS,
    )
    added = (explained - predicted) * 1e3
    return Line(
        f"one warm row, {X.shape[1]} columns, {what}: `transform` over `predict_proba`",
        f"at most + {LIMIT_MS} ms",
        f"{added:+.2f} ms: {explained * 1e3:.2f} over {predicted * 1e3:.2f} ms",
        added <= LIMIT_MS,
    )


if __name__ == "__main__":
    print(table(measure()))
