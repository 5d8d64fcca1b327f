"""Configuration files: what they may say, what is refused and in which words."""

from pathlib import Path

import pytest
import yaml

from src_mindspore.config.checks import random_layers, worker_problems
from src_mindspore.config.load import load_config, resolved_yaml, settings_without_effect
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import write_text

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def write(tmp_path):
    """Writes a config file and returns its path."""

    def write(source: str, name: str = "a.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return path

    return write


def problems(path: Path, *overrides: str) -> list[str]:
    """The lines of the refusal after its first."""
    with pytest.raises(UserError) as caught:
        load_config(path, overrides)
    first, *lines = str(caught.value).splitlines()
    assert first == f"{path} cannot be used:"
    return [line.removeprefix("  ") for line in lines]


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(CONFIGS.rglob("*.yaml")) if "labels" not in p.relative_to(CONFIGS).parts],
    ids=lambda p: p.name,
)
def test_every_config_of_the_project_loads(path):
    if path.name == "mask_resnet50.yaml":  # it lacks weights, and says which
        (line,) = problems(path)
        assert line == (
            "backbone.weights of resnet50 must be auto, none or a file of torchvision's (--set "
            "backbone.weights=FILE), such as https://download.pytorch.org/models/"
            "resnet50-11ad3fa6.pth; got imagenet, and there are none of it here"
        )
        return
    config = load_config(path)
    for file in (config.data.labels, config.data.dir):
        assert file is None or Path(file).exists()


def test_an_empty_file_gives_the_defaults(write):
    config = load_config(write(""))
    assert config.input.size == 224
    assert config.data.split == [0.8, 0.2]
    assert config.head_stage.optimizer.weight_decay == 4e-5
    assert config.finetune_stage.lr.max == 1e-3


ACCEPTED = [
    ("seed", "0", 0),
    ("seed", "2147483647", 2**31 - 1),
    ("data.classes", "['00_00', '1e3']", ["00_00", "1e3"]),
    ("data.split", "[0.7, 0.1, 0.2]", [0.7, 0.1, 0.2]),
    ("head.hidden", "[128, 64]", [128, 64]),
    ("head.activation", "null", None),
    ("head_stage.lr.max", "1e-3", 0.001),
    ("head_stage.lr.max", "2.5E-3", 0.0025),
    ("head_stage.lr.max", "+1e1", 10.0),
    ("head_stage.optimizer.momentum", "0", 0),
    ("augment.scale", "[1, 1]", [1, 1]),
    ("finetune_stage.freeze_head", "yes", True),
]


@pytest.mark.parametrize(("key", "value", "expected"), ACCEPTED)
def test_a_value_is_read_and_survives_a_round_trip(write, key, value, expected):
    config = load_config(write(""), [f"{key}={value}"])
    again = load_config(write(resolved_yaml(config), "again.yaml"))
    assert again == config
    for name in key.split("."):
        config = config[name]
    assert config == expected
    assert type(config) is type(expected)


