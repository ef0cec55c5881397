"""Progress bars over rows, in terminals and notebooks."""

from contextlib import contextmanager

from sklime.validation import missing_extra


def with_progress(results, sizes, verbose):
    """Yield results, and show a progress bar of the rows done.

    Parameters
    ----------
    results : iterable
        Of blocks of rows, computed as they are requested.
    sizes : list of int
        Rows of each block.
    verbose : int
        0: nothing is shown.

    Yields
    ------
    object
        The results.

    Raises
    ------
    ImportError
        If a bar is wanted and tqdm is not installed.

    Examples
    --------
    >>> from sklime.explainer.progress import with_progress
    >>> list(with_progress(iter("ab"), [2, 1], verbose=0))
    ['a', 'b']
    """
    if not verbose:
        yield from results
        return
    with _bar(sum(sizes), "explaining", verbose) as bar:
        for size, result in zip(sizes, results, strict=True):
            yield result
            bar.update(size)


@contextmanager
def progress_of_growth(n_rows, verbose):
    """Context: a progress bar of training rows that need no more draws.

    Parameters
    ----------
    n_rows : int
        Training rows that decide how many draws there are.
    verbose : int
        0: nothing is shown.

    Yields
    ------
    callable
        To be called with the numbers of rows done and of draws.
    """
    if not verbose:
        yield lambda n_done, n_samples: None
        return
    with _bar(n_rows, "drawing", verbose) as bar:

        def show(n_done, n_samples):
            bar.set_postfix(draws=n_samples, refresh=False)
            bar.update(n_done - bar.n)

        yield show


def _bar(total, what, verbose):
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        caller = f"verbose={verbose} shows a progress bar, which"
        raise missing_extra(caller, "tqdm", "progress") from error
    return tqdm(total=total, desc=what, unit="row")
