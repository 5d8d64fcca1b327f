"""The same photos in 8 bits and in deeper files: training, scoring and labels are the same."""

import json

import numpy as np
import pytest
from odd_files import tiff
from photo_files import png_bytes
from PIL import Image

TRAIN = (
    "train.py --config configs/demo.yaml --set features.views=0 --set finetune_stage.epochs=0"
    " --data {0} --run runs/{0}"
)
# By set: the range that it has, how an 8-bit level is written in it, and how the file ends.
SETS = {
    "grey_8": (None, None, ".png"),
    "bits_10": ({"low": 0.0, "high": 1023.0}, lambda g: g.astype(np.uint16) * 4, ".png"),
    "kelvin": ({"low": 28_000.0, "high": 28_255.0}, lambda g: g.astype(np.uint16) + 28_000, ".tif"),
    "real": ({"low": 0.0, "high": 1.0}, lambda g: g.astype(np.float32) / 255, ".tif"),
}


def write_sets(folder) -> None:
    """The drawn photos in grey, black and white in each, so that all ranges are whole."""
    for source in sorted((folder / "photos").glob("*/*/*")):
        grey = np.asarray(Image.open(source).convert("L")).copy()
        grey[:2] = 0
        grey[2:4] = 255
        for name, (_, written, suffix) in SETS.items():
            relative = source.relative_to(folder / "photos").with_suffix(suffix)
            target = folder / name / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            if written is None:
                Image.fromarray(grey).save(target)
            elif suffix == ".png":
                target.write_bytes(png_bytes(written(grey)[..., None], 0, 16))
            else:
                target.write_bytes(tiff(written(grey)))


@pytest.mark.long
def test_deep_photos_train_like_their_8_bits(workplace) -> None:
    write_sets(workplace.folder)
    scores = {}
    for name, (spread, _, suffix) in SETS.items():
        done = workplace.call(TRAIN.format(name))
        assert done.returncode == 0, done.stderr
        run = workplace.folder / "runs" / name
        spec = json.loads((run / "spec.json").read_text())
        assert spec["input"].get("range") == spread
        assert ("becomes 0 to 255 in all of them" in done.stderr) == (spread is not None)
        scores[name] = json.loads((run / "metrics.json").read_text())["val"]["loss"]
        done = workplace.call(f"evaluate.py runs/{name} --data {name} --json {name}.json")
        assert done.returncode == 0, done.stderr
        got = json.loads((workplace.folder / f"{name}.json").read_text())
        assert got["loss"] == pytest.approx(scores[name], abs=1e-5)
        photo = next((workplace.folder / name / "val").glob(f"*/*{suffix}"))
        done = workplace.call(f"predict.py runs/{name} {photo}")
        assert done.returncode == 0, done.stderr
        assert "may be wrong" not in done.stderr
    assert len(set(scores.values())) == 1, scores
    done = workplace.call(f"predict.py runs/real {workplace.folder}/bits_10/val --json")
    assert "photos of more than 8 bits whose brightness may be wrong" in done.stderr
