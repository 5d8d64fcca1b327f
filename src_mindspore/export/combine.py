"""An average of runs as one network with one description, and as its checkpoints say it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src_mindspore.evaluation.model import Model, Runner
from src_mindspore.evaluation.open_checkpoint import classifier_of, mindspore_runner
from src_mindspore.export.members import OUTPUT, Member
from src_mindspore.network.ensemble import Ensemble, View
from src_mindspore.photos.resize_matrix import resize_matrix
from src_mindspore.runs.names import MODEL
from src_mindspore.spec.input import InputSpec
from src_mindspore.spec.model import ENSEMBLE, FileSpec, ModelSpec

# A photo that comes in the largest size has been through one filter. Behind that the bicubic one,
# which does not widen what it is given, comes nearest to one resize from the file: of 60 photos of
# 224 pixels by 260 to 224 it is off by 3.9 of 255 (root mean square; bilinear 5.1, Lanczos 3.4), of
# 60 larger ones by 0.9 (1.4, 0.9).
SECOND_RESIZE = "bicubic"


def common_input(members: Sequence[Member]) -> InputSpec:
    """The input of the average: that of the first of the members with the largest."""
    return max((member.spec.input for member in members), key=lambda i: i.size[0] * i.size[1])


def view_of(image: InputSpec, member: InputSpec) -> View:
    """How the input of a member is made of the average's, of one not smaller."""
    sizes = (None, None)
    if image.size != member.size:
        sizes = tuple(
            resize_matrix(before, after, SECOND_RESIZE)
            for before, after in zip(image.size, member.size, strict=True)
        )
    # pixel = x * std + mean; the member's x = (pixel - its mean) / its std
    mean, std, own_mean, own_std = (
        np.array(values) for values in (image.mean, image.std, member.mean, member.std)
    )
    scale, shift = std / own_std, (mean - own_mean) / own_std
    return View(*sizes, scale.astype(np.float32), shift.astype(np.float32))


def ensemble_spec(members: Sequence[Member]) -> ModelSpec:
    """What the average is, without a calibration; display names are those of the first run."""
    first = members[0]
    parts = [
        {
            **{key: member.spec.model.get(key) for key in ("backbone", "head", "parameters")},
            "input": {key: member.spec.input.to_dict()[key] for key in ("size", "mean", "std")},
            "temperature": member.spec.temperature * member.spec.model_temperature,
            "sha256": member.file.sha256,
        }
        for member in members
    ]
    parameters = [part["parameters"] for part in parts if isinstance(part["parameters"], int)]
    model = {ENSEMBLE: parts, "activation": first.activation, "parameters": sum(parameters)}
    return ModelSpec(first.spec.classes, first.spec.labels, common_input(members), OUTPUT, model)


def ensemble_file(members: Sequence[Member]) -> FileSpec:
    """The checkpoints as if they were one file; its hash is that of the list of theirs."""
    digests = "\n".join(member.file.sha256 for member in members)
    size = sum(member.file.bytes for member in members)
    name = f"average of {len(members)}"
    return FileSpec(name, size, hashlib.sha256(digests.encode()).hexdigest())


def combined(members: Sequence[Member]) -> Ensemble:
    """The network of the average, in inference mode, each member with its own temperature in it.

    Raises:
        UserError: a checkpoint that is not the network which its spec describes.
    """
    image = common_input(members)
    networks = [classifier_of(m.deployed_spec, m.run / MODEL) for m in members]
    views = [view_of(image, member.spec.input) for member in members]
    return Ensemble(networks, views).set_train(False)


def own_models(members: Sequence[Member], photos: int | None = None) -> list[Model]:
    """Every member by itself, as its run has it, run by MindSpore.

    Args:
        members: of the average.
        photos: how many they will be given, see ``mindspore_runner``.

    Raises:
        UserError: see ``combined``.
    """
    return [
        Model(
            member.run / MODEL,
            member.spec,
            member.file,
            mindspore_runner(classifier_of(member.spec, member.run / MODEL), photos),
        )
        for member in members
    ]


def averaged(models: Sequence[Model], spec: ModelSpec, file: FileSpec) -> Model:
    """The average as NumPy computes it of what each model says: what exported files must say.

    Args:
        models: the members.
        spec: of the average.
        file: see ``ensemble_file``.
    """
    views = [view_of(spec.input, model.spec.input) for model in models]

    def run(images: np.ndarray) -> np.ndarray:
        parts = [
            model.probabilities(model.run(view.apply(images)))
            for model, view in zip(models, views, strict=True)
        ]
        return np.mean(parts, axis=0).astype(np.float32)

    return Model(Path(file.name), spec, file, Runner(run, models[0].runtime))
