"""Images: sklime and ``lime`` in one process, on the same pictures and the same models."""

import contextlib
import io
from functools import cache
from time import perf_counter

import numpy as np
from lime.lime_image import LimeImageExplainer
from skimage.data import astronaut
from skimage.segmentation import quickshift, slic
from sklearn.datasets import load_digits, load_sample_images
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from benchmarks.models import MeteredClassifier
from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians
from sklime import LimeExplainer
from sklime.samplers import SuperpixelSampler

N_SAMPLES = 1000
N_SEEDS = 20
ROUNDS = 3
IMAGE = astronaut()
SIDE = 64


def measure():
    return [
        beside_segmentation_and_model(),
        whole(),
        linear_pixels(),
        parity(),
        less_variance(),
    ]


class Metered(MeteredClassifier):
    """Also a function, as lime wants it."""

    def __call__(self, images):
        return self.predict_proba(np.asarray(images))


class Colours:
    """A cheap classifier: logistic in the colours of a coarse grid."""

    classes_ = np.array([0, 1])

    def predict_proba(self, images):
        colours = images[:, ::32, ::32].reshape(len(images), -1) / 255.0
        effects = np.random.default_rng(0).normal(size=colours.shape[1])
        chance = 1 / (1 + np.exp(-colours @ effects / 4))
        return np.column_stack([1 - chance, chance])


class Timed:
    """A segmenter that adds up the time it takes."""

    def __init__(self):
        self.seconds = 0.0

    def __deepcopy__(self, memo):
        # Cloned samplers add up to the same.
        return self

    def __call__(self, image):
        start = perf_counter()
        labels = quickshift(image, kernel_size=4, max_dist=200, ratio=0.2)
        self.seconds += perf_counter() - start
        return labels


def by_lime(image, model, n_samples=N_SAMPLES, seed=0, **params):
    """An explanation of output 1, without the progress bar."""
    with contextlib.redirect_stderr(io.StringIO()):
        return LimeImageExplainer(random_state=seed).explain_instance(
            image, model, labels=(1,), top_labels=None, num_samples=n_samples, **params
        )


def sklime(model, image, n_samples=N_SAMPLES, seed=0, method="sampling", **params):
    explainer = LimeExplainer(
        model,
        sampler=SuperpixelSampler(**params),
        method=method,
        n_samples=n_samples,
        target=1,
        random_state=seed,
    )
    return explainer.fit(image[np.newaxis])


def beside_segmentation_and_model():
    model, segmenter = Metered(Colours()), Timed()

    def rest(job):
        model.reset()
        segmenter.seconds = 0.0
        start = perf_counter()
        job()
        return perf_counter() - start - model.seconds - segmenter.seconds

    lime, own = interleaved_medians(
        lambda: rest(lambda: by_lime(IMAGE, model, segmentation_fn=segmenter)),
        lambda: rest(
            lambda: sklime(model, IMAGE, segmenter=segmenter).transform(IMAGE[np.newaxis])
        ),
        rounds=ROUNDS,
    )
    n_segments = segmenter(IMAGE).max() + 1
    return Line(
        f"512 x 512 x 3 uint8, {n_segments} quickshift segments, {N_SAMPLES:,} draws: all "
        "but segmentation and model, `fit` included, over lime",
        "at least 10 times",
        f"{lime / own:.0f} times: {own:.2f} over {lime:.1f} s",
        lime / own >= 10,
    )


def whole():
    model = Metered(Colours())

    def timed(job):
        start = perf_counter()
        job()
        return perf_counter() - start

    lime, own = interleaved_medians(
        lambda: timed(lambda: by_lime(IMAGE, model)),
        lambda: timed(lambda: sklime(model, IMAGE).transform(IMAGE[np.newaxis])),
        rounds=ROUNDS,
    )
    return Line(
        "the same with the default segmenters (slic, lime's quickshift), everything",
        "at least 10 times",
        f"{lime / own:.0f} times: {own:.2f} over {lime:.1f} s",
        lime / own >= 10,
    )