REFUSED = [
    ("seed: -1", "seed must be a whole number, 0 to 2147483647; got -1"),
    ("seed: 1.0", "seed must be a whole number, 0 to 2147483647; got 1.0"),
    ("seed: true", "seed must be a whole number, 0 to 2147483647; got True"),
    ("device: TPU", "device must be one of auto, Ascend, GPU, CPU; got 'TPU'"),
    (
        "data: {split: [0.5, 0.4]}",
        "data.split must be 2 or 3 shares that add up to 1; got [0.5, 0.4]",
    ),
    ("data: {split: [1, 0]}", "data.split must be 2 or 3 shares that add up to 1; got [1, 0]"),
    ("data: {classes: [00_00]}", "data.classes must be a list of str or null; got [0]"),
    ("data: {labels: 3}", "data.labels must be text or null; got 3"),
    ("backbone: {width_mult: x}", "backbone.width_mult must be 0.1 to 4 or null; got 'x'"),
    ("head: {activation: relu}", "head.activation must be one of null, softmax, sigmoid; got 're"),
    ("head: {hidden: [0]}", "head.hidden must be up to 16 whole numbers, 1 to 65536; got [0]"),
    ("head: {hidden: null}", "head.hidden must be up to 16 whole numbers, 1 to 65536; got None"),
    (
        "augment: {scale: [1, 0.5]}",
        "augment.scale must be [a, b] with 0.01 <= a <= b <= 1; got [1, 0.5]",
    ),
    ("augment: {rotation: -20}", "augment.rotation must be 0 to 180; got -20"),
    ("augment: {downscale: 0}", "augment.downscale must be 0.05 to 1; got 0"),
    ("loss: {label_smoothing: .nan}", "loss.label_smoothing must be 0 to 0.9; got nan"),
    ("head_stage: {lr: {max: 0}}", "head_stage.lr.max must be 1e-09 to 100; got 0"),
    (
        "finetune_stage: {freeze_head: 1}",
        "finetune_stage.freeze_head must be true or false; got 1",
    ),
    ("input: 224", "input must be a table; got 224"),
    ("head_stage: {lr:}", "head_stage.lr must be a table; got None"),
    ("sead: 1", "unknown key sead; the nearest is seed"),
    ("head: {droput: 0.1}", "unknown key head.droput; the nearest is head.dropout"),
    ("head_stage: {lr: {maximum: 1}}", "unknown key head_stage.lr.maximum; the nearest is head_st"),
    ("5: 6", "unknown key 5; the nearest is "),
    ("epoch: 3", "unknown key epoch; there is head_stage.epochs and finetune_stage.epochs"),
    ("Head-Stage: 3", "unknown key Head-Stage; there is head_stage"),
    ("image_size: 3", "unknown key image_size; there is input.size"),
    ("input: {learning_rate: 3}", "unknown key input.learning_rate; there is head_stage.lr and "),
    (
        "epochs: 3",
        "unknown key epochs; there is head_stage.epochs and finetune_stage.epochs",
    ),
    ("budget: {seconds: 3}", "unknown key budget; there is finetune_stage.budget"),
    # rules between keys
    ("head_stage: {lr: {init: 0.2}}", "head_stage.lr.init must not be above lr.max (0.1)"),
    ("finetune_stage: {lr: {end: 1}}", "finetune_stage.lr.end must not be above lr.max (0.001)"),
    (
        "head_stage: {lr: {decay: exponential}}",
        "head_stage.lr.end must be above 0 for the exponential decay; got 0",
    ),
    (
        "head_stage: {epochs: 0}",
        "head_stage.epochs and finetune_stage.epochs are both 0: nothing to train",
    ),
    (
        "distill: {teachers: [a.yaml]}",
        "distill.teachers need finetune_stage.epochs above 0: a linear head alone learns nothing "
        "better from them",
    ),
    (
        "distill: {teachers: [a.yaml]}\nfinetune_stage: {epochs: 1, inputs: photos}",
        "distill.teachers need finetune_stage.inputs: cached: what they say of a view is computed "
        "once; got photos",
    ),
    (
        "distill: {teachers: [a.yaml], weight: 0, features: 0}\nfinetune_stage: {epochs: 1}",
        "distill.weight and distill.features are both 0: nothing is learned from the teachers",
    ),
    (
        "distill: {teachers: [a.yaml]}\nhead: {activation: sigmoid}\nfinetune_stage: {epochs: 1}",
        "head.activation must be null or softmax where there are distill.teachers, whose "
        "probabilities add up to 1; got sigmoid",
    ),
    (
        "input: {resize: shorter_side, shorter_side: 200}",
        "input.shorter_side must be at least input.size (224)",
    ),
    (
        "backbone: {name: efficientnet_lite2}\ninput: {resize: shorter_side}",
        "input.shorter_side must be at least input.size (260)",
    ),
    (
        "backbone: {width_mult: 0.5}",
        "backbone.width_mult must be 1 or null where backbone.weights is imagenet, whose width is "
        "1; got 0.5: other widths take weights of their own, or none",
    ),
    (
        "backbone: {name: efficientnet_lite0, weights: none, width_mult: 0.5}",
        "backbone.width_mult of efficientnet_lite0 must be 1 or null; got 0.5",
    ),
    (
        "backbone: {padding: symmetric}",
        "backbone.padding must be same or null where backbone.weights is imagenet, which were "
        "trained so; got symmetric",
    ),
    ("backbone: {bn_eps: 1e-5}", "backbone.bn_eps must be 0.001 or null where backbone.weights"),
    (
        "backbone: {name: mobilenet}",
        "backbone.name must be one of mobilenet_v2, efficientnet_lite0, efficientnet_lite1, "
        "efficientnet_lite2, small_cnn, mobilenet_v1, resnet50; got",
    ),
    (
        "backbone: {name: small_cnn, weights: imagenet}",
        "backbone.weights of small_cnn must be auto, none or a file of its own weights; got "
        "imagenet, and there are none of it here",
    ),
    (
        "backbone: {name: small_cnn, width_mult: 0.5}",
        "backbone.width_mult of small_cnn must be 1 or null; got 0.5",
    ),
    (
        "backbone: {name: efficientnet_lite0}\nfinetune_stage: {from_block: 18}",
        "finetune_stage.from_block of efficientnet_lite0 must be 0 to 17, or -1 (the last layer) "
        "to -18; got 18",
    ),
    ("finetune_stage: {from_block: 23}", "finetune_stage.from_block must be auto or a whole numb"),
    (
        "finetune_stage: {epochs: 1, from_block: auto, inputs: photos}",
        "finetune_stage.from_block: auto needs finetune_stage.inputs: cached; got photos",
    ),
    (
        "device: GPU\nfinetune_stage: {epochs: 1, kernels: compiled}",
        "finetune_stage.kernels: compiled needs device CPU or auto; got GPU",
    ),
]


