"""A child of ``test_fuzz_models.py``: FOLDER SEED COUNT MODEL; damaged MINDIR and ONNX files.

The files are described by a ``spec.json`` of their own, so that the check by SHA-256, which every
accidental damage meets, does not stand in the way.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import mindspore as ms
from fuzzing import Case, fuzz
from mutations import mutate

from src_mindspore.evaluation.model import load_model
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import FileSpec


def structure(content: bytes) -> list[int]:
    """Places of a file that are not within its weights: near names and other texts."""
    places: list[int] = []
    text = 0
    for place, byte in enumerate(content):
        text = text + 1 if 32 <= byte < 127 else 0
        if text >= 6:
            places.append(place)
    return places


def cases(folder: Path, seed: int, count: int, model: Path) -> Iterator[Case]:
    content = model.read_bytes()
    places = structure(content)
    rng = random.Random(seed)  # noqa: S311 - no secret
    spec = load_spec(model.parent / "spec.json")
    path = folder / model.name
    for _ in range(count):
        start = max(0, rng.choice(places) - rng.randrange(24))
        window = rng.choice((8, 64, 512))
        piece = mutate(content[start : start + window], rng, content[:4096])
        data = content[:start] + piece + content[start + window :]
        path.write_bytes(data)
        spec.with_files(FileSpec.of(path)).save(folder)
        yield model.suffix, path, data


if __name__ == "__main__":
    ms.set_context(mode=ms.GRAPH_MODE)
    total = cases(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    print(json.dumps(fuzz(total, {".mindir": load_model, ".onnx": load_model})))
