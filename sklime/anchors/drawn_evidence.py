"""Evidence from draws: a pool for the first rules, own-bin draws for the others.

Candidates are told apart by KL-LUCB, in batches of all rows at once. What the search
chooses is judged on fresh draws, whose number is chosen before they are made, so that
their confidence interval is an ordinary one.
"""

from collections import defaultdict

import numpy as np
from sklearn.utils import gen_batches

from sklime.anchors.arms import MOST_ROUNDS, Arms
from sklime.anchors.candidates import Candidates, ranks
from sklime.anchors.draws import BATCH, FRESH, SEARCH
from sklime.anchors.evidence import Evidence
from sklime.tables.access import block_bytes

# Draws within a rule before it is extended, and at least before it is judged.
_N_TO_EXTEND, _N_TO_JUDGE = 256, 512

# Draws within a candidate that tell anything, and that can tell that it suffices, at this
# exploration rate.
_FEWEST, _FEWEST_TELLING, _LEVEL = 16, 64, 2.0

# Conditions of values so rare that the pool does not tell: how many of a row are drawn for,
# with a batch each.
_MOST_RARE = 32

# Candidates of a row and length that are judged at most, fresh draws at least and at most,
# and of rules that do not suffice, which are reported with an interval, too.
_MOST_JUDGED, _FEWEST_FRESH, _MOST_FRESH, _N_REPORTED = 3, 256, 4096, 1024

# Shares of a row's draws that one rule has before it is judged, and fresh ones, where they
# are more: rules that hardly suffice need many.
_TO_JUDGE, _FRESH = 32, 4


