import pytest
from matplotlib.testing.compare import compare_images

from tests.plotting.pictures import BASELINE, PICTURES, attribution, draw

# Root mean square of the differences of pixels, of 255. Without text, equal versions draw
# equal pixels, and others may round the edges of lines; the last test shows that a single
# small bar on the wrong side is far above.
TOLERANCE = 4.0


@pytest.mark.parametrize("name", PICTURES)
def test_picture_looks_as_it_did(name, tmp_path):
    draw(PICTURES[name], tmp_path / "new.png")
    difference = compare_images(BASELINE / f"{name}.png", tmp_path / "new.png", TOLERANCE)
    assert difference is None, difference


def test_comparison_sees_one_small_bar_on_the_wrong_side(tmp_path):
    draw(attribution, tmp_path / "new.png", sign=-1)
    old = BASELINE / "attribution.png"
    assert compare_images(old, tmp_path / "new.png", TOLERANCE) is not None
