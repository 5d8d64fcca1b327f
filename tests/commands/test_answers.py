"""predict.py with its outputs, and evaluate.py on photos that are, or are not, the run's."""

import csv
import io
import json
import shutil
import sys

import pytest

import predict


def labelled(workplace, options: str) -> str:
    done = workplace.call(f"predict.py runs/mine {options}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_predictions_as_a_table_and_as_copies(workplace, run_folder, monkeypatch) -> None:
    photos = sorted((workplace.folder / "photos/val/00_03").iterdir())
    listed = "\n".join(map(str, photos)).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed)))
    out = labelled(workplace, "- --csv - --topk 2 --sort sorted")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["path"] for row in rows] == list(map(str, photos))
    said = [
        json.loads(line) for line in labelled(workplace, "photos/val/00_03 --json").splitlines()
    ]
    assert [row["label"] for row in rows] == [line["label"] for line in said]
    assert [row["label_2"] for row in rows] == [line["topk"][1]["label"] for line in said]
    copies = [
        workplace.folder / "sorted" / row["label"] / path.name
        for row, path in zip(rows, photos, strict=True)
    ]
    assert [copy.read_bytes() for copy in copies] == [path.read_bytes() for path in photos]
    refused = workplace.call("predict.py runs/mine photos --sort photos/val")
    assert refused.returncode == 2
    assert "outside of those that are labelled; photos/val is in photos" in refused.stderr


def test_a_table_has_the_good_photos_of_a_call_with_bad_ones(workplace, run_folder) -> None:
    folder = workplace.folder / "half"
    shutil.copytree(workplace.folder / "photos/val/00_03", folder)
    (folder / "bad.jpg").write_bytes(b"no photo")
    done = workplace.call("predict.py runs/mine half --csv half.csv")
    assert done.returncode == 2
    assert "1 of 3 images could not be read" in done.stderr
    assert len((workplace.folder / "half.csv").read_text().splitlines()) == 3
    again = workplace.call("predict.py runs/mine half --csv half.csv")
    assert again.returncode == 2
    assert "--csv writes a new file, and half.csv is there" in again.stderr


def scores(workplace, options: str) -> tuple[dict, str]:
    file = workplace.folder / "answers.json"
    done = workplace.call(f"evaluate.py runs/mine {options} --json {file}")
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text()), done.stdout


def test_a_run_is_scored_on_its_own_photos_without_naming_them(workplace, run_folder) -> None:
    named, said = scores(workplace, "--data photos")
    assert scores(workplace, "") == (named, said)
    assert (named["selected_on"], named["identity"]["val"]) == ("val", named["n"])
    assert "epoch, temperature and threshold were chosen on these photos (val of the run)" in said
    alone = workplace.folder / "alone"
    alone.mkdir()
    for name in ("model.ckpt", "spec.json"):
        shutil.copy(run_folder / name, alone)
    done = workplace.call("evaluate.py alone/model.ckpt")
    assert done.returncode == 2
    assert "alone/model.ckpt is in no run folder" in done.stderr


@pytest.fixture(scope="module")
def strange(workplace) -> str:
    """Folders whose ``val`` has the run's training photos under other names, and new photos."""
    root = workplace.folder / "strange"
    for source in sorted((workplace.folder / "photos/val").glob("*/*")):
        label = source.parent.name
        (root / "val" / label).mkdir(parents=True, exist_ok=True)
        for i, photo in enumerate(sorted((workplace.folder / "photos/train" / label).iterdir())):
            if i == 0:
                shutil.copy(photo, root / "val" / label / source.name)
            elif i == 1:
                content = photo.read_bytes() + b"\0"  # another file of the same pixels
                (root / "val" / label / f"new-{photo.name}").write_bytes(content)
    return "strange"


def test_a_score_on_training_photos_says_so_whatever_they_are_called(
    workplace, run_folder, strange
) -> None:
    got, said = scores(workplace, f"--data {strange}")
    counts = got["identity"]
    assert (counts["train"], counts["val"], counts["new"]) == (24, 0, 12)
    assert got["selected_on"] is None
    assert "WARNING: 24 of 36 photos are ones that the model was trained on" in said
    assert "12 of 36 photos are new" in said
    assert "were chosen" not in said


def test_classes_that_look_the_same_are_told_apart(capsys) -> None:
    names = {"caf\u00e9": r"caf\xe9", "cafe\u0301": r"cafe\u0301", "tea": "tea"}
    topk = [
        {"label": "cafe\u0301", "text": "cafe\u0301", "score": 0.5},
        {"label": "caf\u00e9", "text": "Coffee", "score": 0.25},
    ]
    predict.print_line({"path": "a.jpg", "abstained": False, "topk": topk}, names)
    assert capsys.readouterr().out == "a.jpg   50.0% cafe\\u0301   25.0% Coffee\n"
