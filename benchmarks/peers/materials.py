"""What the peers are handed, so that all measure the same weights on the same photos.

    python materials.py DATA CONFIG FOLDER PHOTOS

FOLDER then has: ``weights.npz``, the pretrained backbone in the order of its layers;
``photos/train`` and ``photos/val``, links to the photos of the project's splits;
``photos.json``, the same as a list; ``trunk.onnx``, the backbone and its pooling for any batch;
``images.npy``, the first PHOTOS training photos as the network wants them, (n, 3, H, W) float32;
``expected.npy``, their pooled features as MindSpore computes them, (n, 1280).
"""

import json
import sys
from pathlib import Path

import numpy as np

from src_mindspore.config.load import load_config
from src_mindspore.dataset import DataSet
from src_mindspore.network.device import seed_everything, select_device
from src_mindspore.network.engines import MindSporeEngine
from src_mindspore.network.onnx_graph import feature_graph
from src_mindspore.photos.tensors import read_photos
from src_mindspore.training.build_model import build_model, pretrained_weights
from src_mindspore.training.options import model_options
from src_mindspore.training.train import photos_of
from src_mindspore.weights.imagenet import pretrained_file
from src_mindspore.weights.pretrained import read_weights

CHECKED = 8  # photos whose features the peers are compared on


def main() -> None:
    """See the module."""
    data_dir, config_file, folder, count = sys.argv[1:]
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    config = load_config(Path(config_file))
    select_device("CPU")
    seed_everything(config.seed)
    config.data.dir = data_dir
    data, _ = photos_of(config)
    hand_over_photos(data, target)
    np.savez(target / "weights.npz", **read_weights(pretrained_file()).parameters)
    model = model_options(config)
    weights = pretrained_weights(model["backbone"])
    classifier, spec = build_model(data.classes, weights, **model)
    paths = [data.root / record.path for record in data.records("train")[: int(count)]]
    images = read_photos(paths, spec.input)
    np.save(target / "images.npy", images)
    engine = MindSporeEngine(classifier.backbone, ("mean",), CHECKED)
    np.save(target / "expected.npy", engine(images[:CHECKED])[0])
    export_trunk(target / "trunk.onnx", classifier.backbone, spec.input.size[0])


def hand_over_photos(data: DataSet, target: Path) -> None:
    """Links to the photos and their list; class folders have the classes' names."""
    table: dict[str, object] = {"classes": data.classes}
    for split in ("train", "val"):
        rows = []
        for record in data.records(split):
            name = data.classes[record.label]
            link = target / "photos" / split / name / Path(record.path).name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to((data.root / record.path).resolve())
            rows.append([str(link), record.label])
        table[split] = rows
    (target / "photos.json").write_text(json.dumps(table), encoding="utf-8")


def export_trunk(path: Path, backbone: object, size: int) -> None:
    """Backbone and spatial mean as an ONNX file for any batch."""
    path.write_bytes(feature_graph(backbone, ("mean",), size))


if __name__ == "__main__":
    main()
