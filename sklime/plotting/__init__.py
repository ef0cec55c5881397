"""Displays of explanations, after scikit-learn's Display protocol; they need matplotlib."""

from sklime.plotting.anchors import AnchorDisplay
from sklime.plotting.attribution import AttributionDisplay
from sklime.plotting.dependence import DependenceDisplay
from sklime.plotting.heatmap import HeatmapDisplay
from sklime.plotting.image import ImageDisplay
from sklime.plotting.importance import ImportanceDisplay
from sklime.plotting.interaction import InteractionDisplay
from sklime.plotting.kernel_width import KernelWidthDisplay
from sklime.plotting.sequence import SequenceDisplay
from sklime.plotting.summary import SummaryDisplay
from sklime.plotting.text import TextDisplay

__all__ = [
    "AnchorDisplay",
    "AttributionDisplay",
    "DependenceDisplay",
    "HeatmapDisplay",
    "ImageDisplay",
    "ImportanceDisplay",
    "InteractionDisplay",
    "KernelWidthDisplay",
    "SequenceDisplay",
    "SummaryDisplay",
    "TextDisplay",
]

# What `Explanation.plot` draws, by the kind of the row; "row" and "rows" of any other kind.
DISPLAYS = {
    "row": AttributionDisplay,
    "rows": SummaryDisplay,
    "text": TextDisplay,
    "image": ImageDisplay,
    "sequence": SequenceDisplay,
}
