"""The one list of configuration keys: default, rule and meaning of each."""

from typing import Any, NamedTuple

from src_mindspore.config.fields import (
    Field,
    choice,
    flag,
    is_number,
    limit,
    listing,
    number,
    optional,
    pair,
    text,
    whole,
)
from src_mindspore.system.cache import FEATURES_LIMIT

AUTO, IMAGENET, NONE = "auto", "imagenet", "none"
ENSEMBLE = "ensemble"  # the one key of a file that is no config: see ensemble.py

# The words that a config accepts. What they mean is at home in other rooms, most of which need
# MindSpore; tests/config/test_words.py holds both equal, so that a config is checked without it.
DEVICES = (AUTO, "Ascend", "GPU", "CPU")
ENGINES = (AUTO, "onnxruntime", "mindspore")
KERNELS = (AUTO, "plain", "compiled")
INPUTS = ("cached", "photos")
OPTIMIZERS = ("momentum", "sgd", "adam", "adamw", "rmsprop")
PLATEAU = "plateau"
DECAYS = ("cosine", "square", "exponential", "linear", "constant", PLATEAU)
REDUCTIONS = ("mean", "max", NONE)
NORMALISATIONS = (NONE, "rms")
HIDDEN_ACTIVATIONS = ("relu", "relu6", "tanh", "gelu")
OUTPUT_ACTIVATIONS = (None, "softmax", "sigmoid")
CLASS_WEIGHTS = (NONE, "sqrt", "balanced")
NEAR_DUPLICATES = ("leave_out", "keep")
RESIZE_RULES = ("stretch", "shorter_side")
INTERPOLATIONS = ("bilinear", "bicubic", "lanczos")
PADDINGS = ("same", "symmetric")


class BackboneFacts(NamedTuple):
    """What a config has to know of a backbone: its layers, and how its ImageNet weights work.

    Without such weights: how it works where the config says nothing else.
    """

    layers: int
    size: int  # height and width in pixels of what the weights saw, or the network is meant for
    padding: str
    bn_eps: float
    widths: bool  # whether there are other widths than 1
    pretrained: bool = True  # whether there are ImageNet weights of it to be fetched
    weights: str = "a file of its own weights"  # what is accepted in their place


BACKBONES = {
    "mobilenet_v2": BackboneFacts(19, 224, "same", 1e-3, widths=True),
    "efficientnet_lite0": BackboneFacts(18, 224, "same", 1e-3, widths=False),
    "efficientnet_lite1": BackboneFacts(23, 240, "same", 1e-3, widths=False),
    "efficientnet_lite2": BackboneFacts(23, 260, "same", 1e-3, widths=False),
    "small_cnn": BackboneFacts(9, 96, "same", 1e-3, widths=False, pretrained=False),
    "mobilenet_v1": BackboneFacts(14, 224, "same", 1e-3, widths=True, pretrained=False),
    "resnet50": BackboneFacts(
        17,
        224,
        "same",
        1e-3,
        widths=False,
        pretrained=False,
        weights="a file of torchvision's (--set backbone.weights=FILE), such as "
        "https://download.pytorch.org/models/resnet50-11ad3fa6.pth",
    ),
}
MOST_LAYERS = max(facts.layers for facts in BACKBONES.values())
MAX_HIDDEN = 16  # extra Dense layers
MAX_TEACHERS = 16
MAX_WIDTH = 65_536  # of a Dense layer; behind the 1280 features it takes 335 MB


def _is_block(value: Any) -> bool:
    """Whether some backbone has such a layer; which ones the named one has: see ``checks.py``."""
    return type(value) is int and -MOST_LAYERS <= value < MOST_LAYERS


def _widths(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_HIDDEN
        and all(type(v) is int and 1 <= v <= MAX_WIDTH for v in value)
    )


def _teachers(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_TEACHERS
        and all(isinstance(item, str) and item for item in value)
    )


def _shares(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (2, 3)
        and all(is_number(v) and v > 0 for v in value)
        and abs(sum(value) - 1) < 1e-6
    )


