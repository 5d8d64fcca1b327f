"""What to compute of which photos: everything that the values in a cache entry depend on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from src_mindspore.backbone import IMAGE, POOLED, layers_before
from src_mindspore.backbones.interface import Backbone
from src_mindspore.features.store import Layout
from src_mindspore.network.engines import FeatureEngine, choose_engine
from src_mindspore.photos.augment import Augmentation
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.tensors import first_readable
from src_mindspore.photos.transform import prepare
from src_mindspore.spec.input import InputSpec

FEATURES_FORMAT = 2
SAMPLE = 4  # photos on which the engine is checked


@dataclass(frozen=True)
class Views:
    """The plain view of every photo and ``count`` augmented ones, drawn from ``seed``."""

    count: int = 0
    augmentation: Augmentation | None = None
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As the keys of the feature cache have it."""
        augmentation = self.augmentation.to_dict() if self.augmentation else None
        return {"count": self.count, "augmentation": augmentation, "seed": self.seed}

    def of(
        self, image: Image.Image, index: int, spec: InputSpec, wanted: Sequence[int] | None = None
    ) -> np.ndarray:
        """Views of photo number ``index``: (n, H, W, 3) uint8; all of them, the plain one first.

        ``wanted`` asks for some, by their place in that order.
        """
        return np.stack(
            [self._view(image, index, v, spec) for v in wanted or range(self.count + 1)]
        )

    def _view(self, image: Image.Image, index: int, view: int, spec: InputSpec) -> np.ndarray:
        if view == 0:
            return prepare(image, spec)
        rng = np.random.default_rng([self.seed, index, view - 1])
        return self.augmentation(image, rng, spec)


@dataclass(frozen=True)
class FeatureJob:
    """What to compute: everything the values in a cache entry depend on.

    ``engines`` remembers what ``engine_for`` has chosen; jobs may share it.
    """

    backbone: Backbone
    outputs: tuple[str, ...]
    input: InputSpec
    views: Views
    engine: str
    device: str
    batch_size: int
    engines: dict[tuple[str, ...], FeatureEngine] = field(default_factory=dict)

    def key(self, records: Sequence[Record], digests: dict[str, str]) -> str:
        """64 hexadecimal digits; another for any change of weights, photos, transform, views."""
        parts = {
            "format": FEATURES_FORMAT,
            "outputs": self.outputs,
            "input": self.input.to_dict(),
            "views": self.views.to_dict(),
            "engine": [self.engine, self.device],
            "weights": self._weights(),
        }
        photos = hashlib.sha256()
        for record in records:
            photos.update(digests[record.path].encode())
        parts["photos"] = photos.hexdigest()
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def dtype(self, output: str) -> np.dtype:
        """How an output is stored."""
        half = self.views.count > 0 and output not in POOLED
        return np.dtype(np.float16 if half else np.float32)

    def layout(self, photos: int) -> Layout:
        """The arrays of an entry, known before anything is computed."""
        outputs = {name: (self._shape(name), self.dtype(name)) for name in self.outputs}
        return Layout(photos * (self.views.count + 1), self.batch_size, outputs)

    def _shape(self, output: str) -> tuple[int, ...]:
        if output in POOLED:
            return (self.backbone.out_channels,)
        if output == IMAGE:
            return (self.backbone.layers[0].inputs, *self.input.size)
        layers = layers_before(self.backbone, output)
        sides = (self.backbone.map_sides(side)[layers - 1] for side in self.input.size)
        return (self.backbone.channels[layers - 1], *sides)

    def engine_for(self, reader: PhotoReader, records: Sequence[Record]) -> FeatureEngine:
        """What computes the outputs, checked on the plain views of a few photos.

        Choosing takes seconds: an engine with these outputs and weights is chosen once.
        """
        key = (*self.outputs, self._weights())
        if key not in self.engines:
            sample = first_readable(reader, records, SAMPLE, self.input)
            self.engines[key] = choose_engine(
                self.engine, self.device, self.backbone, self.outputs, sample, self.batch_size
            )
        return self.engines[key]

    def take(self, engine: FeatureEngine) -> None:
        """Uses an engine, for these outputs, that has been compared with MindSpore elsewhere."""
        self.engines[(*self.outputs, self._weights())] = engine

    def _weights(self) -> str:
        digest = hashlib.sha256()
        depth = max(layers_before(self.backbone, name) for name in self.outputs)
        for index, layer in enumerate(list(self.backbone.features)[:depth]):
            for name, parameter in sorted(layer.parameters_dict().items()):
                digest.update(f"{index} {name} {parameter.shape}".encode())
                digest.update(np.ascontiguousarray(parameter.asnumpy()).data)
            for _, cell in layer.cells_and_names():
                convention = [getattr(cell, key, None) for key in ("eps", "pad_mode", "padding")]
                digest.update(str(convention).encode())
        return digest.hexdigest()
