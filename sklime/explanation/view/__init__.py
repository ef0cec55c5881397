"""Explanations described for pages: names, numbers and pictures."""

from sklime.explanation.view.content import page_content

__all__ = ["page_content"]
