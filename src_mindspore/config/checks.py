"""Rules between the keys of a config, and keys that have no effect beside the others."""

from collections.abc import Iterator, Mapping
from typing import Any

from src_mindspore.config.schema import AUTO, BACKBONES, IMAGENET, NONE, PLATEAU

STAGE_TABLES = ("head_stage", "finetune_stage")
Config = Mapping[str, Any]


def settle(config: dict[str, Any]) -> None:
    """Replaces what follows from other keys, in place; the config must have no problems.

    ``input.size: null`` is what the backbone's weights saw, ``weights: auto`` is ``imagenet`` where
    there are such, else ``none``, a negative ``from_block`` counts from the last layer,
    ``width_mult: null`` is 1 unless it follows from a file of weights.
    """
    backbone, stage = config["backbone"], config["finetune_stage"]
    facts = BACKBONES[backbone["name"]]
    if config["input"]["size"] is None:
        config["input"]["size"] = facts.size
    backbone["weights"] = _weights(backbone)
    if stage["from_block"] != AUTO and stage["from_block"] < 0:
        stage["from_block"] += facts.layers
    if backbone["width_mult"] is None and backbone["weights"] in (IMAGENET, NONE, None):
        backbone["width_mult"] = 1.0


def _weights(backbone: Config) -> str | None:
    """What ``weights`` says, ``auto`` resolved."""
    if backbone["weights"] != AUTO:
        return backbone["weights"]
    return IMAGENET if BACKBONES[backbone["name"]].pretrained else NONE


def contradictions(config: Config) -> list[str]:
    """Rules between keys that a config breaks, a line each: rule, what was got, what is accepted.

    Args:
        config: complete; every value by itself is accepted.
    """
    return [
        *(line for name in STAGE_TABLES for line in _learning_rate(name, config[name]["lr"])),
        *_stages(config),
        *_kernels(config),
        *_backbone(config),
        *_input(config),
        *_distillation(config),
    ]


def _learning_rate(stage: str, lr: Config) -> Iterator[str]:
    for key in ("init", "end"):
        if lr[key] > lr["max"]:
            yield f"{stage}.lr.{key} must not be above lr.max ({lr['max']})"
    if lr["decay"] == "exponential" and lr["end"] == 0:
        yield f"{stage}.lr.end must be above 0 for the exponential decay; got 0"


def _stages(config: Config) -> Iterator[str]:
    head, stage = config["head_stage"], config["finetune_stage"]
    if head["epochs"] + stage["epochs"] == 0:
        yield "head_stage.epochs and finetune_stage.epochs are both 0: nothing to train"
    block, inputs = stage["from_block"], stage["inputs"]
    layers = BACKBONES[config["backbone"]["name"]].layers
    if block != AUTO and not -layers <= block < layers:
        yield (
            f"finetune_stage.from_block of {config['backbone']['name']} must be 0 to {layers - 1}, "
            f"or -1 (the last layer) to -{layers}; got {block}"
        )
    if not stage["epochs"]:
        return
    if block == AUTO and inputs != "cached":
        yield f"finetune_stage.from_block: {AUTO} needs finetune_stage.inputs: cached; got {inputs}"


def _kernels(config: Config) -> Iterator[str]:
    for name in STAGE_TABLES:
        compiled = config[name]["epochs"] and config[name]["kernels"] == "compiled"
        if compiled and config["device"] not in ("auto", "CPU"):
            yield (
                f"{name}.kernels: compiled needs device CPU or auto; got {config['device']}: "
                f"auto or plain is accepted there"
            )


def _backbone(config: Config) -> Iterator[str]:
    backbone = config["backbone"]
    name, weights, width = backbone["name"], _weights(backbone), backbone["width_mult"]
    facts = BACKBONES[name]
    if weights == IMAGENET and not facts.pretrained:
        yield (
            f"backbone.weights of {name} must be {AUTO}, {NONE} or {facts.weights}; got "
            f"{IMAGENET}, and there are none of it here"
        )
        return
    if not facts.widths and width not in (None, 1):
        yield f"backbone.width_mult of {name} must be 1 or null; got {width:g}"
    elif weights == IMAGENET and width not in (None, 1):
        yield (
            f"backbone.width_mult must be 1 or null where backbone.weights is {IMAGENET}, whose "
            f"width is 1; got {width:g}: other widths take weights of their own, or none"
        )
    if weights != IMAGENET:
        return
    for key, own in (("padding", facts.padding), ("bn_eps", facts.bn_eps)):
        if backbone[key] not in (None, own):
            yield (
                f"backbone.{key} must be {own} or null where backbone.weights is {IMAGENET}, which "
                f"were trained so; got {backbone[key]}"
            )


def _input(config: Config) -> Iterator[str]:
    image = config["input"]
    size = image["size"] or BACKBONES[config["backbone"]["name"]].size
    if image["resize"] == "shorter_side" and image["shorter_side"] < size:
        yield f"input.shorter_side must be at least input.size ({size})"