def _stage(epochs: int, batch_size: int, lr: float, warmup: float) -> dict[str, Any]:
    """The keys that both training stages have."""
    return {
        "epochs": whole(epochs, 0, 100_000, "passes over the training photos; 0 skips the stage"),
        "batch_size": whole(batch_size, 1, 65_536, "photos per optimiser step"),
        "patience": whole(0, 0, 100_000, "stop after so many epochs without a better one; 0 never"),
        "optimizer": {
            "name": choice("momentum", OPTIMIZERS, "which optimiser"),
            "momentum": number(0.9, 0, 0.9999, "of momentum, sgd and rmsprop"),
            "weight_decay": number(4e-5, 0, 10, "L2 of weights; biases and batch norms have none"),
        },
        "lr": {
            "max": number(lr, 1e-9, 100, "learning rate after the warm-up"),
            "init": number(0.0, 0, 100, "where the warm-up starts from"),
            "end": number(0.0, 0, 100, "what the decay runs towards; of a plateau the lowest rate"),
            "warmup_epochs": number(warmup, 0, 100_000, "length of the linear warm-up"),
            "decay": choice("cosine", DECAYS, "shape of the decay; plateau: see the next two"),
            "factor": number(0.5, 1e-6, 0.999999, "of a plateau: what the rate is multiplied by"),
            "patience": whole(
                4,
                0,
                100_000,
                "of a plateau: epochs without a better val top-1 that are borne",
            ),
        },
    }


