"""Which runs are averaged, and what is said of those that do not go together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import input_spec

from src_mindspore.export.combine import common_input, ensemble_file, ensemble_spec, view_of
from src_mindspore.export.member_photos import united, why_no_score
from src_mindspore.export.members import Member, load_members
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.photos.resize_matrix import resize_matrix
from src_mindspore.runs.splits import splits_table
from src_mindspore.spec.calibration import CalibrationSpec
from src_mindspore.spec.input import InputSpec, ValueRange
from src_mindspore.spec.labels import load_labels
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import write_json

LITE = {"mean": (127.0,) * 3, "std": (128.0,) * 3}


def spec_of(
    classes: str = "ab", image: InputSpec | None = None, head: dict | None = None, **more
) -> ModelSpec:
    backbone = {"name": "mobilenet_v2", "width_mult": 0.35}
    model = {"backbone": backbone, "head": {"activation": None, **(head or {})}, "parameters": 7}
    output = "probabilities" if model["head"]["activation"] else "logits"
    names = tuple(classes)
    return ModelSpec(
        names, load_labels(None, names), image or input_spec(32), output, model, **more
    )


def photos(train: str = "", val: str = "", test: str = "", hashes: bool = True) -> RunPhotos:
    """A letter is a photo of class a, told by it; a capital one is of class b."""

    def path(letter: str) -> str:
        return f"{'a' if letter.islower() else 'b'}/{letter}.png"

    parts = {"train": train, "val": val, "test": test}
    splits = {name: [path(x) for x in part] for name, part in parts.items() if part}
    digests = {path(x): x.lower() * 64 for part in parts.values() for x in part}
    return RunPhotos(splits, digests if hashes else {})


def run_folder(path: Path, spec: ModelSpec, photos: RunPhotos, weights: bytes = b"") -> Path:
    """A finished run, as far as an export looks before it reads the weights."""
    path.mkdir(parents=True)
    (path / "config.yaml").write_text("data: {dir: photos}\n")
    (path / "metrics.json").write_text("{}")
    (path / "model.ckpt").write_bytes(weights or str(path).encode())
    spec.with_files(FileSpec.of(path / "model.ckpt")).save(path)
    write_json(path / "splits.json", splits_table(photos))
    return path


def member(name: str = "a", spec: ModelSpec | None = None, of: RunPhotos | None = None) -> Member:
    file = FileSpec("model.ckpt", 10, name * 64)
    return Member(
        Path("runs") / name, spec or spec_of(), file, Path("photos"), of or photos("xy", "v")
    )


def test_finished_runs_are_read(tmp_path):
    runs = [run_folder(tmp_path / name, spec_of(), photos("xy", "v")) for name in "abc"]
    members = load_members(runs, tmp_path / "out")
    assert [m.run for m in members] == runs
    assert members[0].data == tmp_path / "a/photos"
    assert members[1].photos.splits == photos("xy", "v").splits
    assert members[2].file.sha256 == load_spec(runs[2] / "spec.json").files[0].sha256


def test_two_or_three_different_runs_and_a_folder_to_write(tmp_path):
    one = run_folder(tmp_path / "a", spec_of(), photos("x", "v"), b"weights")
    same = run_folder(tmp_path / "b", spec_of(), photos("x", "v"), b"weights")
    with pytest.raises(UserError, match=r"^an average of 2 runs .* name the folder .* with --out$"):
        load_members([one, same], None)
    with pytest.raises(UserError, match=r"^an average is of two or three runs; got 4: .*/a, "):
        load_members([one] * 4, tmp_path)
    with pytest.raises(
        UserError, match=r"different runs; .*/a and .*/b have the same model\.ckpt$"
    ):
        load_members([one, same], tmp_path)
    with pytest.raises(UserError, match="no is no run folder"):
        load_members([one, tmp_path / "no"], tmp_path)


CROPPED = input_spec(224, 256)


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (spec_of("abc"), spec_of("abd"), "a has 3, .*/b 3: c only in .*/a; d only in .*/b$"),
        (spec_of("abc"), spec_of("bac"), "the same 3, in another order$"),
        (spec_of("ab"), spec_of("abc"), "a has 2, .*/b 3: c only in .*/b$"),
        (
            spec_of(head={"activation": "sigmoid"}),
            spec_of(),
            "one kind .*a has sigmoid, .*/b softmax$",
        ),
        (
            spec_of(image=CROPPED),
            spec_of(image=input_spec(224)),
            r"input\.resize\.rule; .*a has shorter_side, .*/b stretch$",
        ),
        (
            spec_of(),
            spec_of(image=input_spec(32, interpolation="bicubic")),
            r"the same input\.resize\.interpolation; .*a has bilinear, .*/b bicubic$",
        ),
        (
            spec_of(),
            spec_of(image=replace(input_spec(32), range=ValueRange(0, 4095))),
            r"input\.range; .*a has None, .*/b ValueRange\(low=0\.0, high=4095\.0\)$",
        ),
        (
            spec_of(image=CROPPED),
            spec_of(image=input_spec(260, 260)),
            "to a pixel; .*a has 224 of 256 pixels, .*/b 260 of 260$",
        ),
    ],
    ids=range(8),
)
def test_what_cannot_be_averaged(tmp_path, first, second, text):
    runs = [
        run_folder(tmp_path / name, spec, photos("x", "v"))
        for name, spec in (("a", first), ("b", second))
    ]
    with pytest.raises(UserError, match=text):
        load_members(runs, tmp_path / "out")


def test_the_same_part_of_a_photo_in_two_sizes(tmp_path):
    images = {"a": CROPPED, "b": input_spec(260, 297)}  # 260 * 256 / 224 = 297.1
    runs = [run_folder(tmp_path / n, spec_of(image=i), photos("x", "v")) for n, i in images.items()]
    assert common_input(load_members(runs, tmp_path / "out")) == images["b"]


def test_a_member_puts_out_calibrated_probabilities():
    calibrated = spec_of(calibration=CalibrationSpec("val", 50, "f" * 64, temperature=0.5))
    deployed = member(spec=calibrated).deployed_spec
    assert (deployed.output, deployed.activation) == ("probabilities", "softmax")
    assert (deployed.temperature, deployed.model_temperature) == (1, 0.5)
    assert calibrated.activation is None


def test_a_view_gives_every_member_its_own_values():
    image, small = input_spec(40), replace(input_spec(32), **LITE)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 40, 40)).astype(np.float32)
    rows = resize_matrix(40, 32, "bicubic")
    expected = (rows @ pixels @ rows.T - 127) / 128
    got = view_of(image, small).apply((pixels - 127.5) / 127.5)
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert not view_of(image, image).normalises


def test_the_description_of_an_average(tmp_path):
    lite = replace(
        spec_of(image=replace(input_spec(40), **LITE)), labels=({"en": "A"}, {"en": "B"})
    )
    calibrated = spec_of(calibration=CalibrationSpec("val", 50, "f" * 64, temperature=0.5))
    members = [member("a", calibrated), member("b", lite)]
    spec = ensemble_spec(members)
    assert (spec.labels, spec.input, spec.output) == (
        calibrated.labels,
        lite.input,
        "probabilities",
    )
    assert spec.activation == "softmax"
    assert spec.model["parameters"] == 14
    one, two = spec.model["ensemble"]
    assert one["backbone"] == calibrated.model["backbone"]
    assert (one["temperature"], two["temperature"]) == (0.5, 1)
    assert (one["sha256"], two["input"]["size"]) == ("a" * 64, (40, 40))
    spec.save(tmp_path)
    assert load_spec(tmp_path / "spec.json").activation == "softmax"
    assert ensemble_file(members).bytes == 20
    assert ensemble_file(members).sha256 != ensemble_file(members[::-1]).sha256


def test_a_score_needs_the_same_validation_photos():
    same = [member("a", of=photos("xy", "vw")), member("b", of=photos("x", "wv"))]
    assert why_no_score(same) is None
    other = member("b", of=photos("x", "vz"))
    assert why_no_score([same[0], other]).endswith("1 only in runs/a, 1 only in runs/b")
    relabelled = member("b", of=photos("x", "Vw"))
    assert "told by content and class" in why_no_score([same[0], relabelled])
    old = member("b", of=photos("x", "vw", hashes=False))
    assert why_no_score([same[0], old]).startswith("runs/b: its run is of a version that kept no")


def test_a_photo_counts_for_what_the_worst_member_did_with_it():
    one, two = photos("xy", "vw", "t"), photos("vz", "xw", "y")
    found = united([member("a", of=one), member("b", of=two)])
    parts = {
        part: {found.digests[path][0] for path in paths} for part, paths in found.splits.items()
    }
    assert parts == {"train": set("xyvz"), "val": {"w"}, "test": {"t"}}
    assert found.part_of["t" * 64] == "test"
    # another photo may have the name of one that is there
    clash = RunPhotos({"train": ["a/x.png"]}, {"a/x.png": "q" * 64})
    both = united([member("a", of=one), member("b", of=clash)])
    assert both.digests["qqqqqqqq/a/x.png"] == "q" * 64
    assert united([member("a", of=photos("x", "v", hashes=False))]) is None
