"""What engines do: blocks of rows in, blocks of attributions out, in any process."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sklime.exceptions import caught_warnings
from sklime.explainer.explainer import LimeExplainer
from sklime.explainer.shipping import Shipped
from sklime.explainer.threads import own_share
from sklime.fitting import check_fitted

Warn = Callable[[str, type[Warning]], Any]


class Work:
    """Explains blocks of the rows of a lazy table.

    Parameters
    ----------
    explainer : LimeExplainer
        Fitted.
    keep : sequence of str
        Key columns.
    quality : bool
        Whether columns of quality are wanted.

    Attributes
    ----------
    types : dict
        The columns of the result, as `LimeExplainer.output_schema` gives them.
    keep : tuple of str
        Key columns.
    """

    def __init__(
        self, explainer: LimeExplainer, keep: Sequence[str], quality: bool
    ) -> None:
        check_fitted(explainer)
        self._explainer, self._quality = explainer, quality
        self.types = explainer.output_schema(keep, quality)
        self.keep = tuple(name for name, dtype in self.types.items() if dtype is None)

    def here(self, blocks: Iterable[Any]) -> Iterator[Any]:
        """Explain blocks in this process, with its jobs."""
        own = {"keep": self.keep, "quality": self._quality}
        return self._explainer.transform_blocks(blocks, **own)

    def empty(self, block: Any) -> Any:
        """What becomes of a block without rows: tells names and types of the result.

        Raises
        ------
        ValueError
            If its columns are not those of the training table and the key columns.
        """
        [table] = self.here([block])
        return table

    def check(self, columns: Sequence[str]) -> None:
        """Check names of columns, where there is no block without rows.

        Raises
        ------
        ValueError
            As of `empty`.
        """
        import pandas as pd

        self.empty(pd.DataFrame(columns=list(columns), dtype=float))

    def to_workers(self) -> Blocks:
        """Pack the work for other processes."""
        return Blocks(self._explainer, self.keep, self._quality)


class Blocks:
    """Explains blocks in the workers of an engine, to which it is shipped.

    Parameters
    ----------
    explainer : LimeExplainer
    keep : tuple of str
    quality : bool
    """

    def __init__(
        self, explainer: LimeExplainer, keep: tuple[str, ...], quality: bool
    ) -> None:
        self._explainer = Shipped(explainer._for_rows(scores=quality))
        self._keep, self._quality = keep, quality

    def stream(self, blocks: Iterable[Any], warn: Warn = warnings.warn) -> Iterator[Any]:
        """Explain blocks one after the other.

        Parameters
        ----------
        blocks : iterable of tables
        warn : callable, default=warnings.warn
            Takes what is doubtful about them.
        """
        explainer = self._explainer.value

        def tell(found: Any) -> None:
            told = _told[self._explainer.key]
            new = found.without(told)
            told |= new.reasons
            with caught_warnings(record=True) as caught:
                warnings.simplefilter("always")
                explainer._fitted.warn(new)
            for own in caught or ():
                warn(str(own.message), own.category)

        own = self._keep, 1, False, self._quality, tell, _warned[self._explainer.key]
        # The engine's workers share the cores.
        with own_share(1):
            yield from explainer._stream(blocks, *own)

    def one(self, block: Any, warn: Warn = warnings.warn) -> Any:
        """Explain one block."""
        [table] = self.stream([block], warn)
        return table


# Reasons for doubts that this process has told, by the key of the shipped explainer.
_told: defaultdict[str, set[str]] = defaultdict(set)

# Other warnings that it has given, likewise.
_warned: defaultdict[str, set[Any]] = defaultdict(set)
