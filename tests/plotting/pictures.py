"""One picture of each display.

`python -m tests.plotting.pictures` draws the baseline images anew.
"""

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.text import Text

from sklime.plotting import (
    AttributionDisplay,
    DependenceDisplay,
    HeatmapDisplay,
    ImageDisplay,
    ImportanceDisplay,
    KernelWidthDisplay,
    SequenceDisplay,
    SummaryDisplay,
    TextDisplay,
)
from tests.plotting.explained import draws, picture, sequence, table, text

BASELINE = Path(__file__).parent / "baseline"


def attribution(sign=1):
    explanation = table(
        [[0.5, -0.3, 0.2, 0.1 * sign, -0.05]],
        standard_errors=[[0.04, 0.03, 0.02, 0.01, 0.05]],
        support=[[256.0, 3.0, 256.0, 256.0, 256.0]],
    )
    return AttributionDisplay.from_explanation(explanation, max_features=4)


def summary():
    return SummaryDisplay.from_explanation(table(draws(60, 8)), max_features=5)


def heatmap():
    return HeatmapDisplay.from_explanation(table(draws(40, 8)), max_features=5)


def importance():
    return ImportanceDisplay.from_explanation(table(draws(40, 8)), max_features=5)


def importance_of_classes():
    explanation = table(draws(20, 7, 4), target_names=list("ABCDEFG"))
    return ImportanceDisplay.from_explanation(explanation)


def dependence():
    data = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 2)), columns=["a", "b"])
    data.loc[::6, "a"] = np.nan
    explanation = table(draws(60, 2), ["a", "b"], data=data)
    return DependenceDisplay.from_explanation(explanation, feature="a")


def dependence_of_categories():
    data = pd.DataFrame({"a": np.resize(["red", "green", None], 60), "b": np.arange(60.0)})
    explanation = table(draws(60, 2), ["a", "b"], data=data)
    return DependenceDisplay.from_explanation(explanation, feature="a")


def highlighted():
    words = "this film is not good at all but the music is great and I liked the cast"
    attributions = np.zeros(17)
    attributions[[3, 4, 11, 14]] = [-0.4, 0.3, 0.5, 0.1]
    return TextDisplay.from_explanation(text(words, attributions))


def overlay():
    labels = np.kron(np.arange(6).reshape(2, 3), np.ones((3, 4), int))
    labels[2, 3] = 1
    image = np.linspace(0, 255, labels.size).reshape(labels.shape).astype(np.uint8)
    values = [0.5, -0.4, 0.0, -0.1, 0.2, 0.05]
    return ImageDisplay.from_explanation(picture(image, labels, values))


def lanes():
    time = np.arange(24)
    series = np.column_stack([np.sin(time / 3), time % 5])
    labels = np.column_stack([time // 4, 6 + time // 8])
    values = [0.1, 0.0, -0.2, 0.5, -0.3, 0.0, 0.2, -0.1, 0.05]
    explanation = sequence(series, labels, values)
    return SequenceDisplay.from_explanation(explanation, names=["sine", "saw"])


def width():
    fidelity = [[-0.3, -0.2], [0.1, 0.15], [0.4, 0.42], [0.4, 0.4]]
    return KernelWidthDisplay([0.1, 0.5, 2, 8], fidelity, [0.4, 0.6, 0.9, 1.0]).plot()


PICTURES = {
    function.__name__: function
    for function in (
        attribution,
        summary,
        heatmap,
        importance,
        importance_of_classes,
        dependence,
        dependence_of_categories,
        highlighted,
        overlay,
        lanes,
        width,
    )
}


def draw(function, path, **options):
    """Draw a picture on matplotlib's own defaults, without its texts and legends.

    The size of a glyph depends on the version of the font engine, and with it the place of
    everything else. What is written, and where, is read from the figures by other tests.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.use("Agg")
        figure = function(**options).figure_
        for ax in figure.findobj(Axes):
            sides = ("left", "right", "bottom", "top")
            ax.tick_params(**{f"label{side}": False for side in sides})
        for own in figure.findobj(Legend):
            own.remove()
        for own in figure.findobj(Text):
            own.set_visible(False)
        figure.savefig(path, dpi=60)
        plt.close(figure)


if __name__ == "__main__":
    BASELINE.mkdir(exist_ok=True)
    for name, function in PICTURES.items():
        draw(function, BASELINE / f"{name}.png")
