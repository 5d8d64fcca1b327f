"""Smaller ``.ms`` files: what the MindSpore Lite converter is told, and the photos it learns from.

Every function here is for ``converter.convert_to_ms``, whose ``config_text`` is one of the texts
made here. The keys are those of the parser of MindSpore Lite 2.0 (mindspore/lite/tools/converter/
config_parser); the numbers were measured on the 26-class garbage photos with its libraries.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from src_mindspore.system.errors import UserError

QUANTS = ("none", "fp16", "weight8", "int8")

# How the range of an activation is found: all that was seen; without the outermost values; by the
# Kullback-Leibler divergence of the histograms. Measured, of 127 photos, float32 right on 121:
# 122, 121 and 53 right. The last is only there for who asks for it.
INT8_METHODS = ("MAX_MIN", "REMOVAL_OUTLIER", "KL")
CALIBRATION_PHOTOS = 100  # MindSpore Lite's documentation asks for 100 to 500
MAX_CALIBRATION_PHOTOS = 65535  # of the converter

# weight8: relative error of a layer's weights that rounding may make. With 0.005 the file has the
# size of one with 8 bits a weight; 126 and 127 of 127 photos (two runs) keep float32's label.
WEIGHT_ERROR = 0.005
# Layers with fewer weights stay float32. The depthwise ones, 9 x 1344 weights at width 1.4, have a
# few weights far from the others: the converter's code has too few symbols for them and it fails.
MIN_WEIGHTS = 12_100

_NOT_IN_A_PATH = ",:='\"\n"  # they separate or are dropped where the converter reads a path


def spread_over_classes(labels: Sequence[int], count: int, seed: int = 0) -> list[int]:
    """Chooses photos to calibrate with: equally many of every class, as far as they reach.

    Args:
        labels: the class of every photo.
        count: how many to choose; fewer are chosen where there are fewer.
        seed: of the choice within a class.

    Returns:
        Indices into ``labels``. The first few of them are spread over the classes as well.
    """
    of_class: dict[int, list[int]] = defaultdict(list)
    for index in np.random.default_rng(seed).permutation(len(labels)):
        of_class[labels[index]].append(int(index))
    rounds = max((len(found) for found in of_class.values()), default=0)
    turns = (
        of_class[label][turn]
        for turn in range(rounds)
        for label in sorted(of_class)
        if turn < len(of_class[label])
    )
    return [index for index, _ in zip(turns, range(count), strict=False)]


def write_calibration(folder: Path, tensors: Iterable[np.ndarray]) -> int:
    """Writes input tensors as the converter reads them: one raw little-endian file each.

    The converter takes the files of the folder in the order of their names, so nothing else may
    be in it. Ready tensors are used because the converter's own way from an image file to a tensor
    knows neither an anti-aliased resize nor one of the shorter side.

    Args:
        folder: does not exist yet, or is empty.
        tensors: float32, (H, W, 3) or (1, H, W, 3), all of one shape, prepared as for inference.

    Returns:
        How many there were.

    Raises:
        UserError: there is not a single one, or the folder holds something.
        ValueError: a tensor of another type or shape, or with a value that is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UserError(f"calibration tensors are written to an empty folder; {folder} is not")
    count, shape = 0, None
    for tensor in tensors:
        shape = shape or tensor.shape
        if tensor.dtype != np.float32 or tensor.shape != shape or shape[-1] != 3:
            raise ValueError(
                f"a calibration tensor is float32, height x width x 3, like all others ({shape}); "
                f"got {tensor.dtype} {tensor.shape}"
            )
        if not np.isfinite(tensor).all():
            raise ValueError(f"calibration tensor {count} has a value that is not finite")
        tensor.astype("<f4").tofile(folder / f"{count:05}.bin")
        count += 1
    if count == 0:
        raise UserError("int8 is calibrated with training photos; there is none")
    return count