@pytest.mark.parametrize(("source", "problem"), REFUSED)
def test_refusals(write, source, problem):
    (line,) = problems(write(source))
    assert line.startswith(problem)


@pytest.mark.parametrize(
    "source",
    [
        "head_stage: {epochs: 0}\nfinetune_stage: {epochs: 1}",
        "finetune_stage: {epochs: 0, from_block: 0}",
        "finetune_stage: {epochs: 1, from_block: 0, inputs: photos}",
        "head_stage: {lr: {decay: exponential, end: 0.001}}",
        "input: {resize: shorter_side, shorter_side: 224}",
        "input: {resize: stretch, shorter_side: 32}",
    ],
)
def test_rules_between_keys_let_pass(write, source):
    load_config(write(source))


SETTLED = [
    ("", "input.size", 224),
    ("backbone: {name: efficientnet_lite2}", "input.size", 260),
    ("", "finetune_stage.from_block", 15),
    ("finetune_stage: {from_block: -1}", "finetune_stage.from_block", 18),
    (
        "backbone: {name: efficientnet_lite0}\nfinetune_stage: {from_block: -18}",
        "finetune_stage.from_block",
        0,
    ),
    ("", "backbone.width_mult", 1.0),
    ("backbone: {weights: w.ckpt}", "backbone.width_mult", None),
    ("", "backbone.weights", "imagenet"),
    ("backbone: {weights: imagenet}", "backbone.weights", "imagenet"),
    ("backbone: {weights: null}", "backbone.weights", None),
    ("backbone: {name: small_cnn}", "backbone.weights", "none"),
    ("backbone: {name: small_cnn}", "input.size", 96),
]


@pytest.mark.parametrize(("source", "key", "expected"), SETTLED)
def test_what_follows_from_other_keys_is_put_in_its_place(write, source, key, expected):
    config = load_config(write(source))
    assert load_config(write(resolved_yaml(config), "again.yaml")) == config
    for name in key.split("."):
        config = config[name]
    assert config == expected


IDLE = [
    ("input: {shorter_side: 300}", "input.shorter_side: no effect, input.resize is stretch"),
    (
        "finetune_stage: {epochs: 0, from_block: 3, freeze_head: true}",
        "finetune_stage.from_block, finetune_stage.freeze_head: no effect, finetune_stage.epochs "
        "is 0",
    ),
    (
        "head_stage: {optimizer: {name: adam, momentum: 0.5}}",
        "head_stage.optimizer.momentum: no effect, adam has none",
    ),
    (
        "head_stage: {lr: {init: 0.01, warmup_epochs: 0}}",
        "head_stage.lr.init: no effect, warmup_epochs is 0",
    ),
    (
        "head_stage: {lr: {decay: constant, end: 0.01}}",
        "head_stage.lr.end: no effect, the decay is constant",
    ),
    (
        "head_stage: {lr: {factor: 0.1}}",
        "head_stage.lr.factor: no effect, the decay is cosine, not plateau",
    ),
    ("head_stage: {lr: {decay: plateau, factor: 0.1, patience: 2, end: 0.001}}", None),
    (
        "head_stage: {epochs: 2, lr: {warmup_epochs: 2, decay: linear}}",
        "head_stage.lr.decay: no effect, the warm-up takes all epochs",
    ),
    (
        "finetune_stage: {epochs: 1, budget: {seconds: 5}}",
        "finetune_stage.budget.seconds: no effect, from_block is not auto",
    ),
    (
        "features: {views: 0}\naugment: {flip: 0}",
        "augment.flip: no effect, features.views is 0 and no stage reads photos",
    ),
    (
        "head_stage: {epochs: 0}\nfinetune_stage: {epochs: 1, inputs: photos}\n"
        "features: {views: 1}",
        "features.views: no effect, no stage reads cached features",
    ),
    (
        "head: {hidden_activation: tanh}",
        "head.hidden_activation: no effect, head.hidden is empty",
    ),
    ("", None),
    ("features: {views: 0}\nfinetune_stage: {epochs: 1, inputs: photos}\naugment: {flip: 0}", None),
]


