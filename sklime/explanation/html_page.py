"""HTML of an explanation: page and notebook representation."""

from __future__ import annotations

import os
from typing import overload

from sklime.explanation.view.audit import Audited, audit_section, check_audit
from sklime.explanation.view.content import page_content, page_header
from sklime.explanation.view.overview import overview
from sklime.explanation.view.pairs import strongest_pairs
from sklime.serialization.text import returned_or_written

# Rows that notebooks show.
_NOTEBOOK_ROWS = 3


class HTMLExport:
    """Mixin of `Explanation`: HTML."""

    @overload
    def to_html(self, path: None = None, *, audit: Audited | None = None) -> str: ...

    @overload
    def to_html(
        self, path: str | os.PathLike[str], *, audit: Audited | None = None
    ) -> None: ...

    def to_html(
        self, path: str | os.PathLike[str] | None = None, *, audit: Audited | None = None
    ) -> str | None:
        """Write one self-contained page: a table of rows, each of which opens.

        Nothing is loaded from elsewhere, and no name or value is taken for markup.

        Parameters
        ----------
        path : path-like, default=None
            The file to write, in UTF-8. None: the page is returned.
        audit : Audit, default=None
            What `sklime.metrics.audit` gives for the same rows: a section tells where
            another column comes first on real rows, or surrogates miss these, and what to
            do; such rows are marked.

        Returns
        -------
        str or None

        Raises
        ------
        ValueError
            If `audit` is of other rows or outputs.
        """
        from sklime.page import render_page

        content, section = page_content(self), None
        if audit is not None:
            check_audit(audit, self)
            section = audit_section(audit)
            for row, told in zip(content["rows"], section["marks"], strict=True):
                row["real"] = told
        whole = overview(self), strongest_pairs(self), section
        page = render_page(content, page_header(self), *whole)
        return returned_or_written(page, path)

    def _repr_html_(self) -> str:
        from sklime.page import render_notebook

        return render_notebook(page_content(self[:_NOTEBOOK_ROWS]), page_header(self))
