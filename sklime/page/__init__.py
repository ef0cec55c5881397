"""Explanations in a browser: one self-contained page, and what notebooks show."""

from sklime.page.rendering import render_notebook, render_page

__all__ = ["render_notebook", "render_page"]