def int8_config(
    calibration: Path,
    count: int,
    *,
    method: str = "MAX_MIN",
    bias_correction: bool = True,
    skip: Sequence[str] = (),
    input_name: str = "image",
) -> str:
    """The converter's configuration for full int8: weights and activations.

    Weights are quantised per output channel. Rounding shifts the mean of what a layer puts out;
    the correction of the biases takes that back and is where the converter spends its time: with
    100 photos 6 s are not for it, and about 75 s are on two idle cores. Without it one of two
    measured runs lost a photo of 127, and the divergence from float32 is three times as large.

    Args:
        calibration: the folder that ``write_calibration`` filled.
        count: how many of its tensors are used, the first ones; at most as many as there are.
        method: one of ``INT8_METHODS``.
        bias_correction: see above.
        skip: names of ONNX nodes that stay float32.
        input_name: of the ONNX file's input.

    Raises:
        UserError: no such method, or a path that the converter would misread.
        ValueError: a count outside 1..65535.
    """
    if method not in INT8_METHODS:
        raise UserError(f"the int8 method must be one of {', '.join(INT8_METHODS)}; got {method!r}")
    path = str(calibration.absolute())
    if any(c in path for c in _NOT_IN_A_PATH) or path != path.strip():
        raise UserError(
            "the path of the folder with the calibration tensors must not contain any of "
            f", : = ' \" nor end in a space, because the converter misreads them; got {path!r}"
        )
    if not 1 <= count <= MAX_CALIBRATION_PHOTOS:
        raise ValueError(f"1 to {MAX_CALIBRATION_PHOTOS} tensors calibrate a model; got {count}")
    return _ini(
        common_quant_param={"quant_type": "FULL_QUANT", "bit_num": 8, **_skipped(skip)},
        data_preprocess_param={
            "calibrate_path": f"{input_name}:{path}",
            "calibrate_size": count,
            "input_type": "BIN",
        },
        full_quant_param={
            "activation_quant_method": method,
            "bias_correction": str(bias_correction).lower(),
            "per_channel": "true",
        },
    )


def weight8_config(error: float = WEIGHT_ERROR, skip: Sequence[str] = ()) -> str:
    """The converter's configuration for weights of about 8 bits; the model computes in float32.

    This is the converter's mixed-bit form: per layer a step is searched whose rounding makes the
    wanted error, and the rounded weights are stored entropy-coded (FSE). The runtime turns them
    into float32 as it reads the file. The plain form, ``bit_num=8``, is turned into float32 later,
    by each layer, and the 2.0.0 runtimes of the registry then cannot find the weights they share
    between models: ``Build`` fails with "pack_weight.cc:200 GetPackData] can not find tensor data
    in origin tensor data", on x86-64 for MatMul, on aarch64 for the 1x1 convolutions too.

    Args:
        error: mean relative error of a layer's weights, above 0 and below 1. A smaller one makes
            a larger file: 0.02 1.9 to 2.1 MB, 0.005 2.7 MB, 0.002 3.2 MB; at 0.001 the converter
            fails.
        skip: names of ONNX nodes that stay float32.

    Raises:
        ValueError: an error outside that range.
    """
    if not 0 < error < 1:
        raise ValueError(f"the error of a layer's weights is above 0 and below 1; got {error}")
    return _ini(
        common_quant_param={
            "quant_type": "WEIGHT_QUANT",
            "bit_num": 0,  # mixed
            "min_quant_weight_size": MIN_WEIGHTS,
            "min_quant_weight_channel": 0,
            **_skipped(skip),
        },
        mixed_bit_weight_quant_param={"init_scale": f"{error:g}", "auto_tune": "false"},
    )


def divergence(expected: np.ndarray, got: np.ndarray) -> float:
    """How far a quantised model is from its original: mean Kullback-Leibler divergence, >= 0.

    Unlike the share of right labels it is not flattered by photos that the network was trained on
    and knows by heart, and it tells files apart that give the same labels.

    Args:
        expected: (N, classes) probabilities of the original.
        got: those of the quantised model.
    """
    floor = np.finfo(np.float32).tiny
    p, q = (np.maximum(x.astype(np.float64), floor) for x in (expected, got))
    return float((p * np.log(p / q)).sum(1).mean())


def _skipped(names: Sequence[str]) -> dict[str, str]:
    wrong = [name for name in names if not name or any(c in name for c in ",=\n")]
    if wrong:
        raise ValueError(f"a node's name has no comma and no = in it; got {wrong}")
    return {"skip_quant_node": ",".join(names)} if names else {}


def _ini(**sections: dict[str, object]) -> str:
    lines = []
    for name, keys in sections.items():
        lines += [f"[{name}]", *(f"{key}={value}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"
