"""Whether hiding all units of a row changes the model's answer at all."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sklime.model.queries import predict_masked
from sklime.model.response import Response
from sklime.samplers.masked.base import MaskSampler
from sklime.tables.access import n_rows, take_rows

# Training rows that the model is queried about, to know what answers are usual.
_N_TYPICAL = 16

# The share of an answer's distance from the usual one that neither attributions nor what
# all of them change together exceed where hiding changes nothing.
_UNCHANGED = 0.2

# The least such distance, as a share of how far answers lie apart.
_FAR = 0.1


@dataclass(frozen=True, eq=False)
class TypicalAnswers:
    """The model's usual answers, from which those about rows are more or less far.

    A row whose answer is usual is left alone: hiding what is neutral need not change it.
    So is one of which nothing is left where all is hidden: the answer is then what the
    model says to nothing, whatever that is.

    Parameters
    ----------
    response : Response
        The model.
    sampler : MaskSampler
        Hides units.
    mean, spread : ndarray of shape (n_outputs,)
        Mean of some answers, and how far they lie apart.
    """

    response: Response
    sampler: MaskSampler
    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, response, sampler, X):
        """Query the model about some training rows; None where it need not be known.

        Parameters
        ----------
        response : Response
            The model.
        sampler : Sampler
            Fitted.
        X : rows
            Checked training rows.
        """
        if not isinstance(sampler, MaskSampler) or sampler.kind_.columnar:
            return None
        some = np.unique(np.linspace(0, n_rows(X) - 1, _N_TYPICAL).astype(int))
        X = take_rows(X, some)
        if not sampler.leaves_traces(X).any():
            return None
        tables = sampler.kind_.tables(X)
        answers = np.concatenate([response(table, "training row") for table in tables])
        mean, spread = answers.mean(axis=0), np.ptp(answers, axis=0)
        if response.method == "predict_proba":
            if not spread.any():
                # One row, for example: at least it is known what tells nothing.
                mean = np.full(len(mean), 1.0 / len(mean))
            spread = np.ones(len(mean))
        return cls(response, sampler, mean, spread)

    def unchanged(self, X, block, surrogates, outputs):
        """Count rows whose answer hardly changes with all units hidden.

        Parameters
        ----------
        X : rows
            One checked row.
        block : sequence of MaskedRow
            It as units.
        surrogates : Surrogates
            Its own.
        outputs : ndarray of shape (1, n_explained) of int
            Its explained outputs.

        Returns
        -------
        Counter
            By what hides the units.
        """
        [row], [explained] = block, outputs
        traces = self.sampler.leaves_traces(X).any()
        found = traces and self._is_unchanged(row, surrogates, explained)
        return Counter({self.sampler.hiding: 1} if found else {})

    def _is_unchanged(self, row, surrogates, explained):
        """Whether one row's answer is far from the usual, and as far with all hidden."""
        mean, spread = self.mean[explained], self.spread[explained]
        coef, answers = surrogates.coef[0], surrogates.local_predictions[0]
        distance = abs(answers - mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            k = int(np.argmax(np.nan_to_num(distance / spread, posinf=0.0)))
        if not row.n_units or not distance[k] > _FAR * spread[k] > 0.0:
            return False
        change = abs(coef[k].sum())
        # `not (a <= b)`, so that NaN fails the check.
        if not max(change, abs(coef[k]).max()) <= _UNCHANGED * distance[k]:
            return False
        if not surrogates.exact[0]:
            masks = np.repeat([[True], [False]], row.n_units, axis=1)
            own = self.response, self.sampler.kind_, row, masks
            shown = predict_masked(*own, "masked copy")
            shown, hidden = shown[:, explained[k]]
            change, distance = abs(shown - hidden), abs(shown - mean)
        return bool(change <= _UNCHANGED * distance[k])
