"""Which of two models is the better one? (Ribeiro et al. 2016, 5.4, figure 8).

Ten words that tell nothing are put into reviews: in training and validation into 10 % of
the negative and 20 % of the positive ones, in the test into 10 % of both. Two forests that
do equally well in validation differ in the test by 5 points and more. A reader sees a few
explanations of each, distrusts the inserted words that these show, and prefers the model
with fewer predictions that hang on them.

Rules, settled before the run that the table is of. As published: 1,280 reviews train and
320 validate, all of which are explained; forests of 30 trees of depth five, alike within
0.1 points in validation (of 320 reviews: equal) and 5 points or more apart in the test.
Unlike in the paper 4,000 reviews test, not 400: of ten pairs of trial corpora that 400 set
apart three differed for other reasons than the inserted words, of which explanations can
tell nothing; of eight that 4,000 set apart none did. Four corpora of each domain that no
earlier run had seen, 80 forests of each, and of these up to three pairs, each forest in one
at most; 512 draws a review (15,000 in the paper).

Three readings. The published code takes ten words, and what a model's own picks show is
distrusted in this model. The published text has one reader, who can mark a word only once:
what either model's picks show is distrusted in both. A reader of all words, as in 5.3,
knows what every word adds. What is required is required of each.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer

from benchmarks.report import Line, table
from benchmarks.trust import reviews
from benchmarks.trust.distrust import by_word, trusted
from sklime import FunctionRegressor, LimeExplainer, SubmodularPick
from sklime.samplers import TokenSampler
from sklime.selectors import AllFeatures, HighestWeights

INSERTED = [f"inserted{j}" for j in range(10)]
N_TRAINING, N_VALIDATION, N_TEST = 1280, 320, 4000
N_FORESTS, MOST_PAIRS = 80, 3
SEEDS = (20, 21, 22, 23)
N_PICKS = (1, 2, 5, 10)
N_RANDOM_PICKS = 100
N_SAMPLES = 512
SELECTORS = {"ten words": HighestWeights(k=10), "all words": AllFeatures()}
# Which words are explained, and whether a word is distrusted in both models at once.
READINGS = {
    "ten words, distrusted in the model that shows them": ("ten words", False),
    "ten words, distrusted in both": ("ten words", True),
    "all words, distrusted in the model that shows them": ("all words", False),
}


def measure():
    found = [
        contest
        for domain in reviews.DOMAINS
        for seed in SEEDS
        for contest in contests(domain, seed)
    ]
    return [line for name in READINGS for line in of_reading(name, found)]


def of_reading(name, found):
    """Three lines: one pick, its lead over random rows, and more picks."""
    words, shared = READINGS[name]
    own = [contest[words] for contest in found]
    submodular, random = (
        {n: np.array([choose(contest, n, shared) for contest in own]) for n in N_PICKS}
        for choose in (Contest.by_submodular_pick, Contest.by_random_pick)
    )
    one, lead = 100 * submodular[1].mean(), 100 * (submodular[1] - random[1])
    everything = [contest.choice([slice(None)] * 2) for contest in own]
    picks = ", ".join(map(str, N_PICKS))
    what = f"the better of two forests, {len(found)} pairs, {name}"
    return [
        Line(
            f"SP-LIME, {what}: right choices from one pick of each",
            "95 %",
            f"{one:.0f} +- {standard_error(100 * submodular[1]):.0f}",
            one >= 95,
        ),
        Line(
            "the same: over one picked at random",
            "15 points",
            f"{lead.mean():.0f} +- {standard_error(lead):.0f}",
            lead.mean() >= 15,
        ),
        Line(
            f"the same from {picks} picks; at random; from all rows",
            "told",
            f"{told(submodular)}; {told(random)}; {100 * np.mean(everything):.0f} %",
            True,
        ),
    ]


def standard_error(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))


def told(shares):
    """Means in percent, by number of picks."""
    return ", ".join(f"{100 * own.mean():.0f}" for own in shares.values())


@dataclass(frozen=True)
class Contest:
    """Two models, explained: what a choice between them is made of."""

    attributions: list
    surrogates: list
    test_accuracies: list
    distrustful: np.ndarray

    def choice(self, picks, shared=False):
        """1 if the better model is preferred for what picked rows show, 1/2 for a tie.

        With `shared` what either model's rows show is distrusted in both.
        """
        seen = np.array(
            [
                self.distrustful & (abs(A[own]).sum(axis=0) > 0)
                for A, own in zip(self.attributions, picks, strict=True)
            ]
        )
        if shared:
            seen[:] = seen.any(axis=0)
        mistrust = [
            np.sum(~trusted(answers, answers, A, own))
            for A, answers, own in zip(
                self.attributions, self.surrogates, seen, strict=True
            )
        ]
        better = np.argmax(self.test_accuracies)
        return np.heaviside(mistrust[1 - better] - mistrust[better], 0.5)

    def by_submodular_pick(self, n_picks, shared=False):
        picks = [SubmodularPick(n_picks).fit(A).indices_ for A in self.attributions]
        return self.choice(picks, shared)

    def by_random_pick(self, n_picks, shared=False):
        """Mean over random picks, the same rows of both models."""
        rng = np.random.default_rng(0)
        n_rows = len(self.surrogates[0])
        picks = [rng.choice(n_rows, n_picks, replace=False) for _ in range(N_RANDOM_PICKS)]
        return np.mean([self.choice([own, own], shared) for own in picks])


def insert(texts, positive, shares, rng):
    """Texts with each inserted word in the given shares of negative and positive ones."""
    texts = list(texts)
    for word in INSERTED:
        for label, share in enumerate(shares):
            own = np.flatnonzero(positive == label)
            for i in rng.choice(own, int(share * len(own)), replace=False):
                texts[i] += f" {word}"
    return texts


def contests(domain, seed):
    """Pairs of forests, alike in validation and not in the test, by words explained."""
    vectorizer, training, validation, test, texts = corrupted(domain, seed)
    forests = [
        RandomForestClassifier(30, max_depth=5, random_state=i).fit(*training)
        for i in range(N_FORESTS)
    ]
    tested, validated = (
        [np.mean((positive_share(own, X) > 0.5) == y) for own in forests]
        for X, y in (test, validation)
    )
    pairs = disjoint_pairs(validated, tested)
    if not pairs:
        return []
    members = np.concatenate(pairs)

    def predict(texts):
        rows = vectorizer.transform(texts)
        return np.column_stack([positive_share(forests[i], rows) for i in members])

    words = vectorizer.vocabulary_
    distrustful = np.isin(vectorizer.get_feature_names_out(), INSERTED)
    found = [{} for _ in pairs]
    for name, selector in SELECTORS.items():
        explainer = LimeExplainer(
            FunctionRegressor(predict),
            sampler=TokenSampler(),
            selector=selector,
            n_samples=N_SAMPLES,
            target="all",
            random_state=seed,
        ).fit(texts)
        explained = explainer.explain(texts)
        attributions = [
            by_word(values, explained.unit_names, words)
            for values in explained.values.swapaxes(0, 1)
        ]
        surrogates = list(explained.local_predictions.T)
        for i, pair in enumerate(pairs):
            own = slice(2 * i, 2 * i + 2)
            accuracies = [tested[j] for j in pair]
            found[i][name] = Contest(
                attributions[own], surrogates[own], accuracies, distrustful
            )
    return found


def positive_share(forest, rows):
    """Probabilities of the positive class for rows of single precision, (n_rows,).

    As the forest's own, but without checking and copying the rows for each tree.
    """
    trees = forest.estimators_
    return np.mean([tree.predict_proba(rows, check_input=False)[:, 1] for tree in trees], 0)


def corrupted(domain, seed):
    """Reviews with inserted words: vectors and classes by part, and texts to explain."""
    rng = np.random.default_rng(seed)
    known, unknown = reviews.draw(domain, seed, N_TEST)
    kept = slice(N_TRAINING, N_TRAINING + N_VALIDATION)
    # In the shares of the paper: of all reviews that are not for the test at once.
    known_texts = insert(known.texts, known.positive, (0.1, 0.2), rng)
    unknown_texts = insert(unknown.texts, unknown.positive, (0.1, 0.1), rng)
    parts = (
        (known_texts[:N_TRAINING], known.positive[:N_TRAINING]),
        (known_texts[kept], known.positive[kept]),
        (unknown_texts, unknown.positive),
    )
    vectorizer = CountVectorizer(analyzer=str.split, binary=True, dtype=np.float32)
    vectorizer.fit(known_texts)
    vectors = [(vectorizer.transform(texts), positive) for texts, positive in parts]
    return vectorizer, *vectors, known_texts[kept]


def disjoint_pairs(validated, tested):
    """Pairs within 0.1 points in validation and 5 points or more apart in the test."""
    taken, pairs = set(), []
    for i, j in combinations(range(len(tested)), 2):
        equal = abs(validated[i] - validated[j]) <= 0.001 + 1e-12
        apart = abs(tested[i] - tested[j]) >= 0.05 - 1e-12
        if equal and apart and not taken & {i, j} and len(pairs) < MOST_PAIRS:
            pairs.append((i, j))
            taken |= {i, j}
    return pairs


if __name__ == "__main__":
    print(table(measure()))
