"""Texts: sklime and ``lime`` in one process, on the same texts and the same models.

The texts are documentation that comes inside scipy and scikit-learn; the models tell which
of the two a passage is from.
"""

import inspect
import re
import subprocess
import sys
import tracemalloc
from functools import cache
from importlib import import_module

import numpy as np
import psutil
from lime.lime_text import LimeTextExplainer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from benchmarks.models import MeteredClassifier
from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, seconds
from sklime import FunctionRegressor, LimeExplainer
from sklime.samplers import TokenSampler
from sklime.selectors import ForwardSelection

MODULES = {
    "scipy": "stats signal ndimage optimize linalg sparse spatial interpolate special",
    "sklearn": "linear_model ensemble svm decomposition cluster preprocessing metrics "
    "model_selection feature_extraction neighbors",
}
CLASSIFIERS = {
    "TF-IDF, logistic regression": (TfidfVectorizer, LogisticRegression()),
    "TF-IDF, naive Bayes": (TfidfVectorizer, MultinomialNB()),
    "TF-IDF, forest": (TfidfVectorizer, RandomForestClassifier(100, random_state=0)),
}
N_SAMPLES = 5000
N_TEXTS = 5
N_SEEDS = 20
ROUNDS = 3


def measure():
    return [
        *(job(corpus) for corpus in CORPORA for job in (over_the_model, six_words)),
        memory(),
        linear_model(),
        *map(conjunction, (2, 3, 5)),
        parity(),
        less_variance(),
    ]


@cache
def passages(n_words):
    """Passages of so many words, and which package each is from."""
    texts, labels = [], []
    for label, (package, modules) in enumerate(MODULES.items()):
        words = []
        for module in map(import_module, (f"{package}.{m}" for m in modules.split())):
            for name in sorted(vars(module)):
                own = getattr(module, name)
                documented = inspect.isclass(own) or inspect.isroutine(own)
                if documented and not name.startswith("_"):
                    words += (inspect.getdoc(own) or "").split()
        cuts = range(0, len(words) - n_words, n_words)
        texts += [" ".join(words[start : start + n_words]) for start in cuts]
        labels += [label] * len(cuts)
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[i] for i in order], np.array(labels)[order]


@cache
def classifier(kind, n_words=200):
    texts, labels = passages(n_words)
    vectorizer, model = CLASSIFIERS[kind]
    return make_pipeline(vectorizer(), model).fit(texts, labels)


def sklime(model, texts, n_samples=N_SAMPLES, seed=0, **params):
    explainer = LimeExplainer(
        model,
        sampler=TokenSampler(),
        n_samples=n_samples,
        random_state=seed,
        **{"method": "sampling", **params},
    )
    return explainer.fit(texts)


class Metered(MeteredClassifier):
    """Also a function, as lime wants it."""

    def __call__(self, texts):
        return self.predict_proba(texts)


def over_the_model(corpus):
    model, texts = metered(corpus)
    explainer = sklime(model, texts)

    def ratio(job):
        model.reset()
        return seconds(job) / model.seconds

    def by_lime():
        for text in texts[:N_TEXTS]:
            LimeTextExplainer().explain_instance(text, model, num_samples=N_SAMPLES)

    def by_sklime():
        explainer.transform(texts[:N_TEXTS])

    def by_fresh_sklime():
        for text in texts[:N_TEXTS]:
            sklime(model, texts[:1]).transform([text])

    own, fresh, lime = interleaved_medians(
        lambda: ratio(by_sklime),
        lambda: ratio(by_fresh_sklime),
        lambda: ratio(by_lime),
        rounds=ROUNDS,
    )
    return Line(
        f"{N_TEXTS} {corpus} texts of 200 words, TF-IDF and logistic regression, "
        f"{N_SAMPLES:,} draws: total time over the model's own on the same texts",
        "at most 1.2",
        f"{own:.2f}; {fresh:.2f} with a `fit` for every text; lime {lime:.2f}",
        own <= 1.2,
    )