@pytest.mark.parametrize(("source", "line"), IDLE)
def test_settings_without_effect_are_named(write, source, line):
    assert settings_without_effect(load_config(write(source))) == ([line] if line else [])


RANDOM = [
    ("", []),
    ("backbone: {weights: w.ckpt}", []),
    (
        "backbone: {weights: none}",
        [
            "backbone.weights is none: all layers keep their random weights; "
            "configs/masks_small.yaml trains a whole network from photos"
        ],
    ),
    (
        "backbone: {name: small_cnn}\nfinetune_stage: {epochs: 1}",
        [
            "backbone.weights is none: all layers before 5 (finetune_stage.from_block) keep "
            "their random weights; configs/masks_small.yaml trains a whole network from photos",
            "backbone.weights is none: batch norms keep mean 0 and variance 1, as they begin; "
            "finetune_stage.freeze_bn_statistics: false has them learn",
        ],
    ),
    (
        "backbone: {weights: null}\n"
        "finetune_stage: {epochs: 1, from_block: auto, freeze_bn_statistics: false}",
        [
            "backbone.weights is null: all layers before auto (finetune_stage.from_block) "
            "keep their random weights; configs/masks_small.yaml trains a whole network from photos"
        ],
    ),
    (
        "backbone: {name: small_cnn}\nfinetune_stage: {epochs: 1, from_block: -9, inputs: photos, "
        "freeze_bn_statistics: false}",
        [],
    ),
]


@pytest.mark.parametrize(("source", "lines"), RANDOM)
def test_layers_that_stay_random_are_named(write, source, lines):
    assert random_layers(load_config(write(source))) == lines


def test_workers_share_batches(write):
    config = load_config(write("head_stage: {batch_size: 5}\nfinetune_stage: {epochs: 1}"))
    assert worker_problems(config, 1) == []
    assert worker_problems(config, 2) == [
        "head_stage.batch_size is that of all workers together and must be a multiple of their "
        "number, 2; got 5"
    ]
    source = "finetune_stage: {epochs: 1, freeze_bn_statistics: false}"
    assert worker_problems(load_config(write(source)), 2) == [
        "2 workers cannot train batch-norm statistics as one would: "
        "finetune_stage.freeze_bn_statistics must be true"
    ]


def test_all_problems_are_reported_together(write):
    path = write("sead: 1\ninput: {size: 1}\nhead: {droput: 1, reduction: sum}")
    assert sorted(problems(path, "seed=x", "nope", "device=[", "head.dropout.x=1")) == sorted(
        [
            "--set takes KEY.SUB=VALUE; got 'nope'",
            "--set device is not YAML: while parsing a flow node expected the node content, but "
            "found '<stream end>' in \"<unicode string>\", line 1, column 2: [ ^",
            "unknown key sead; the nearest is seed",
            "unknown key head.droput; the nearest is head.dropout",
            "seed must be a whole number, 0 to 2147483647; got 'x'",
            "input.size must be a whole number, 32 to 1024 or null; got 1",
            "head.reduction must be one of mean, max, none; got 'sum'",
            "head.dropout must be 0 to 0.95; got {'x': 1}",
        ]
    )


