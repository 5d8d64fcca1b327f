"""The picture of a comparison shows every recipe, and which is which."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from src_mindspore.plots import accuracy_over_speed
from src_mindspore.plots.accuracy_over_speed import APART, draw_accuracy_over_speed
from src_mindspore.plots.of_run import NAME

pytestmark = pytest.mark.filterwarnings("error")  # Matplotlib warns where a picture has no room


@pytest.mark.parametrize("speeds", [[300], [300, 300, 20.5]])
def test_accuracy_over_speed_has_a_point_of_every_recipe(tmp_path, speeds):
    rows = [
        {"name": f"a$^{i}", "accuracy": 0.9, "accuracy_interval": [0.88, 0.91], "speed": speed}
        for i, speed in enumerate(speeds)
    ]
    draw_accuracy_over_speed(tmp_path / "a.png", rows, "photos a second")
    with Image.open(tmp_path / "a.png") as png:
        image = np.asarray(png.convert("RGB")).astype(int)
    for colour in ((31, 119, 180), (255, 127, 14), (44, 160, 44))[: len(speeds)]:
        near = np.abs(image - colour).sum(-1) < 20
        assert near[200:].sum() > 60  # below the legend


def test_many_recipes_with_long_names_are_told_apart(tmp_path, monkeypatch):
    long = "experiments/a_recipe_whose_name_is_long_and_like_the_others"
    names = [
        "short",
        *(f"{long}_{i}" for i in range(11)),
        f"{long}/{'a' * 40}",
        f"{long}/b{'a' * 40}",
    ]
    rows = [
        {"name": name, "accuracy": 0.9, "accuracy_interval": [0.88, 0.91], "speed": 40 * (1 + i)}
        for i, name in enumerate(names)
    ]
    drawn = []
    monkeypatch.setattr(accuracy_over_speed, "save", lambda figure, path: drawn.append(figure))
    draw_accuracy_over_speed(tmp_path / "a.png", rows, "photos a second")
    (figure,) = drawn
    (legend,) = figure.legends
    said = [text.get_text().removesuffix(": 90.00%") for text in legend.get_texts()]
    assert len(set(said)) == len(names)
    assert said[0] == "short"
    assert [len(name) for name in said[1:12]] == [NAME] * 11
    lines = [bars.lines[0] for bars in figure.axes[0].containers]
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == len(names)
    FigureCanvasAgg(figure).draw()
    ticks = [t for t in figure.axes[0].get_xticklabels(which="both") if t.get_text()]
    low, high = figure.axes[0].bbox.intervalx
    boxes = sorted((t.get_window_extent().intervalx for t in ticks), key=lambda box: box[0])
    inside = [box for box in boxes if low <= box.mean() <= high]
    assert len(inside) > 2
    assert all(left[1] < right[0] for left, right in pairwise(inside))


def test_recipes_of_nearly_the_same_speed_stand_side_by_side():
    found = accuracy_over_speed._apart(np.array([0.9, 0.501, 0.1, 0.5, 0.5]))
    assert np.allclose(found[[0, 2]], [0.9, 0.1])
    assert np.allclose(found[[3, 4, 1]] - found[4], [-APART, 0, APART])
    assert found[4] == pytest.approx(0.5, abs=1e-3)
