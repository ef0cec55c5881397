"""Formulas as MathML, which browsers draw by themselves: no script, no fonts, no LaTeX."""

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util.logging import getLogger

logger = getLogger(__name__)


def setup(app):
    """Register the renderer ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer, node):
    writer.body.append(_mathml(node, as_block=False))
    raise SkipNode


def _displayed(writer, node):
    formula = _mathml(node, as_block=True)
    writer.body.append(f"{writer.starttag(node, 'div', CLASS='math')}{formula}</div>\n")
    raise SkipNode


def _mathml(node, as_block):
    try:
        return tex2mathml(node.astext(), as_block=as_block)
    except MathError as error:
        logger.warning("%s in %r", error, node.astext(), location=node)
        return ""