class DrawnEvidence(Evidence):
    """Evidence from draws.

    Parameters
    ----------
    criterion, codes, usable, ranges, coverage
        As for `Evidence`.
    draws : Draws
        Of the rows.
    confidence : float
        Of the rules that are accepted.
    max_samples : int
        Own-bin draws of a row at most.
    """

    def __init__(
        self, criterion, codes, usable, ranges, coverage, draws, confidence, max_samples
    ):
        super().__init__(criterion, codes, usable, ranges, coverage)
        self.draws, self.confidence, self.max_samples = draws, confidence, max_samples
        # The search leaves enough for a judgement.
        self._n_kept = min(2 * _FEWEST_FRESH, max_samples // 2)
        self._n_to_judge = max(_N_TO_JUDGE, max_samples // _TO_JUDGE)
        self._most_fresh = max(_MOST_FRESH, max_samples // _FRESH)
        n = len(codes)
        self.n_spent = np.zeros(n, dtype=np.intp)
        self._n_judged = np.zeros(n, dtype=np.intp)
        self._n_batches = defaultdict(int)
        self._judged, self._pooled = {}, {}

    def measured(self, candidates):
        found = np.zeros((3, len(candidates)))
        for k, own in enumerate(_rules(candidates)):
            scores = self._scores(*own)
            if len(scores):
                found[:, k] = len(scores), scores.mean(), scores.var()
        return candidates.measured(*found)

    def opened(self, beam):
        # Among more columns the best few are more often so by chance.
        d = self.codes.shape[1]
        n = _N_TO_EXTEND * int(np.ceil(np.log2(max(d, 2)) / 6.0))
        self._complete(beam, np.full(len(beam), n))
        return beam

    def extended(self, parents):
        # Sums over the draws in each bin of each column, and over those before it.
        d, n_bins = self.ranges.frequencies.shape
        sums = np.zeros((3, len(parents), d, n_bins + 1))
        for k, (i, rule) in enumerate(_rules(parents)):
            scores, codes = self._scores(i, rule), self._codes(i, rule)
            both = None, scores, np.square(scores)
            # Places and weights take far more memory than codes do.
            height = max(1, block_bytes() // (16 * max(1, len(codes))))
            for block in gen_batches(d, height):
                width = block.stop - block.start
                place = (codes[:, block] + n_bins * np.arange(width)).ravel()
                for own, weights in zip(sums, both, strict=True):
                    weights = None if weights is None else np.repeat(weights, width)
                    found = np.bincount(place, weights, width * n_bins)
                    found = found.reshape(width, n_bins)
                    np.cumsum(found, axis=1, out=own[k, block, 1:])
        parent, column, low, high = added = self.added(parents)
        n, total, squares = sums[:, parent, column, high + 1] - sums[:, parent, column, low]
        known = n >= _FEWEST
        rare = [own[~known & (low == high)] for own in added]
        n, mean = n[known], total[known] / n[known]
        variance = np.maximum(squares[known] / n - np.square(mean), 0.0)
        told = parents.extended(*(own[known] for own in added), n, mean, variance)
        if parents.length or not len(rare[0]):
            return told
        return Candidates.joined([told, self._of_rare(parents, *rare)])

    def suffices(self, candidates):
        own = candidates.mean, candidates.variance, candidates.n
        bounds = self.criterion.bounds(*own, _LEVEL)
        lower, _ = self.criterion.gain_bounds(*bounds, candidates.row)
        return (lower >= 0.0) & (candidates.n >= _FEWEST_TELLING)

    def refined(self, candidates, width):
        arms = Arms(candidates, self.criterion)
        for _ in range(MOST_ROUNDS):
            critical = arms.critical(width)
            asked = critical[~self.exhausted(candidates.row[critical])]
            own = candidates.take(asked)
            before = self._numbers(own)
            self._draw_more(own, np.ones(len(asked), dtype=int))
            new = self._numbers(own) > before
            if not new.any():
                break
            rules = zip(asked, _rules(own), before, new, strict=True)
            for k, (i, rule), number, is_new in rules:
                if is_new:
                    _, answers = self.draws.batch(rule, SEARCH, number)
                    arms.add(k, self.criterion.scores(answers, i))
            arms.update(asked[new])
        return candidates.measured(arms.n, arms.mean, arms.variance)

    def told(self, beam):
        near = self.criterion.gain(beam.mean, beam.row) >= 0.0
        self._complete(beam, np.where(near, self._n_to_judge, 0))
        return self.measured(beam)

    def accepted(self, rules):
        place = ranks(rules.row)
        settled = np.zeros(len(self.codes), dtype=bool)
        n_judged, found = np.zeros(len(self.codes), dtype=int), []
        for turn in range(place.max(initial=-1) + 1):
            open_ = ~settled & (n_judged < _MOST_JUDGED)
            position = np.flatnonzero((place == turn) & open_[rules.row])
            chosen = rules.take(position)
            self._complete(chosen, np.full(len(chosen), self._n_to_judge))
            chosen = self.measured(chosen)
            for k, holds in self._judge(chosen, self._worth_judging(chosen)):
                n_judged[chosen.row[k]] += 1
                if holds:
                    settled[chosen.row[k]] = True
                    found.append(position[k])
        return np.array(sorted(found), dtype=np.intp)

    def exhausted(self, row):
        return self.n_spent[row] + BATCH > self.max_samples - self._n_kept

    def report(self, rules):
        error, rules = 1.0 - self.confidence, _rules(rules)
        self.draws.ask(
            (rule, FRESH, number)
            for i, rule in rules
            if (i, rule) not in self._judged
            for number in range(_N_REPORTED // BATCH)
        )
        precision, interval, valid = [], [], []
        for own in rules:
            n_batches, holds = self._judged.get(own, (_N_REPORTED // BATCH, False))
            scores = self._fresh(*own, n_batches)
            precision.append(scores.mean())
            interval.append(self.criterion.interval(scores, error))
            valid.append(holds)
        return np.array(precision), np.array(interval).reshape(-1, 2), np.array(valid)

    def _of_rare(self, parents, parent, column, low, high):
        """Rules of one rare value each, drawn for by themselves: the commonest of a row."""
        conditions = np.stack([column, low, high], axis=1)[:, np.newaxis]
        rules = Candidates.of(parents.row[parent], conditions)
        often = self.ranges.frequencies[column, low]
        rules = rules.take(rules.best(often, _MOST_RARE))
        self._complete(rules, np.full(len(rules), BATCH))
        rules = self.measured(rules)
        return rules.take(rules.n >= _FEWEST)

    def _worth_judging(self, chosen):
        """Which candidates are worth fresh draws, and how many batches."""
        tried = []
        for k in np.flatnonzero(self.suffices(chosen)):
            i = chosen.row[k]
            # More than the estimate asks for: it is the best of several, and judgements
            # that often fail let those pass whose fresh draws flatter them.
            level = 3.0 * np.log(1.0 / self._error(i))
            n = self.criterion.n_needed(
                chosen.mean[k], chosen.variance[k], chosen.n[k], i, level
            )
            n = BATCH * -(-max(n, _FEWEST_FRESH) // BATCH)
            if n <= min(self._most_fresh, self.max_samples - self.n_spent[i]):
                tried.append((k, int(n) // BATCH))
        return tried

    def _judge(self, chosen, tried):
        """Judge candidates on fresh draws; yields positions, and whether they hold."""
        rules = _rules(chosen)
        self.draws.ask(
            (rules[k][1], FRESH, number)
            for k, n_batches in tried
            for number in range(n_batches)
        )
        for k, n_batches in tried:
            i, rule = rules[k]
            self.n_spent[i] += n_batches * BATCH
            scores = self._fresh(i, rule, n_batches)
            ends = self.criterion.safe_interval(scores, 2.0 * self._error(i))
            self._n_judged[i] += 1
            holds = bool(self.criterion.holds(*ends, i))
            self._judged[i, rule] = n_batches, holds
            yield k, holds

    def _error(self, i):
        """One-sided error of a row's next judgement; all sum up to 1 - confidence."""
        t = self._n_judged[i] + 1
        return (1.0 - self.confidence) / (t * (t + 1))

    def _fresh(self, i, rule, n_batches):
        answers = [self.draws.batch(rule, FRESH, number)[1] for number in range(n_batches)]
        return self.criterion.scores(np.concatenate(answers), i)

    def _complete(self, rules, n_draws):
        """Draw within rules until they have as many draws, as far as rows may."""
        known = [
            len(self._inside(rule)) + BATCH * self._n_batches[i, rule]
            for i, rule in _rules(rules)
        ]
        lacking = np.maximum(n_draws - np.array(known, dtype=int), 0)
        self._draw_more(rules, -(-lacking // BATCH))

    def _draw_more(self, rules, n_batches):
        """Ask for further batches of the search, as far as rows have draws left."""
        wanted = []
        for (i, rule), n in zip(_rules(rules), n_batches, strict=True):
            left = self.max_samples - self._n_kept - self.n_spent[i]
            n = min(int(n), max(left, 0) // BATCH)
            for _ in range(n):
                wanted.append((rule, SEARCH, self._n_batches[i, rule]))
                self._n_batches[i, rule] += 1
            self.n_spent[i] += n * BATCH
        self.draws.ask(wanted)

    def _numbers(self, rules):
        """Batches of the search that rules have."""
        return np.array([self._n_batches[own] for own in _rules(rules)], dtype=int)

    def _inside(self, rule):
        """Positions of the pool's draws within a rule."""
        if rule not in self._pooled:
            codes, _ = self.draws.pool()
            inside = np.ones(len(codes), dtype=bool)
            for j, low, high in rule:
                inside &= (low <= codes[:, j]) & (codes[:, j] <= high)
            self._pooled[rule] = np.flatnonzero(inside)
        return self._pooled[rule]

    def _codes(self, i, rule):
        """Bins of all draws within a rule."""
        return self._all(i, rule, 0)

    def _scores(self, i, rule):
        """Scores of all draws within a rule."""
        return self.criterion.scores(self._all(i, rule, 1), i)

    def _all(self, i, rule, which):
        """Codes or answers of the pool's draws within a rule, and of its own."""
        pooled = self.draws.pool()[which][self._inside(rule)]
        numbers = range(self._n_batches[i, rule])
        batches = (self.draws.batch(rule, SEARCH, number)[which] for number in numbers)
        return np.concatenate([pooled, *batches])


def _rules(candidates):
    """Rows and rules, whatever the order in which the conditions were added."""
    return [
        (i, tuple(sorted(map(tuple, own))))
        for i, own in zip(
            candidates.row.tolist(), candidates.conditions().tolist(), strict=True
        )
    ]
