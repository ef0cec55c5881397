"""Progress: bars in terminals and notebooks, and tasks for scikit-learn's callbacks."""

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


@contextmanager
def progress_of_queries(response, verbose, what="querying the model"):
    """Context: a progress bar of the rows that the model is queried about.

    Parameters
    ----------
    response : Response
        The model as a function, queried in one thread.
    verbose : int
        0: nothing is shown.
    what : str, default="querying the model"
        What is going on.
    """
    if not verbose:
        yield
        return
    bar = None

    def show(n_asked, n_done):
        # How many rows there will be is known query by query.
        nonlocal bar
        bar = _bar(0, what, verbose) if bar is None else bar
        bar.total += n_asked
        bar.update(n_done)
        bar.refresh()

    response.watch = show
    try:
        yield
    finally:
        response.watch = None
        if bar is not None:
            bar.close()


@contextmanager
def progress(what, total, verbose, unit="row"):
    """Context: a progress bar, moved by a function of the number of steps done.

    Parameters
    ----------
    what : str
        What is going on.
    total : int
        How many steps there are.
    verbose : int
        0: nothing is shown.
    unit : str, default="row"
        What a step is.
    """
    if not verbose:
        yield lambda n_done: None
        return
    with _bar(total, what, verbose, unit) as bar:
        yield bar.update


class FitTasks:
    """Tasks of a fit, as scikit-learn's callbacks are told of them.

    Parameters
    ----------
    explainer : LimeExplainer
        Being fitted, by a method under `sklime.fitting.tells_callbacks`.
    X, y : objects
        What it is fitted to.
    n_tasks : int
        How many tasks there are.
    """

    def __init__(self, explainer, X, y, n_tasks):
        self._told = {"estimator": explainer, "X": X, "y": y}
        self._root = explainer._init_callback_context(max_subtasks=n_tasks)
        self._root.call_on_fit_task_begin(**self._told)

    @contextmanager
    def __call__(self, name):
        """Context: the next task, by its name."""
        task = self._root.subcontext(task_name=name)
        task.call_on_fit_task_begin(**self._told)
        yield
        task.call_on_fit_task_end(**self._told)

    def end(self):
        """Tell that all tasks are done."""
        self._root.call_on_fit_task_end(**self._told)


def _bar(total, what, verbose, unit="row"):
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        caller = f"verbose={verbose} shows a progress bar, which"
        raise missing_extra(caller, "tqdm", "progress") from error
    return tqdm(total=total, desc=what, unit=unit)
