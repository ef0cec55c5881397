"""Evidence from draws: a pool for the first rules, own-bin draws for the others.

Candidates are told apart by KL-LUCB, in batches of all rows at once. What the search
chooses is judged on fresh draws, whose number is chosen before they are made, so that
their confidence interval is an ordinary one.
"""

from collections import defaultdict

import numpy as np

from sklime.anchors.bounds import exploration_rate
from sklime.anchors.draws import BATCH, FRESH, SEARCH
from sklime.anchors.evidence import Evidence, open_columns, ordered_by_coverage

# Draws within a rule before it is extended, and before it is judged.
_N_TO_EXTEND, _N_TO_JUDGE = 256, 256

# Draws within a candidate that tell anything.
_FEWEST = 16

# KL-LUCB: probability that a bound fails, the gap at which the best are told apart, as a
# share of the criterion's unit, and rounds at most.
_ERROR, _GAP, _MOST_ROUNDS = 0.1, 0.15, 4

# Candidates of a row and length that are judged at most, fresh draws at least and at most,
# and of rules that do not suffice, which are reported with an interval, too.
_MOST_JUDGED, _FEWEST_FRESH, _MOST_FRESH, _N_REPORTED = 3, 256, 4096, 1024


class DrawnEvidence(Evidence):
    """Evidence from draws.

    Parameters
    ----------
    criterion, codes, usable, coverage
        As for `Evidence`.
    draws : Draws
        Of the rows.
    confidence : float
        Of the rules that are accepted.
    max_samples : int
        Own-bin draws of a row at most.
    """

    def __init__(self, criterion, codes, usable, coverage, draws, confidence, max_samples):
        super().__init__(criterion, codes, usable, coverage)
        self.draws, self.confidence, self.max_samples = draws, confidence, max_samples
        n = len(codes)
        self.n_spent = np.zeros(n, dtype=np.intp)
        self._n_judged = np.zeros(n, dtype=np.intp)
        self._n_batches = defaultdict(int)
        self._judged = {}

    def measured(self, candidates):
        found = np.zeros((3, len(candidates)))
        rules = zip(candidates.row, candidates.columns, strict=True)
        for k, (i, columns) in enumerate(rules):
            scores = self._scores(i, columns, matches=False)
            if len(scores):
                found[:, k] = len(scores), scores.mean(), scores.var()
        return candidates.measured(*found)

    def extended(self, beam):
        # Among more columns the best few are more often so by chance.
        d = self.codes.shape[1]
        self._complete(beam, _N_TO_EXTEND * int(np.ceil(np.log2(max(d, 2)) / 6.0)))
        wanted = open_columns(beam, self.usable)
        n, total, squares = np.zeros((3, *wanted.shape))
        for k, (i, columns) in enumerate(zip(beam.row, beam.columns, strict=True)):
            matches, scores = self._scores(i, columns)
            matches = matches.astype(np.float64)
            n[k], total[k] = matches.sum(axis=0), scores @ matches
            squares[k] = np.square(scores) @ matches
        wanted &= n >= _FEWEST
        parent, column = np.nonzero(wanted)
        n, mean = n[wanted], total[wanted] / n[wanted]
        variance = np.maximum(squares[wanted] / n - np.square(mean), 0.0)
        return beam.extended(parent, column, n, mean, variance)

    def refined(self, candidates, width):
        arms = _Arms(candidates, self.criterion)
        for _ in range(_MOST_ROUNDS):
            critical = arms.critical(width)
            asked = critical[~self.exhausted(candidates.row[critical])]
            own = candidates.take(asked)
            before = self._numbers(own)
            self._draw_more(own, np.ones(len(asked), dtype=int))
            new = self._numbers(own) > before
            if not new.any():
                break
            for k, number in zip(asked[new], before[new], strict=True):
                i, columns = candidates.row[k], _rule(candidates.columns[k])
                _, answers = self.draws.batch(i, columns, SEARCH, number)
                arms.add(k, self.criterion.scores(answers, i))
            arms.update(asked[new])
        return candidates.measured(arms.n, arms.mean, arms.variance)

    def accepted(self, candidates, width):
        gain = self.criterion.gain(candidates.mean, candidates.row)
        position = candidates.best(gain, width)
        open_ = ~self.exhausted(candidates.row[position])
        position = np.sort(position[(gain[position] >= 0.0) & open_])
        chosen = candidates.take(position)
        self._complete(chosen, _N_TO_JUDGE)
        chosen = self.measured(chosen)
        gain = self.criterion.gain(chosen.mean, chosen.row)
        order = ordered_by_coverage(self, chosen, np.flatnonzero(gain >= 0.0), gain)
        chosen, position = chosen.take(order), position[order]
        settled, found = set(), []
        for turn in range(_MOST_JUDGED):
            tried = self._tried(chosen, turn, settled)
            for k, holds in self._judge(chosen, tried):
                if holds:
                    settled.add(chosen.row[k])
                    found.append(position[k])
        return np.array(sorted(found), dtype=np.intp)

    def exhausted(self, row):
        return self.n_spent[row] + BATCH > self.max_samples

    def report(self, rules):
        error = 1.0 - self.confidence
        missing = [
            (i, _rule(columns), number)
            for i, columns in zip(rules.row, rules.columns, strict=True)
            if (i, _rule(columns)) not in self._judged
            for number in range(_N_REPORTED // BATCH)
        ]
        self.draws.ask((i, columns, FRESH, number) for i, columns, number in missing)
        precision, interval, valid = [], [], []
        for i, columns in zip(rules.row, map(_rule, rules.columns), strict=True):
            n_batches, holds = self._judged.get((i, columns), (_N_REPORTED // BATCH, False))
            scores = self._fresh(i, columns, n_batches)
            precision.append(scores.mean())
            interval.append(self.criterion.interval(scores, error))
            valid.append(holds)
        return np.array(precision), np.array(interval).reshape(-1, 2), np.array(valid)

    def _tried(self, chosen, turn, settled):
        """The next candidate of each row that is worth fresh draws, and how many."""
        place = np.arange(len(chosen)) - np.searchsorted(chosen.row, chosen.row)
        tried = []
        for k in np.flatnonzero(place == turn):
            i = chosen.row[k]
            if i in settled:
                continue
            # More than the estimate asks for: it is the best of several, and judgements
            # that often fail let those pass whose fresh draws flatter them.
            level = 3.0 * np.log(1.0 / self._error(i))
            n = self.criterion.n_needed(
                chosen.mean[k], chosen.variance[k], chosen.n[k], i, level
            )
            n = BATCH * -(-max(n, _FEWEST_FRESH) // BATCH)
            if n <= min(_MOST_FRESH, self.max_samples - self.n_spent[i]):
                tried.append((k, int(n) // BATCH))
        return tried

    def _judge(self, chosen, tried):
        """Judge candidates on fresh draws; yields positions, and whether they hold."""
        self.draws.ask(
            (chosen.row[k], _rule(chosen.columns[k]), FRESH, number)
            for k, n_batches in tried
            for number in range(n_batches)
        )
        for k, n_batches in tried:
            i, columns = chosen.row[k], _rule(chosen.columns[k])
            self.n_spent[i] += n_batches * BATCH
            scores = self._fresh(i, columns, n_batches)
            ends = self.criterion.safe_interval(scores, 2.0 * self._error(i))
            self._n_judged[i] += 1
            holds = bool(self.criterion.holds(*ends, i))
            self._judged[i, columns] = n_batches, holds
            yield k, holds

    def _error(self, i):
        """One-sided error of a row's next judgement; all sum up to 1 - confidence."""
        t = self._n_judged[i] + 1
        return (1.0 - self.confidence) / (t * (t + 1))

    def _fresh(self, i, columns, n_batches):
        answers = [
            self.draws.batch(i, columns, FRESH, number)[1] for number in range(n_batches)
        ]
        return self.criterion.scores(np.concatenate(answers), i)

    def _complete(self, rules, n_draws):
        """Draw within rules until they have as many draws, as far as rows may."""
        known = map(self._n_known, rules.row, rules.columns)
        lacking = np.maximum(n_draws - np.array(list(known), dtype=int), 0)
        self._draw_more(rules, -(-lacking // BATCH))

    def _draw_more(self, rules, n_batches):
        """Ask for further batches of the search, as far as rows have draws left."""
        wanted = []
        for i, own, n in zip(rules.row, map(_rule, rules.columns), n_batches, strict=True):
            n = min(int(n), (self.max_samples - self.n_spent[i]) // BATCH)
            for _ in range(n):
                wanted.append((i, own, SEARCH, self._n_batches[i, own]))
                self._n_batches[i, own] += 1
            self.n_spent[i] += n * BATCH
        self.draws.ask(wanted)

    def _numbers(self, rules):
        """Batches of the search that rules have."""
        keys = zip(rules.row, map(_rule, rules.columns), strict=True)
        return np.array([self._n_batches[key] for key in keys], dtype=int)

    def _n_known(self, i, columns):
        matches, _ = self.draws.pool(i)
        n_pooled = matches[:, columns].all(axis=1).sum()
        return int(n_pooled) + BATCH * self._n_batches[i, _rule(columns)]

    def _scores(self, i, columns, matches=True):
        """Scores of all draws within a rule, and which other columns they match."""
        found, answers = self.draws.pool(i)
        if len(columns):
            own = found[:, columns].all(axis=1)
            found, answers = found[own], answers[own]
        rule = _rule(columns)
        batches = [
            self.draws.batch(i, rule, SEARCH, number)
            for number in range(self._n_batches[i, rule])
        ]
        answers = np.concatenate([answers, *(own for _, own in batches)])
        scores = self.criterion.scores(answers, i)
        if not matches:
            return scores
        return np.concatenate([found, *(own for own, _ in batches)]), scores


class _Arms:
    """Candidates of rows as arms of bandits, with confidence bounds of their gain.

    Bounds hold for all rounds together, so that only those of arms with new draws change.
    """

    def __init__(self, candidates, criterion):
        self.rules, self.criterion = candidates, criterion
        self.n, self.mean = candidates.n.copy(), candidates.mean.copy()
        self.variance = candidates.variance.copy()
        _, first, n_arms = np.unique(candidates.row, return_index=True, return_counts=True)
        self._bandits = [slice(a, a + n) for a, n in zip(first, n_arms, strict=True)]
        self._level = exploration_rate(np.repeat(n_arms, n_arms), _MOST_ROUNDS, _ERROR)
        self.gain, self.lower, self.upper = np.empty((3, len(candidates)))
        self.update(np.arange(len(candidates)))

    def update(self, which):
        """Find the bounds of some arms anew."""
        row = self.rules.row[which]
        own = self.mean[which], self.variance[which], self.n[which], self._level[which]
        bounds = self.criterion.gain_bounds(*self.criterion.bounds(*own), row)
        self.lower[which], self.upper[which] = bounds
        self.gain[which] = self.criterion.gain(self.mean[which], row)

    def add(self, k, scores):
        """Add draws to one arm."""
        n, m = self.n[k], len(scores)
        step = scores.mean() - self.mean[k]
        spread = n * self.variance[k] + m * scores.var() + n * m / (n + m) * step**2
        self.n[k] = n + m
        self.mean[k] += step * m / (n + m)
        self.variance[k] = spread / (n + m)

    def critical(self, width):
        """Of each row the weakest of its best arms and their strongest rival, if close."""
        found = []
        for own in self._bandits:
            if own.stop - own.start <= width:
                continue
            order = own.start + np.lexsort((self.rules.key[own], -self.gain[own]))
            best, others = order[:width], order[width:]
            weakest = best[self.lower[best].argmin()]
            rival = others[self.upper[others].argmax()]
            close = _GAP * self.criterion.unit(self.rules.row[own.start])
            if self.upper[rival] - self.lower[weakest] > close:
                found += [weakest, rival]
        return np.array(found, dtype=np.intp)


def _rule(columns):
    """Columns of a rule, whatever the order in which they were added."""
    return tuple(sorted(int(j) for j in columns))