def six_words(corpus):
    model, texts = metered(corpus)
    explainer = sklime(model, texts, selector=ForwardSelection(k=6))

    def by_lime():
        for text in texts[:N_TEXTS]:
            LimeTextExplainer(feature_selection="forward_selection").explain_instance(
                text, model, num_features=6, num_samples=N_SAMPLES
            )

    def by_sklime():
        model.reset()
        return seconds(lambda: explainer.transform(texts[:N_TEXTS]))

    lime, own = interleaved_medians(lambda: seconds(by_lime), by_sklime, rounds=ROUNDS)
    return Line(
        "the same with 6 words kept by forward selection: texts per second over lime",
        "at least 6 times",
        f"{lime / own:.1f} times: {own / N_TEXTS:.2f} s, of which the model "
        f"{model.seconds / N_TEXTS:.2f}, over {lime / N_TEXTS:.2f} s a text",
        lime / own >= 6,
    )


def metered(corpus):
    """A metered model and the texts that it learned."""
    texts, labels = CORPORA[corpus]()
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, labels)
    return Metered(model), texts


def made_up():
    """Words by Zipf's law out of 18,500, 200 a text."""
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, 18_501)
    words = np.array([f"w{j}" for j in range(len(shares))])
    drawn = rng.choice(words, (400, 200), p=shares / shares.sum())
    return [" ".join(text) for text in drawn], rng.integers(2, size=400)


CORPORA = {"documentation": lambda: passages(200), "made-up": made_up}


def memory():
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.texts", "--once"],
        check=True,
        capture_output=True,
        text=True,
    )
    traced, resident, before = map(float, process.stdout.split())
    return Line(
        "50 texts of 1,000 words, CSR output: peak memory",
        "under 300 MB",
        f"{resident - before:.0f} MB above the {before:.0f} MB of the imported packages "
        f"and the model; {traced:.0f} MB traced",
        resident - before < 300,
    )


def peak_megabytes():
    """Traced peak, resident peak and resident memory before, in separate passes."""
    import resource

    model = classifier("TF-IDF, logistic regression", 1000)
    texts, _ = passages(1000)
    explainer = sklime(model, texts, n_jobs=None)
    before = psutil.Process().memory_info().rss
    explainer.transform(texts[:50])
    unit = 1 if sys.platform == "darwin" else 1024
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    tracemalloc.start()
    explainer.transform(texts[:5])
    traced = tracemalloc.get_traced_memory()[1]
    return traced / 1e6, resident / 1e6, before / 1e6


def linear_model():
    texts, labels = passages(200)
    model = make_pipeline(CountVectorizer(), Ridge()).fit(texts, labels)
    e = sklime(model, texts, method="exact").explain(texts[:50])
    known, error = model[0].vocabulary_, 0.0
    for text, names, values in zip(texts, e.unit_names, e.values, strict=False):
        times = [len(re.findall(rf"\b{re.escape(name)}\b", text)) for name in names]
        effects = [
            model[1].coef_[known[name.lower()]] if name.lower() in known else 0.0
            for name in names
        ]
        error = max(error, np.abs(values[: len(names)] - np.multiply(times, effects)).max())
    return Line(
        "closed form, ridge regression on a bag of words, 50 texts: largest error",
        "at most 1e-10",
        f"{error:.1e}",
        error <= 1e-10,
    )


