"""The network of an average of checkpoints against each of them run by itself."""

from dataclasses import replace
from pathlib import Path

import mindspore as ms
import numpy as np
from helpers import input_spec, mode
from mindspore import Tensor

from src_mindspore.evaluation.model import Model, Runner
from src_mindspore.evaluation.probabilities import probabilities
from src_mindspore.export.combine import averaged, combined, ensemble_file, ensemble_spec
from src_mindspore.export.members import Member
from src_mindspore.network.classifier import build_classifier
from src_mindspore.network.forward import run_uncompiled
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.photos.resize_matrix import resize_matrix
from src_mindspore.spec.calibration import CalibrationSpec
from src_mindspore.spec.model import FileSpec, ModelSpec

BACKBONE = {"name": "mobilenet_v2", "width_mult": 0.35, "padding": "same", "bn_eps": 1e-3}
SIZES, TEMPERATURES, ACTIVATIONS = (32, 40), (0.25, 2.0), (None, "softmax")


def checkpoint(folder: Path, index: int) -> tuple[Member, object]:
    """A classifier of random weights as a run has it, and the network itself."""
    size, activation = SIZES[index], ACTIVATIONS[index]
    temperature = {
        "temperature" if activation is None else "model_temperature": TEMPERATURES[index]
    }
    head = {"reduction": "mean", "hidden": [], "hidden_activation": "relu", "dropout": 0.0}
    head |= {"normalisation": "none", "activation": activation}
    ms.set_seed(index)
    with mode(ms.GRAPH_MODE):
        network = build_classifier(BACKBONE, head, 3, size).set_train(False)
    weight = network.head.head[0].weight
    weight.set_data(Tensor(np.random.default_rng(index).normal(0, 1, weight.shape), ms.float32))
    folder.mkdir()
    ms.save_checkpoint(network, str(folder / "model.ckpt"))
    image = input_spec(size)
    if index:
        image = replace(image, mean=(127.0,) * 3, std=(128.0,) * 3)
    spec = ModelSpec(
        tuple("abc"),
        ({}, {}, {}),
        image,
        "probabilities" if activation else "logits",
        {"backbone": BACKBONE, "head": head, "parameters": 1},
        calibration=CalibrationSpec("val", 50, "0" * 64, **temperature),
    )
    file = FileSpec.of(folder / "model.ckpt")
    return Member(folder, spec, file, folder, RunPhotos({})), network


def test_the_average_of_two_sizes_normalisations_and_temperatures(tmp_path):
    pairs = [checkpoint(tmp_path / str(index), index) for index in range(2)]
    members = [member for member, _ in pairs]
    pixels = np.random.default_rng(5).integers(0, 256, (3, 3, 40, 40)).astype(np.float32)
    rows = resize_matrix(40, 32, "bicubic")
    inputs = [(rows @ pixels @ rows.T - 127.5) / 127.5, (pixels - 127) / 128]
    logits = [
        run_uncompiled(n, x.astype(np.float32)) for (_, n), x in zip(pairs, inputs, strict=True)
    ]
    parts = [probabilities(x / t, "logits") for x, t in zip(logits, TEMPERATURES, strict=True)]
    expected = np.mean(parts, axis=0)
    assert np.abs(parts[0] - parts[1]).max() > 0.05  # the members do not agree
    spec = ensemble_spec(members)
    image = inputs[1].astype(np.float32)
    np.testing.assert_allclose(run_uncompiled(combined(members), image), expected, atol=1e-5)

    # the reference: models as their runs have them, one with its temperature outside, one inside
    says = [lambda x: run_uncompiled(pairs[0][1], x)]
    says += [lambda x: probabilities(run_uncompiled(pairs[1][1], x) / 2.0, "logits")]
    models = [
        Model(m.run, m.spec, m.file, Runner(run, "toy"))
        for m, run in zip(members, says, strict=True)
    ]
    reference = averaged(models, spec, ensemble_file(members))
    np.testing.assert_allclose(reference.run(image), expected, atol=1e-5)
    np.testing.assert_array_equal(reference.probabilities(expected), expected)
