"""Pretrained weights as Keras writes them, with the toy network's numbers."""

from pathlib import Path

import h5py
import numpy as np
import toy_mobilenet

HEAD = np.ones((5, 1280), np.float32)
TOY = toy_mobilenet.zoo_arrays()


def save_keras(path: Path, root: str = "model_weights", suffix: str = ":0", skip: str = "") -> Path:
    """An HDF5 file with the backbone's layers but ``skip``, a classifier, optimizer state."""
    with h5py.File(path, "w") as file:
        for conv in toy_mobilenet.convs():
            kernel = TOY[f"{conv.zoo[0]}.weight"]
            depthwise = conv.shape[1] == 1
            axes, kind = (
                ((2, 3, 0, 1), "depthwise_kernel") if depthwise else ((2, 3, 1, 0), "kernel")
            )
            layers = {conv.keras[0]: {kind: kernel.transpose(axes)}}
            layers[conv.keras[1]] = {k: TOY[f"{conv.zoo[1]}.{k}"] for k in toy_mobilenet.NORMS}
            for layer, arrays in layers.items():
                for kind, array in arrays.items():
                    if layer != skip:
                        file[f"{root}/{layer}/{layer}/{kind}{suffix}"] = array
        file[f"{root}/dense/dense/kernel{suffix}"] = HEAD
        if root.startswith("model_weights"):
            file["optimizer_weights/Conv1/kernel:0"] = HEAD
    return path
