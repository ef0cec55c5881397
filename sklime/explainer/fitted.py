"""The fitted explainer: all that `transform`, `explain` and `score` need of a fit."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklime.explainer.blocks import BlockFitter
from sklime.explainer.diagnostics import warn_of_refit
from sklime.explainer.fidelity import fidelity, sums_of_squares
from sklime.explainer.neighbours import check_neighbors
from sklime.explainer.progress import progress_of_queries
from sklime.explainer.quality import with_quality
from sklime.explainer.rows import rows_of
from sklime.tables.access import concat


@dataclass(frozen=True)
class Jobs:
    """How the rows of one call are gone through.

    Parameters
    ----------
    n_jobs, verbose : int or None
        As in `LimeExplainer`.
    """

    n_jobs: int | None = None
    verbose: int = 0


SERIAL = Jobs(1)


@dataclass(frozen=True, eq=False)
class AskedRows:
    """Rows of one call, and what is explained of them.

    Parameters
    ----------
    rows : Rows
        The rows.
    target : Target
        What is explained.
    answers : ndarray of shape (n_rows, n_outputs) or None
        The model's responses to the rows, where the target needs them.
    outputs : ndarray of shape (n_rows, n_explained) of int
        The outputs explained for each row.
    """

    rows: Any
    target: Any
    answers: np.ndarray | None
    outputs: np.ndarray


@dataclass(frozen=True, eq=False)
class FittedExplainer:
    """What a fit has made of the components of an explainer.

    Parameters
    ----------
    sampler, kernel, selector : objects
        Fitted or resolved.
    response : Response
        The model as a function.
    routes : Routes
        Which source of moments serves which row.
    hidden : TypicalAnswers or None
        Tells rows whose answer hardly changes with all units hidden.
    training_rows : TrainingRows or None
        Real rows on which surrogates are judged.
    model_state : FittedState
        Tells whether the model was fitted again.
    """

    sampler: Any
    kernel: Any
    selector: Any
    response: Any
    routes: Any
    hidden: Any
    training_rows: Any
    model_state: Any

    @property
    def kind(self):
        """The kind of the rows."""
        return self.sampler.kind_

    @property
    def n_samples(self):
        """Number of draws."""
        return self.routes.source.n_samples

    def check_model(self):
        """Warn if the model was fitted again since."""
        if self.model_state.differs(self.response.estimator):
            warn_of_refit(self.response.estimator)

    def ask(self, X, given, target):
        """Find the outputs to explain for each row.

        The model is queried about the rows only where the target is their prediction.

        Parameters
        ----------
        X, given : rows
            Checked, and as the user gave them.
        target : "auto", "predicted", "all" or a label

        Returns
        -------
        AskedRows
        """
        rows = rows_of(self.sampler, X, given)
        target = self.response.resolve(target)
        answers = rows.predictions(self.response) if target.needs_predictions else None
        return AskedRows(rows, target, answers, target.columns(len(rows), answers))

    def attributions(self, asked, contributions, own_answers, jobs=SERIAL, first_row=0):
        """Effects or contributions by columns, and what is doubtful about them.

        Parameters
        ----------
        asked : AskedRows
        contributions : bool
            Whether contributions are wanted, not effects.
        own_answers : OwnAnswers or None
            As `own_answers` gives them.
        jobs : Jobs
        first_row : int, default=0
            Position of the first row, for messages.

        Returns
        -------
        values : ndarray or CSR matrix of shape (n_rows, n_columns)
        found : Diagnostics
        """
        rows = asked.rows

        def keep(surrogates, where, block):
            own = surrogates.contributions if contributions else surrogates.coef
            return rows.to_columns(where, block, own)

        fit_blocks = self._fitter(jobs, first_row)
        kept, found = fit_blocks(rows, asked.outputs, keep, own_answers)
        return concat(kept), found

    def attributions_and_quality(
        self, asked, predictions, contributions, own_answers, first_row=0
    ):
        """Attributions as of `attributions`, with columns of quality behind them.

        Parameters
        ----------
        predictions : ndarray of shape (n_rows, n_explained)
            The model's responses to the rows.
        """
        rows, outputs = asked.rows, asked.outputs

        def keep(surrogates, where, block):
            scored = self.routes.with_scores(surrogates, block, outputs[where])
            own = scored.contributions if contributions else scored.coef
            columns, _ = rows.features(where, block)
            about = predictions[where], outputs[where], asked.target, columns, rows.varies
            return with_quality(rows.to_columns(where, block, own), scored, *about)

        fit_blocks = self._fitter(SERIAL, first_row)
        kept, found = fit_blocks(rows, outputs, keep, own_answers)
        return concat(kept), found

    def parts(self, asked, jobs, uncertainty, pairs, near):
        """What explanations are made of, for `assemble_explanation`.

        Parameters
        ----------
        asked : AskedRows
        jobs : Jobs
        uncertainty : bool
            Whether to add standard errors.
        pairs : WantedPairs or None
            Pairs of columns whose interactions are wanted.
        near : Neighbours or None
            Training rows on which surrogates are judged.

        Returns
        -------
        blocks : list of (Surrogates, note, neighbour scores or None, told pairs or None)
        own_answers : OwnAnswers or None
            What the model said to values that draws hardly hold.
        """
        rows, outputs = asked.rows, asked.outputs
        scored_rows = self.routes.scored_rows(len(rows))

        def keep(surrogates, where, block):
            own = surrogates, block, outputs[where]
            scored = self.routes.with_scores_of(scored_rows[where], *own)
            told = judged = None
            if pairs is not None:
                own = block, outputs[where], where.start
                told = pairs.of_block(self.routes, *own)
            if near is not None:
                own = surrogates, where, outputs[where]
                judged = near.scores(*own)
            return scored, rows.unit_metadata(block), judged, told

        own_answers = self.own_answers(rows.X, jobs)
        own = asked, keep, jobs, own_answers, uncertainty
        return self._fitted_blocks(*own), own_answers

    def score(self, asked, jobs):
        """Fidelity on the rows' own reference neighbourhoods."""
        rows = asked.rows

        def keep(surrogates, where, block):
            drawn = rows.reference(where, block, self.response)
            return sums_of_squares(surrogates, drawn, asked.outputs[where])

        return fidelity(self._surrogates(asked, keep, jobs))

    def judged(self, asked, reference, jobs):
        """Effects by columns, and fidelity on known reference neighbourhoods.

        Parameters
        ----------
        reference : list of (design, responses)
            Of each row.
        """
        rows = asked.rows

        def keep(surrogates, where, block):
            own = surrogates, reference[where], asked.outputs[where]
            return rows.to_columns(where, block, surrogates.coef), sums_of_squares(*own)

        parts, sums = zip(*self._surrogates(asked, keep, jobs), strict=True)
        return concat(parts), fidelity(sums)

    def scores(self, asked, jobs):
        """Fidelity of all rows on their own draws, (n_rows, n_explained)."""

        def keep(surrogates, where, block):
            own = surrogates, block, asked.outputs[where]
            return self.routes.with_scores(*own).scores

        return np.concatenate(self._surrogates(asked, keep, jobs))

    def score_on_neighbours(self, asked, n_neighbors, jobs):
        """Fidelity on the nearest training rows."""
        near = self.near(asked.rows, "n_neighbors", n_neighbors)

        def keep(surrogates, where, block):
            sums = near.sums_of_squares(surrogates, where, asked.outputs[where])
            return sums.sum(axis=(1, 2))

        return fidelity(self._surrogates(asked, keep, jobs))

    def near(self, rows, name, n_neighbors):
        """The nearest training rows of each row, with the model's responses, or None.

        Parameters
        ----------
        rows : Rows
        name : str
            The parameter that asks for them.
        n_neighbors : int or None
        """
        if n_neighbors is None:
            return None
        check_neighbors(name, n_neighbors, self.training_rows, self.sampler)
        return self.training_rows.around(rows, n_neighbors, self.response)

    def warn(self, diagnostics, what="row(s)"):
        """Tell what is doubtful about rows, in named warnings."""
        own = self.kernel, self.selector, self.n_samples, what, self.sampler.max_draws_
        diagnostics.warn(self.kind.names_of_units(), *own)

    def own_answers(self, X, jobs=SERIAL, asked=None):
        """Query the model about values of rows that draws hardly hold.

        Parameters
        ----------
        X : rows
            Checked.
        jobs : Jobs
        asked : dict, default=None
            What earlier blocks of a stream have asked about; it is added to.

        Returns
        -------
        OwnAnswers or None
        """
        what = "querying the model about own values"
        with progress_of_queries(self.response, jobs.verbose, what):
            return self.routes.own_answers(X, asked)

    def for_rows(self, own_values=True, scores=False):
        """All that `transform` needs of it, without training values where that can be.

        Parameters
        ----------
        own_values : bool, default=True
            Whether the model is still asked about own values, not only told.
        scores : bool, default=False
            Whether surrogates are scored.

        Returns
        -------
        FittedExplainer
        """
        routes, sampler = self.routes.for_rows(own_values, scores), self.sampler
        if routes.setting.law is not self.routes.setting.law:
            sampler = routes.setting.law.sampler
        return replace(self, routes=routes, sampler=sampler, training_rows=None)

    def _surrogates(self, asked, keep, jobs):
        """Fit surrogates block by block; collect the results of `keep` for each block."""
        own_answers = self.own_answers(asked.rows.X, jobs)
        return self._fitted_blocks(asked, keep, jobs, own_answers)

    def _fitted_blocks(self, asked, keep, jobs, own_answers, uncertainty=False):
        own = asked.rows, asked.outputs, keep, own_answers, uncertainty
        kept, found = self._fitter(jobs)(*own)
        self.warn(found)
        return kept

    def _fitter(self, jobs, first_row=0):
        n_features = self.sampler.n_features_in_
        own = n_features, jobs.n_jobs, jobs.verbose, first_row
        return BlockFitter(self.routes, self.hidden, *own)