def conjunction(p, d=50):
    """Mardaoui and Garreau (2021), propositions 2 and 4."""
    words = [f"w{j}" for j in range(d)]

    def predict(texts):
        return np.array([float(set(text.split()).issuperset(words[:p])) for text in texts])

    s = np.arange(1, d + 1)
    psi = np.exp(-8 * (1 - np.sqrt(1 - s / d)) ** 2)
    a = [
        np.mean(np.prod([(d - s - k) / (d - k) for k in range(q)], axis=0) * psi)
        for q in range(p + 2)
    ]
    a0, a1, a2 = a[:3]
    c = (d - 1) * a0 * a2 - d * a1**2 + a0 * a1
    s2 = ((d - 2) * a0 * a2 - (d - 1) * a1**2 + a0 * a1) / (a1 - a2)
    s3 = (a1**2 - a0 * a2) / (a1 - a2)
    inside = -a1 * a[p] + s2 * a[p] + s3 * ((p - 1) * a[p] + (d - p) * a[p + 1])
    outside = -a1 * a[p] + s2 * a[p + 1] + s3 * (p * a[p] + (d - p - 1) * a[p + 1])
    expected = np.where(np.arange(d) < p, inside, outside) / c
    text = [" ".join(words)]
    found = [
        sklime(FunctionRegressor(predict), text, seed=seed).explain(text).values[0]
        for seed in range(N_SEEDS)
    ]
    error = np.std(found, axis=0, ddof=1) / np.sqrt(N_SEEDS)
    # The penalty of one draw shrinks by less than 5 / n.
    bound = 4 * error + 5 / N_SAMPLES * np.abs(expected)
    worst = (np.abs(np.mean(found, axis=0) - expected) / bound).max()
    return Line(
        f"conjunction of {p} of {d} words, mean of {N_SEEDS} seeds against the closed form",
        "inside Monte-Carlo error",
        f"largest difference {4 * worst:.1f} of 4 standard errors; the words' "
        f"{np.mean(found, axis=0)[:p].mean():.4f} against {expected[0]:.4f}",
        worst <= 1,
    )


@cache
def both(kind, n_samples):
    """Coefficients of one text by lime and by sklime over seeds."""
    model, (texts, _) = classifier(kind), passages(200)
    theirs, ours = [], []
    for seed in range(N_SEEDS):
        explanation = LimeTextExplainer(
            random_state=seed, feature_selection="none"
        ).explain_instance(texts[0], model.predict_proba, num_samples=n_samples)
        theirs.append([value for _, value in sorted(explanation.local_exp[1])])
        e = sklime(model, texts[:1], n_samples, seed).explain(texts[:1])
        ours.append(e.values[0])
    return np.array(theirs), np.array(ours)


def parity():
    worst = 0.0
    for kind in CLASSIFIERS:
        theirs, ours = both(kind, 1000)
        error = np.sqrt((theirs.var(axis=0, ddof=1) + ours.var(axis=0, ddof=1)) / N_SEEDS)
        size = np.abs(ours.mean(axis=0))
        # Penalties differ by one draw of 1,000, against variances of about a fifth.
        difference = np.abs(theirs.mean(axis=0) - ours.mean(axis=0)) - 0.01 * size
        worst = max(worst, (difference / error).max())
    return Line(
        f"means of {N_SEEDS} seeds at 1,000 draws against lime's, three models: largest "
        "difference",
        "inside Monte-Carlo error",
        f"{worst:.1f} standard errors among {3 * len(size)} coefficients",
        worst <= 4,
    )


@cache
def gains():
    """By model and number of draws: variance of lime over ours."""
    found = {}
    for kind in CLASSIFIERS:
        for n_samples in (1000, N_SAMPLES):
            theirs, ours = both(kind, n_samples)
            variances = (answers.var(axis=0, ddof=1).mean() for answers in (theirs, ours))
            found[kind, n_samples] = np.divide(*variances)
    return found


def less_variance():
    found = gains()
    mean = np.exp(np.log(list(found.values())).mean())
    each = "; ".join(f"{kind}, {n:,} draws: {x:.1f}" for (kind, n), x in found.items())
    return Line(
        "variance of lime over ours at equal model calls, geometric mean",
        "at least 2 times",
        f"{mean:.1f} times ({each})",
        mean >= 2,
    )


if __name__ == "__main__":
    print(*peak_megabytes()) if "--once" in sys.argv else print(table(measure()))
