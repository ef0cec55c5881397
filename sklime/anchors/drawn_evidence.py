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
_N_TO_EXTEND, _N_TO_JUDGE = 512, 256

# Draws within a candidate that tell anything.
_FEWEST = 16

# KL-LUCB: probability that a bound fails, the gap at which the best are told apart, as a
# share of the criterion's unit, and rounds at most.
_ERROR, _GAP, _MOST_ROUNDS = 0.1, 0.15, 6

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

    def __init__(
        self, criterion, codes, usable, coverage, draws, confidence, max_samples
    ):
        super().__init__(criterion, codes, usable, coverage)
        self.draws, self.confidence, self.max_samples = draws, confidence, max_samples
        n = len(codes)
        self.n_spent = np.zeros(n, dtype=np.intp)
        self._n_judged = np.zeros(n, dtype=np.intp)
        self._n_batches = defaultdict(int)
        self._judged = {}

    def measured(self, candidates):
        found = []
        for i, columns in zip(candidates.row, candidates.columns, strict=True):
            scores = self._scores(i, columns, matches=False)
            found.append((len(scores), scores.mean(), scores.var()))
        return candidates.measured(*np.array(found).T.reshape(3, -1))

    def extended(self, beam):
        n_known = [
            self._n_known(i, columns)
            for i, columns in zip(beam.row, beam.columns, strict=True)
        ]
        lacking = np.maximum(_N_TO_EXTEND - np.array(n_known), 0)
        self._draw_more(beam.row, beam.columns, -(-lacking // BATCH))
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
        n, mean, variance = candidates.n, candidates.mean.copy(), candidates.variance.copy()
        n = n.copy()
        start = np.searchsorted(candidates.row, np.arange(len(self.codes)))
        ends = np.append(start[1:], len(candidates))
        open_rows = [i for i in np.unique(candidates.row) if ends[i] - start[i] > width]
        for t in range(1, _MOST_ROUNDS + 1):
            asked = []
            for i in open_rows:
                own = slice(start[i], ends[i])
                level = exploration_rate(ends[i] - start[i], t, _ERROR)
                bounds = self.criterion.bounds(mean[own], variance[own], n[own], level)
                row = candidates.row[own]
                lower, upper = self.criterion.gain_bounds(*bounds, row)
                gain = self.criterion.gain(mean[own], row)
                order = np.lexsort((candidates.key[own], -gain))
                weakest = order[:width][lower[order[:width]].argmin()]
                rival = order[width:][upper[order[width:]].argmax()]
                if upper[rival] - lower[weakest] > _GAP * self.criterion.unit(i):
                    asked += [start[i] + weakest, start[i] + rival]
            asked = np.array(asked, dtype=np.intp)
            asked = asked[~self.exhausted(candidates.row[asked])]
            if not len(asked):
                break
            own = candidates.take(asked)
            first = [
                self._n_batches[i, columns]
                for i, columns in zip(own.row, map(_rule, own.columns), strict=True)
            ]
            self._draw_more(own.row, own.columns, np.ones(len(asked), dtype=int))
            for k, number in zip(asked, first, strict=True):
                i, columns = candidates.row[k], _rule(candidates.columns[k])
                if self._n_batches[i, columns] == number:
                    continue  # the row has no draws left
                _, answers = self.draws.batch(i, columns, SEARCH, number)
                scores = self.criterion.scores(answers, i)
                total = n[k] + len(scores)
                step = scores.mean() - mean[k]
                spread = n[k] * variance[k] + len(scores) * scores.var()
                spread += n[k] * len(scores) / total * step**2
                mean[k] += step * len(scores) / total
                n[k], variance[k] = total, spread / total
            open_rows = np.unique(candidates.row[asked]).tolist()
        return candidates.measured(n, mean, variance)

    def accepted(self, candidates):
        row = candidates.row
        gain = self.criterion.gain(candidates.mean, row)
        plausible = np.flatnonzero((gain >= 0.0) & ~self.exhausted(row))
        ordered = ordered_by_coverage(self, candidates, plausible, gain)
        own = row[ordered]
        place = np.arange(len(own)) - np.searchsorted(own, own)
        chosen = candidates.take(ordered[place < _MOST_JUDGED])
        position = ordered[place < _MOST_JUDGED]
        lacking = np.array(
            [
                max(_N_TO_JUDGE - self._n_known(i, columns), 0)
                for i, columns in zip(chosen.row, chosen.columns, strict=True)
            ],
            dtype=int,
        )
        self._draw_more(chosen.row, chosen.columns, -(-lacking // BATCH))
        chosen = self.measured(chosen)
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
            gain = self.criterion.gain(chosen.mean[k], i)
            if i in settled or gain < 0.0:
                continue
            # Twice what the estimate asks for: it is the best of several.
            level = 2.0 * np.log(1.0 / self._error(i))
            n = self.criterion.n_needed(chosen.mean[k], chosen.variance[k], chosen.n[k], i, level)
            n = BATCH * -(-max(n, _FEWEST_FRESH) // BATCH)
            if n <= min(_MOST_FRESH, self.max_samples - self.n_spent[i]):
                tried.append((k, int(n) // BATCH))
        return tried

    def _judge(self, chosen, tried):
        """Judge candidates on fresh draws; yields their positions, and whether they hold."""
        self.draws.ask(
            (chosen.row[k], _rule(chosen.columns[k]), FRESH, number)
            for k, n_batches in tried
            for number in range(n_batches)
        )
        for k, n_batches in tried:
            i, columns = chosen.row[k], _rule(chosen.columns[k])
            self.n_spent[i] += n_batches * BATCH
            scores = self._fresh(i, columns, n_batches)
            ends = self.criterion.interval(scores, 2.0 * self._error(i))
            self._n_judged[i] += 1
            holds = bool(self.criterion.holds(*ends, i))
            self._judged[i, columns] = n_batches, holds
            yield k, holds

    def _error(self, i):
        """One-sided error of a row's next judgement: all of them sum up to one less the confidence."""
        t = self._n_judged[i] + 1
        return (1.0 - self.confidence) / (t * (t + 1))

    def _fresh(self, i, columns, n_batches):
        answers = [
            self.draws.batch(i, columns, FRESH, number)[1] for number in range(n_batches)
        ]
        return self.criterion.scores(np.concatenate(answers), i)

    def _draw_more(self, row, columns, n_batches):
        """Ask for further batches of the search, as far as rows have draws left."""
        wanted = []
        for i, own, n in zip(row, map(_rule, columns), n_batches, strict=True):
            n = min(int(n), (self.max_samples - self.n_spent[i]) // BATCH)
            for _ in range(n):
                wanted.append((i, own, SEARCH, self._n_batches[i, own]))
                self._n_batches[i, own] += 1
            self.n_spent[i] += n * BATCH
        self.draws.ask(wanted)

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


def _rule(columns):
    """Columns of a rule, whatever the order in which they were added."""
    return tuple(sorted(int(j) for j in columns))
