"""The last maps of all photos, for the peer whose extraction is too slow to be run whole.

    python maps.py DATA CONFIG FOLDER

FOLDER then has ``train.npy`` and ``val.npy``, (photos, 1280, 7, 7) float32 of the plain view in the
order of the peers' folders, and the labels ``train_y.npy`` and ``val_y.npy``, (photos,) int32.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from src_mindspore.backbone import last_layer
from src_mindspore.config.load import load_config
from src_mindspore.features.extract import cached_features
from src_mindspore.features.job import FeatureJob, Views
from src_mindspore.network.device import select_device
from src_mindspore.training.build_model import build_model, pretrained_weights
from src_mindspore.training.options import model_options
from src_mindspore.training.train import photos_of


def main() -> None:
    """See the module."""
    data_dir, config_file, folder = sys.argv[1:]
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    config = load_config(Path(config_file))
    device = select_device("CPU")
    config.data.dir = data_dir
    data, _ = photos_of(config)
    for split in ("train", "val"):
        model = model_options(config)
        weights = pretrained_weights(model["backbone"])
        classifier, spec = build_model(data.classes, weights, **model)
        last = last_layer(classifier.backbone)
        job = FeatureJob(classifier.backbone, (last,), spec.input, Views(), "auto", device, 16)
        with tempfile.TemporaryDirectory() as cache:
            values = cached_features(job, data, split, Path(cache))[last][:][:, 0]
            np.save(target / f"{split}.npy", values)
        labels = np.array([record.label for record in data.records(split)], np.int32)
        np.save(target / f"{split}_y.npy", labels)


if __name__ == "__main__":
    main()
