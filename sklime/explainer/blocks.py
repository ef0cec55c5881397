"""Blocks of rows that are explained together: their height, jobs, and surrogates."""

from collections import Counter
from itertools import chain

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sklime.exceptions import ClosedFormFailed
from sklime.explainer.diagnostics import Diagnostics
from sklime.explainer.progress import with_progress
from sklime.explainer.shipping import return_as
from sklime.tables.access import block_bytes

# Blocks that rows are divided into at least where progress is shown.
STEPS_OF_A_BAR = 20


class BlockFitter:
    """Surrogates of rows, fitted block by block, in jobs.

    Parameters
    ----------
    routes : Routes
        Which source of moments serves which row.
    hidden : TypicalAnswers or None
        Tells rows whose answer hardly changes with all units hidden.
    n_features : int
        Columns of the table.
    n_jobs, verbose : int or None
        As in `LimeExplainer`.
    first_row : int, default=0
        Position of the first row, for messages.
    """

    def __init__(self, routes, hidden, n_features, n_jobs=1, verbose=0, first_row=0):
        self._routes, self._hidden = routes, hidden
        self._n_features = n_features
        self._n_jobs, self._verbose = n_jobs, verbose
        self._first_row = first_row

    def __call__(self, rows, outputs, keep, own_answers, uncertainty=False):
        """Fit all rows.

        Parameters
        ----------
        rows : Rows
            The rows.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.
        keep : callable
            Takes surrogates, the slice of their rows and the block of rows; gives what is
            kept of them.
        own_answers : OwnAnswers or None
            What the model said to values that draws hardly hold.
        uncertainty : bool, default=False
            Whether surrogates have standard errors.

        Returns
        -------
        kept : tuple
            What `keep` gave, block by block.
        diagnostics : Diagnostics
            What is doubtful about the rows.
        """
        blocks = rows.blocks(self._height(len(rows), outputs.shape[1]))
        own = rows, outputs, keep, uncertainty, own_answers
        if len(blocks) == 1:
            # Without joblib's start-up cost, a third of the time of a row.
            results = (self._block(where, *own) for where in blocks)
        else:
            jobs = Parallel(n_jobs=self._n_jobs, prefer="threads", return_as=return_as())
            results = jobs(delayed(self._block)(where, *own) for where in blocks)
        sizes = [where.stop - where.start for where in blocks]
        results = with_progress(results, sizes, self._verbose)
        kept, diagnostics = zip(*chain.from_iterable(results), strict=True)
        unasked = Counter() if own_answers is None else own_answers.unasked
        return kept, sum(diagnostics, Diagnostics(unasked=unasked))

    def _height(self, n_rows, n_explained):
        """Rows of a block: as many as memory has room for, fewer where a bar is shown."""
        source, d = self._routes.source, self._n_features
        chosen = min(d, getattr(self._routes.setting.selector, "k", d))
        per_row = source.bytes_per_row + source.bytes_of_fit(n_explained, d, chosen)
        height = min(source.rows_at_once, block_bytes() // per_row)
        if self._verbose:
            height = min(height, n_rows // STEPS_OF_A_BAR)
        return max(1, height)

    def _block(self, where, *own):
        """Explain a block of rows; after a failed closed form, its rows one by one."""
        try:
            return [self._explained(where, *own)]
        except ClosedFormFailed:
            alone = [slice(i, i + 1) for i in range(where.start, where.stop)]
            return [self._explained(row, *own) for row in alone]

    def _explained(self, where, rows, outputs, keep, uncertainty, own_answers):
        block = rows.block(where)
        columns, binary = rows.features(where, block)
        own = block, outputs[where], binary, uncertainty
        if own_answers is not None:
            own_answers = own_answers.of(np.arange(where.start, where.stop))
        first_row = self._first_row + where.start
        fitted, failures = self._routes.fit(*own, first_row, own_answers)
        found = Diagnostics.of(fitted, columns, rows.varies, first_row)
        unchanged = Counter()
        if self._hidden is not None:
            unchanged = self._hidden.unchanged(rows.X[where], block, fitted, outputs[where])
        return keep(fitted, where, block), found + Diagnostics(
            failures=failures, unchanged=unchanged
        )
