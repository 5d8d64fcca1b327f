"""The matrices of a resize against Pillow's own."""

import numpy as np
import pytest
from PIL import Image

from src_mindspore.photos.resize_matrix import resize_matrix
from src_mindspore.photos.transform import FILTERS
from src_mindspore.spec.input import INTERPOLATIONS


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize(("height", "width"), [(21, 13), (40, 50)], ids=["smaller", "larger"])
def test_two_products_are_a_resize(interpolation: str, height: int, width: int) -> None:
    image = np.random.default_rng(0).uniform(0, 255, (29, 31)).astype(np.float32)
    expected = np.asarray(Image.fromarray(image).resize((width, height), FILTERS[interpolation]))
    rows, columns = (
        resize_matrix(29, height, interpolation),
        resize_matrix(31, width, interpolation),
    )
    assert rows.shape == (height, 29)
    np.testing.assert_allclose(rows @ image @ columns.T, expected, atol=1e-3)
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-6)  # grey stays grey