def test_an_override_below_a_value(write):
    assert problems(write("input: 4"), "input.size=32") == [
        "--set input.size: input is a value, not a table",
        "input must be a table; got 4",
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a: [1", r"a\.yaml is not YAML: while parsing .* line 1"),
        ("seed: 2024-13-01", r"a\.yaml is not YAML: month must be in 1\.\.12"),
        ("[1, 2]", r"a\.yaml must hold keys and values; got list"),
        ("base: none.yaml", r"the config cannot be read: .*none\.yaml: no such file"),
        ("base: a.yaml", r"a\.yaml is its own base: a\.yaml -> a\.yaml"),
    ],
)
def test_unreadable_files(write, source, text):
    with pytest.raises(UserError, match=text):
        load_config(write(source))


def test_a_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"seed: \xff")
    with pytest.raises(UserError, match=r"cannot be read: .*must be text in UTF-8; byte 6 is 0xff"):
        load_config(path)


def test_a_cycle_of_bases_is_named(write):
    write("base: ../c.yaml", "sub/b.yaml")
    write("base: a.yaml", "c.yaml")
    with pytest.raises(UserError, match=r"is its own base: a.yaml -> b.yaml -> c.yaml -> a.yaml"):
        load_config(write("base: sub/b.yaml"))


def test_precedence(write):
    """An override stands above the file, the file above its base, tables are merged."""
    write("seed: 1\ninput: {size: 64}\nhead: {hidden: [1, 2], dropout: 0.5}", "root.yaml")
    write("base: root.yaml\nseed: 2\nhead: {hidden: [3]}", "base.yaml")
    path = write("base: base.yaml\nseed: 3\nhead: {reduction: max}")
    config = load_config(path, ["head.reduction=none", "seed=4", "seed=5"])
    assert (config.seed, config.input.size) == (5, 64)
    assert (config.head.hidden, config.head.dropout, config.head.reduction) == ([3], 0.5, "none")


def test_paths_are_relative_to_the_file_that_names_them(write, tmp_path, monkeypatch):
    write("data: {dir: photos, labels: ../l.yaml}\nfeatures: {cache_dir: cache}", "sub/b.yaml")
    path = write("base: sub/b.yaml\nbackbone: {weights: ~/w.ckpt}\ndata: {labels: /l.yaml}")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.chdir("/")
    config = load_config(path)
    assert config.data.dir == str(tmp_path / "sub/photos")
    assert config.features.cache_dir == str(tmp_path / "sub/cache")
    assert (config.backbone.weights, config.data.labels) == ("/home/me/w.ckpt", "/l.yaml")


def test_paths_of_overrides_are_relative_to_the_working_folder(write, tmp_path, monkeypatch):
    path = write("", "sub/a.yaml")
    monkeypatch.chdir(tmp_path)
    config = load_config(path, ["data.dir=imagenet", "backbone.weights=none"])
    assert config.data.dir == str(tmp_path / "imagenet")
    assert config.backbone.weights == "none"
    assert load_config(path, ["backbone.weights=auto"]).backbone.weights == "imagenet"


def test_resolved_yaml_is_plain(write, tmp_path):
    source = "data: {labels: 标签.yaml, classes: [纸, b]}\naugment: {flip: 1e-1}"
    text = resolved_yaml(load_config(write(source)))
    assert yaml.safe_load(text)["augment"]["flip"] == 0.1
    assert str(tmp_path / "标签.yaml") in text  # neither escaped nor tagged
    assert "!" not in text
    assert text.startswith("seed: 1\ndevice: auto\ndata:\n")


def test_a_path_is_taken_as_it_stands(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = write("")
    for text in ("[a] {b}: c #d.json", "2024", "it's", "~nobody", "No", "纸 &x"):
        (tmp_path / text).touch()
        assert load_config(config, [f"data.exclude={text}"]).data.exclude == str(tmp_path / text)
    for text in ("null", "~", ""):
        assert load_config(config, [f"data.exclude={text}"]).data.exclude is None
    quoted = load_config(config, ["data.exclude='a b'"])
    assert quoted.data.exclude == str(tmp_path / "a b")


def test_a_path_that_is_no_utf8_is_written_and_read_back(write, tmp_path):
    config = load_config(write(""), [f"data.dir={tmp_path}/caf\udce9"])
    assert config.data.dir == f"{tmp_path}/caf\udce9"
    path = tmp_path / "again.yaml"
    write_text(path, resolved_yaml(config))
    assert load_config(path) == config