def linear_pixels():
    """Garreau and Mardaoui (2021): coefficient times change, summed over the segment."""
    digits, numbers = load_digits(return_X_y=True)
    model = Ridge().fit(digits, numbers)
    worst = {}
    for method in ("exact", "sampling"):
        explainer = LimeExplainer(
            model,
            sampler=SuperpixelSampler(segmenter=(4, 4), hide=0, flat=(8, 8)),
            method=method,
            n_samples=4096,
            random_state=0,
        )
        e = explainer.fit(digits).explain(digits[:100])
        effects = (digits[:100] * model.coef_).reshape(-1, 4, 2, 4, 2).sum(axis=(2, 4))
        error = np.abs(e.values - effects.reshape(100, 16)).max()
        worst[method] = error / np.abs(effects).max()
    # What draws miss is the penalty: one of 4,096, against variances of a quarter.
    kept = worst["exact"] <= 1e-10 and worst["sampling"] <= 8 / 4096
    return Line(
        "linear pixels, 100 digits in 16 segments: largest error, of the largest effect",
        "inside Monte-Carlo error",
        f"closed form {worst['exact']:.1e}; 4,096 draws {worst['sampling']:.1e}",
        kept,
    )


def flattened(images):
    return images.reshape(len(images), -1) / 255.0


@cache
def pictures():
    """Patches of scikit-learn's two photographs, and which of the two they are from."""
    patches, labels = [], []
    for label, photograph in enumerate(load_sample_images().images):
        for row in range(0, photograph.shape[0] - SIDE, SIDE // 2):
            for column in range(0, photograph.shape[1] - SIDE, SIDE // 2):
                patches.append(photograph[row : row + SIDE, column : column + SIDE])
                labels.append(label)
    return np.array(patches), np.array(labels)


def strips(image):
    return slic(image, n_segments=50, start_label=0)


def many(image):
    return slic(image, n_segments=180, start_label=0, compactness=3)


@cache
def classifiers():
    X, y = pictures()
    models = {
        "logistic regression": LogisticRegression(C=0.1, max_iter=1000),
        "support vectors": SVC(probability=True, random_state=0),
        "network": MLPClassifier((50,), random_state=0, max_iter=300, alpha=1.0),
        "forest": RandomForestClassifier(100, random_state=0),
    }
    return {
        name: make_pipeline(
            FunctionTransformer(flattened), PCA(30, random_state=0), model
        ).fit(X, y)
        for name, model in models.items()
    }


@cache
def both(kind, segmenter, n_samples=N_SAMPLES, which=150):
    """Coefficients of one patch by lime and by sklime over seeds."""
    model, (X, _) = classifiers()[kind], pictures()
    theirs, ours = [], []
    for seed in range(N_SEEDS):
        found = by_lime(
            X[which],
            lambda images: model.predict_proba(np.asarray(images)),
            n_samples,
            seed,
            segmentation_fn=segmenter,
            batch_size=250,
        )
        theirs.append([value for _, value in sorted(found.local_exp[1])])
        own = sklime(model, X[which], n_samples, seed, segmenter=segmenter)
        ours.append(own.explain(X[which : which + 1]).values[0])
    return np.array(theirs), np.array(ours)


def parity():
    worst, n = 0.0, 0
    for kind in classifiers():
        theirs, ours = both(kind, strips)
        error = np.sqrt((theirs.var(axis=0, ddof=1) + ours.var(axis=0, ddof=1)) / N_SEEDS)
        # Penalties differ by one draw of 1,000, against variances of a quarter.
        slack = 8 / N_SAMPLES * np.abs(ours.mean(axis=0))
        difference = np.abs(theirs.mean(axis=0) - ours.mean(axis=0)) - slack
        worst, n = max(worst, (difference / error).max()), n + len(error)
    return Line(
        f"means of {N_SEEDS} seeds at {N_SAMPLES:,} draws against lime's, four models: "
        "largest difference",
        "inside Monte-Carlo error",
        f"{worst:.1f} standard errors among {n} coefficients",
        worst <= 4,
    )


@cache
def gains():
    """By model and segments: variance of lime over ours."""
    found = {}
    for segmenter in (strips, many):
        for kind in classifiers():
            theirs, ours = both(kind, segmenter)
            variances = (answers.var(axis=0, ddof=1).mean() for answers in (theirs, ours))
            found[kind, theirs.shape[1]] = np.divide(*variances)
    return found


def less_variance():
    found = gains()
    mean = np.exp(np.log(list(found.values())).mean())
    each = "; ".join(f"{kind}, {d} segments: {x:.1f}" for (kind, d), x in found.items())
    return Line(
        f"variance of lime over ours at {N_SAMPLES:,} model calls, geometric mean",
        "at least 2 times",
        f"{mean:.1f} times ({each})",
        mean >= 2,
    )


if __name__ == "__main__":
    print(table(measure()))
