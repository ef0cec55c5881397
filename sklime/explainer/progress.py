"""Progress bars over rows, in terminals and notebooks."""


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
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError(
            f"verbose={verbose} shows a progress bar, which needs tqdm: "
            "pip install sklime[progress]"
        ) from error
    with tqdm(total=sum(sizes), desc="explaining", unit="row") as bar:
        for size, result in zip(sizes, results, strict=True):
            yield result
            bar.update(size)
