"""An average of toy networks against the same in NumPy, in every form that MindSpore writes."""

import mindspore as ms
import numpy as np
import onnx
import pytest
from helpers import mode
from lite_fakes import fetched_or_skip
from mindspore import Parameter, Tensor, nn, ops

from src_mindspore.backbone import build_backbone
from src_mindspore.evaluation.file_checks import check_mindir
from src_mindspore.lite.converter import convert_to_ms
from src_mindspore.lite.package import lite_home
from src_mindspore.network.ensemble import Ensemble, View
from src_mindspore.network.mindir_file import export_mindir, load_mindir
from src_mindspore.network.onnx_file import allow_any_batch, export_onnx
from src_mindspore.network.onnx_runtime import onnx_session

SIZE, SMALL, CLASSES = 8, 5, 3
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(2, 3, SIZE, SIZE)).astype(np.float32)
AS_IT_IS = View(None, None, np.ones(3, np.float32), np.zeros(3, np.float32))


def matrix() -> np.ndarray:
    return RNG.uniform(size=(SMALL, SIZE)).astype(np.float32)


RESIZED = View(matrix(), matrix(), np.float32([1, 2, 3]), np.float32([0.5, 0, -1]))
SHIFTED = View(None, None, np.float32([1.5, 1, 1]), np.float32([0, 0.25, 0]))
VIEWS = [AS_IT_IS, RESIZED, SHIFTED]


class Toy(nn.Cell):
    """The softmax of a product with all pixels; every one has a parameter of the same name."""

    def __init__(self, weight: np.ndarray) -> None:
        super().__init__(auto_prefix=False)
        self.weight = Parameter(Tensor(weight), name="weight")

    def construct(self, x: Tensor) -> Tensor:
        return ops.softmax(ops.matmul(ops.flatten(x), self.weight), -1)


WEIGHTS = [RNG.normal(size=(3 * n * n, CLASSES)).astype(np.float32) for n in (SIZE, SMALL, SIZE)]


def by_hand() -> np.ndarray:
    total = np.zeros((len(IMAGES), CLASSES))
    for view, weight in zip(VIEWS, WEIGHTS, strict=True):
        images = IMAGES.astype(np.float64)
        if view.rows is not None:
            images = np.einsum("ab,ncbd,ed->ncae", view.rows, images, view.columns)
        for channel in range(3):
            images[:, channel] = images[:, channel] * view.scale[channel] + view.shift[channel]
        logits = images.reshape(len(images), -1) @ weight
        total += np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return total / len(WEIGHTS)


def ensemble() -> Ensemble:
    return Ensemble([Toy(w) for w in WEIGHTS], VIEWS).set_train(False)


def test_a_view_in_numpy_is_the_one_of_the_network() -> None:
    alone = Ensemble([nn.Identity()], [RESIZED])
    with mode(ms.PYNATIVE_MODE):
        got = alone(Tensor(IMAGES)).asnumpy()
    np.testing.assert_allclose(RESIZED.apply(IMAGES), got, rtol=1e-5, atol=1e-5)
    assert got.shape == (2, 3, SMALL, SMALL)


def test_every_form_is_the_average(tmp_path) -> None:
    expected = by_hand()
    network = ensemble()
    with mode(ms.GRAPH_MODE):
        export_mindir(network, tmp_path / "model.mindir", (1, 3, SIZE, SIZE))
        check_mindir(tmp_path / "model.mindir")
        loaded = load_mindir(tmp_path / "model.mindir")
        got = np.concatenate([loaded(Tensor(image[None])).asnumpy() for image in IMAGES])
        export_onnx(network, tmp_path / "fixed.onnx", (1, 3, SIZE, SIZE), ["probabilities"])
    np.testing.assert_allclose(got, expected, atol=1e-6)
    nodes = onnx.load(tmp_path / "fixed.onnx").graph.node
    takers = {node.op_type for node in nodes if "image" in node.input}
    assert not takers & {"Mul", "Add"}  # see ``_Normalise``
    allow_any_batch(tmp_path / "fixed.onnx", tmp_path / "model.onnx")
    got = onnx_session(tmp_path / "model.onnx", 1).run(None, {"image": IMAGES})[0]
    np.testing.assert_allclose(got, expected, atol=1e-6)


class Pooled(nn.Cell):
    """A whole backbone; the fault of the converter needs one."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.backbone = build_backbone(name)

    def construct(self, x: Tensor) -> Tensor:
        for layer in self.backbone.features:
            x = layer(x)
        return ops.softmax(x.mean((2, 3))[:, :CLASSES], -1)


@pytest.mark.long
def test_lite_converts_members_that_see_the_image_in_three_ways(tmp_path) -> None:
    fetched_or_skip(lite_home)
    eye = np.eye(64, 96, dtype=np.float32)
    views = [AS_IT_IS, SHIFTED, View(eye, eye, SHIFTED.scale, SHIFTED.shift)]
    names = ("efficientnet_lite1", "mobilenet_v2", "small_cnn")
    network = Ensemble([Pooled(name) for name in names], views).set_train(False)
    with mode(ms.GRAPH_MODE):
        export_onnx(network, tmp_path / "model.onnx", (1, 3, 96, 96), ["probabilities"])
    convert_to_ms(tmp_path / "model.ms", tmp_path / "model.onnx")
    assert (tmp_path / "model.ms").stat().st_size


def test_members_keep_their_own_parameters_and_share_a_resize() -> None:
    names = [f"member{i}.weight" for i in range(3)]
    assert sorted(ensemble().parameters_dict()) == names
    again = View(RESIZED.rows.copy(), RESIZED.columns, SHIFTED.scale, SHIFTED.shift)
    both = Ensemble([nn.Identity()] * 3, [RESIZED, AS_IT_IS, again])
    assert (len(both.resizes), both.resize_of) == (2, (0, 1, 0))


@pytest.mark.parametrize(("view", "expected"), [(AS_IT_IS, False), (SHIFTED, True)])
def test_what_changes_nothing_is_not_computed(view: View, expected: bool) -> None:
    assert view.normalises is expected