def _distillation(config: Config) -> Iterator[str]:
    table, stage = config["distill"], config["finetune_stage"]
    if not table["teachers"]:
        return
    if not stage["epochs"]:
        yield (
            "distill.teachers need finetune_stage.epochs above 0: a linear head alone learns "
            "nothing better from them"
        )
    if stage["inputs"] != "cached":
        yield (
            "distill.teachers need finetune_stage.inputs: cached: what they say of a view is "
            f"computed once; got {stage['inputs']}"
        )
    if not (table["weight"] or table["features"]):
        yield "distill.weight and distill.features are both 0: nothing is learned from the teachers"
    if config["head"]["activation"] == "sigmoid":
        yield (
            "head.activation must be null or softmax where there are distill.teachers, whose "
            "probabilities add up to 1; got sigmoid"
        )


def random_layers(config: Config) -> list[str]:
    """Layers that stay as they were drawn: what may be asked, and gives poor features; a line each.

    Args:
        config: as ``load_config`` gives it.
    """
    backbone, stage = config["backbone"], config["finetune_stage"]
    if backbone["weights"] not in (NONE, None):
        return []
    weights = backbone["weights"] or "null"
    found = []
    if not stage["epochs"] or stage["from_block"] != 0:
        before = f" before {stage['from_block']} (finetune_stage.from_block)"
        found.append(
            f"backbone.weights is {weights}: all layers{before if stage['epochs'] else ''} keep "
            f"their random weights; configs/masks_small.yaml trains a whole network from photos"
        )
    if stage["epochs"] and stage["freeze_bn_statistics"]:
        found.append(
            f"backbone.weights is {weights}: batch norms keep mean 0 and variance 1, as they "
            f"begin; finetune_stage.freeze_bn_statistics: false has them learn"
        )
    return found


def worker_problems(config: Config, workers: int) -> list[str]:
    """What several workers cannot train as one would.

    A batch must be shared evenly; batch norms that learn statistics would see a part of it only.

    Args:
        config: as ``load_config`` gives it.
        workers: how many there are, 1 or more.
    """
    found = []
    if (
        workers > 1
        and config["head_stage"]["epochs"]
        and config["head_stage"]["kernels"] == "compiled"
    ):
        found.append(
            f"head_stage.kernels: compiled is for one worker; got {workers}: auto or plain is "
            f"accepted there"
        )
    if workers > 1 and config["distill"]["teachers"]:
        found.append(f"distill.teachers need one worker; got {workers}")
    for name in STAGE_TABLES:
        stage = config[name]
        if not stage["epochs"] or workers == 1:
            continue
        if stage["batch_size"] % workers:
            found.append(
                f"{name}.batch_size is that of all workers together and must be a multiple of "
                f"their number, {workers}; got {stage['batch_size']}"
            )
        if not stage.get("freeze_bn_statistics", True):
            found.append(
                f"{workers} workers cannot train batch-norm statistics as one would: "
                f"{name}.freeze_bn_statistics must be true"
            )
    return found


def idle_keys(config: Config) -> dict[str, str]:
    """Keys, or tables of them, that change nothing beside the other values, and why.

    Args:
        config: complete and without contradictions.
    """
    found: dict[str, str] = {}
    stage = config["finetune_stage"]
    for name in STAGE_TABLES:
        if not config[name]["epochs"]:
            found[name] = f"{name}.epochs is 0"
            continue
        lr, optimizer = config[name]["lr"], config[name]["optimizer"]
        if lr["decay"] == "constant":
            found[f"{name}.lr.end"] = "the decay is constant"
        if lr["decay"] != PLATEAU:
            reason = f"the decay is {lr['decay']}, not {PLATEAU}"
            found |= {f"{name}.lr.factor": reason, f"{name}.lr.patience": reason}
        if lr["warmup_epochs"] >= config[name]["epochs"]:
            reason = "the warm-up takes all epochs"
            keys = ("end", "decay", "factor", "patience")
            found |= {f"{name}.lr.{key}": reason for key in keys}
        if not lr["warmup_epochs"]:
            found[f"{name}.lr.init"] = "warmup_epochs is 0"
        if optimizer["name"] in ("adam", "adamw"):
            found[f"{name}.optimizer.momentum"] = f"{optimizer['name']} has none"
    if stage["from_block"] != AUTO:
        found["finetune_stage.budget"] = f"from_block is not {AUTO}"
    cached = config["head_stage"]["epochs"] or (stage["epochs"] and stage["inputs"] == "cached")
    if not cached:
        found["features.views"] = "no stage reads cached features"
    if not (cached and config["features"]["views"]) and (
        not stage["epochs"] or stage["inputs"] == "cached"
    ):
        found["augment"] = "features.views is 0 and no stage reads photos"
    distill = config["distill"]
    if not distill["teachers"]:
        found["distill"] = "distill.teachers is empty"
    else:
        if not distill["features"]:
            found["distill.components"] = "distill.features is 0"
        if not distill["weight"]:
            reason = "distill.weight is 0"
            found |= {f"distill.{key}": reason for key in ("temperature", "dropout", "noise")}
    if config["input"]["resize"] != "shorter_side":
        found["input.shorter_side"] = "input.resize is stretch"
    if not config["head"]["hidden"]:
        found["head.hidden_activation"] = "head.hidden is empty"
    return found