SCHEMA: dict[str, Any] = {
    "seed": whole(1, 0, 2**31 - 1, "of everything that is drawn: views, order, weights, splits"),
    "device": choice("auto", DEVICES, "auto takes Ascend, GPU or CPU, in this order"),
    "data": {
        "dir": text(None, "data folder; --data has precedence"),
        "split": Field(
            [0.8, 0.2], _shares, "2 or 3 shares that add up to 1", "for a folder without splits"
        ),
        "classes": listing(None, str, "class folders in output order; null: sorted names"),
        "labels": text(None, "YAML file of display names, relative to the config file"),
        "exclude": text(None, "list of photos to leave out, as the doctor's --fix writes it"),
        "near_duplicates": choice(
            "leave_out", NEAR_DUPLICATES, "training photos nearly identical to evaluated ones"
        ),
    },
    "input": {
        "size": optional(
            whole(224, 32, 1024, ""),
            "height and width of the input in pixels; null: the backbone's",
        ),
        "resize": choice("stretch", RESIZE_RULES, "stretch to the size, or shorter side and crop"),
        "shorter_side": whole(256, 32, 2048, "pixels of the shorter side before the crop"),
        "interpolation": choice("bilinear", INTERPOLATIONS, "anti-aliased filter of the resize"),
    },
    "backbone": {
        "name": choice("mobilenet_v2", tuple(BACKBONES), "the architecture, see backbones/"),
        "weights": text(
            AUTO,
            "imagenet, none (random), or a file of pretrained weights; auto: imagenet where there "
            "are such weights of the backbone, else none",
        ),
        "width_mult": optional(
            number(1.0, 0.1, 4, ""), "factor on channels; null: that of the weights, else 1"
        ),
        "padding": optional(
            choice("same", PADDINGS, ""), "of convolutions; null: that of the weights, else same"
        ),
        "bn_eps": optional(
            number(1e-3, 1e-8, 0.1, ""), "batch-norm epsilon; null: that of the weights, else 0.001"
        ),
    },
    "head": {
        "reduction": choice("mean", REDUCTIONS, "pooling of the last map; none flattens it"),
        "hidden": Field(
            [],
            _widths,
            f"up to {MAX_HIDDEN} whole numbers, 1 to {MAX_WIDTH}",
            "widths of the extra Dense layers",
        ),
        "normalisation": choice(
            NONE, NORMALISATIONS, "of what the first Dense takes: rms divides by its rms"
        ),
        "hidden_activation": choice("relu", HIDDEN_ACTIVATIONS, "after each extra Dense layer"),
        "dropout": number(0.0, 0, 0.95, "share dropped before the last Dense layer"),
        "activation": choice(None, OUTPUT_ACTIVATIONS, "of the exported output; picks the loss"),
    },
    "augment": {
        "scale": pair([0.35, 1.0], 0.01, 1, "share of the photo that a random crop covers"),
        "ratio": pair([0.75, 1.3333], 0.1, 10, "width / height of the crop, to the photo's own"),
        "flip": number(0.5, 0, 1, "probability of a left-right flip"),
        "brightness": number(0.2, 0, 1, "largest change"),
        "contrast": number(0.2, 0, 1, "largest change"),
        "saturation": number(0.2, 0, 1, "largest change"),
        "hue": number(0.02, 0, 0.5, "largest shift, share of the colour circle"),
        "rotation": number(0.0, 0, 180, "largest turn either way, in degrees"),
        "shift": number(0.0, 0, 0.5, "largest move across and down, share of the view's side"),
        "zoom": number(0.0, 0, 0.9, "z of factors 1 - z to 1 + z, of height and width each"),
        "shear": number(0.0, 0, 80, "largest shear either way, in degrees, as Keras has it"),
        "downscale": number(1.0, 0.05, 1, "smallest share of the size to shrink to, and back"),
        "blur": number(0.0, 0, 20, "largest standard deviation of a Gaussian, in pixels"),
    },
    "features": {
        "engine": choice("auto", ENGINES, "what runs the frozen layers; auto: the fastest here"),
        "views": whole(4, 0, 1000, "augmented views of a photo in the cache, besides the plain"),
        "batch_size": whole(16, 1, 4096, "photos per call of the engine"),
        "cache_dir": text(None, "folder of the feature cache; null: the user's cache folder"),
        "cache_limit": Field(
            FEATURES_LIMIT,
            lambda v: v is None or (is_number(v) and 0 <= v <= 1e6),
            "0 to 1e+06 or null",
            "GB of the feature cache: what is used least recently goes first; 0, null: no limit",
        ),
    },
    "loss": {
        "label_smoothing": number(0.1, 0, 0.9, "mass moved from the true class to all"),
        "class_weights": choice("none", CLASS_WEIGHTS, "of the loss: none, sqrt or full balance"),
    },
    "distill": {
        "teachers": Field(
            [],
            _teachers,
            f"up to {MAX_TEACHERS} run folders or config files",
            "whose averaged probabilities fine-tuning learns from; a config is trained first",
        ),
        "weight": number(0.7, 0, 1, "of the teachers' probabilities; the labels have the rest"),
        "temperature": number(2.0, 0.1, 100, "that both sides' logits are divided by"),
        "features": number(3.0, 0, 1000, "weight of the error of the extra outputs, see below"),
        "components": whole(
            128, 1, 1024, "principal components of the teachers' features, an extra output each"
        ),
        "dropout": number(0.0, 0, 0.95, "of the teachers' logits: a noisy teacher"),
        "noise": number(0.0, 0, 100, "standard deviation of what is added to them"),
    },
    "calibration": {
        "temperature": flag(True, "fit one on the validation photos, see calibration.py"),
        "precision": Field(
            None,
            lambda v: v is None or (is_number(v) and 0 <= v <= 1),
            "0 to 1 or null",
            "wanted of the answers given: below the score that reaches it the model abstains",
        ),
    },
    "head_stage": {
        **_stage(epochs=40, batch_size=64, lr=0.1, warmup=1),
        "kernels": choice("auto", KERNELS, "auto: compiled for this CPU where that is possible"),
    },
    "finetune_stage": {
        **_stage(epochs=0, batch_size=32, lr=1e-3, warmup=1),
        "from_block": Field(
            -4,
            lambda v: v == AUTO or _is_block(v),
            f"auto or a whole number, {-MOST_LAYERS} to {MOST_LAYERS - 1}",
            "first trained layer: 0 stem, -1 last; auto: the deepest training within budget",
        ),
        "budget": {
            "seconds": limit("extraction and fine-tuning may take, roughly; null: no limit"),
            "gigabytes": limit("the feature cache may take on the disk; null: no limit"),
        },
        "inputs": choice("cached", INPUTS, "cached: maps of features.views; photos: fresh views"),
        "freeze_head": flag(False, "keep the head as the first stage left it"),
        "freeze_bn_statistics": flag(True, "batch norms keep the pretrained mean and variance"),
        "kernels": choice("auto", KERNELS, "auto: compiled for this CPU where that is possible"),
    },
    "save_every": number(10, 0, 86_400, "seconds between checkpoints: what a crash can cost"),
}
