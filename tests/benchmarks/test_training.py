"""The training benchmark: its figures, its children, whole runs, and the real command."""

import json
import re
from argparse import Namespace
from pathlib import Path

import pytest
from lite_fakes import fetched_or_skip
from PIL import Image

from benchmarks import training
from benchmarks.accuracy import extrapolated, reached
from benchmarks.figures import as_table, draw, judged, paired_ratio, rows_of, table
from benchmarks.peers.children import Child, Party, Run, run_until
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import Manifest
from src_mindspore.weights.imagenet import pretrained_file

COUNTING = """
import sys, time
from benchmarks.peers.serve import Ready, serve

def count(settings):
    print("noise of a library")
    return Ready(lambda number: (number / 4, settings["photos"]), {"version": "1.5"})

def broken(settings):
    raise RuntimeError("no such thing as " + settings["what"])

serve({"count": count, "broken": broken})
"""
TELLING = """
import json, sys, time
for epoch, top1 in enumerate((0.5, 0.9, 0.95, 0.8), 1):
    with open(sys.argv[1], "a") as stream:
        stream.write(json.dumps({"epoch": epoch, "val_top1": top1}) + "\\n")
    time.sleep(float(sys.argv[2]))
if sys.argv[2] == "0":
    raise SystemExit("it broke" if sys.argv[3] == "fail" else 0)
"""


def party(folder: Path, text: str) -> Party:
    """A script of that text."""
    (folder / "script.py").write_text(text)
    return Party(folder / "script.py")


def test_ratios_are_taken_round_by_round() -> None:
    # the machine was twice as slow in round 1: the ratio of the medians would be 3
    assert paired_ratio({0: 2.0, 1: 8.0, 2: 6.0}, {0: 1.0, 1: 4.0, 2: 2.0}) == 2.0
    assert paired_ratio({1: 8.0}, {0: 1.0, 1: 4.0, 2: 2.0}) == 2.0
    with pytest.raises(ValueError, match="no round"):
        paired_ratio({1: 8.0}, {0: 1.0})


def rows(own: float, peer: float, who: tuple[str, str]) -> list:
    """Two rows, three turns each."""
    turns = [{n: own * (1 + n) for n in range(3)}, {n: peer * (1 + n) for n in range(3)}]
    about = [{"version": "1"}, {"version": "2", "difference": 1e-6}]
    return rows_of(who, turns, [6, 6], [100.04, 200.0], about, [1.0, 3.0, 2.0])


def test_rows() -> None:
    first, second = rows(2.0, 5.0, ("pocketlens", "peer"))
    assert (first.median, first.minimum, first.ratio, first.turns) == (4.0, 2.0, 1.0, 3)
    assert (second.median, second.ratio, second.note, second.difference) == (10.0, 2.5, "2", 1e-6)
    assert (first.peak_mb, first.load) == (100.0, 2.0)


def test_requirements_are_judged_both_ways() -> None:
    names = ("pocketlens", "ONNX Runtime, bare inference")
    (fast,) = judged({"extraction": rows(1.2, 1.0, names)})
    assert (fast["got"], fast["wanted"], fast["met"]) == (1.2, "<= 1.25", True)
    (slow,) = judged({"extraction": rows(1.3, 1.0, names)})
    assert not slow["met"]
    names = ("pocketlens", "plain MindSpore")
    assert judged({"extraction": rows(1.0, 41.0, names)})[0]["met"]
    assert not judged({"extraction": rows(1.0, 39.0, names)})[0]["met"]
    (head,) = judged({"head": rows(0.1, 1.0, ("pocketlens, with validation", "x"))})
    assert (head["got"], head["met"]) == (0.2, False)


def test_table_and_plot(tmp_path) -> None:
    measured = rows(1.3, 1.0, ("pocketlens", "ONNX Runtime, bare inference"))
    parts = {"extraction": {"title": "extraction", "unit": "ms", "rows": as_table(measured)}}
    report = {"cpu": "A CPU", "cores": 2, "parts": parts}
    report["required"] = judged({"extraction": measured})
    lines = table(report).splitlines()
    assert lines[0] == "A CPU, 2 cores"
    assert " ".join(lines[4].split()) == "pocketlens 2.6 1.3 1.00 3 100 1"
    assert lines[-1].startswith("  NOT  extraction / ONNX Runtime's bare inference: 1.3")
    for number in (1, 3):
        draw(tmp_path / "plot.png", {str(n): parts["extraction"] for n in range(number)})
        with Image.open(tmp_path / "plot.png") as image:
            assert image.width > 500
            assert len(image.convert("L").getcolors()) > 10  # bars and letters, no empty sheet


def test_a_child_takes_turns(tmp_path) -> None:
    with Child(party(tmp_path, COUNTING), "count", {"photos": 3}) as child:
        assert child.about == {"version": "1.5"}
        assert child.turn(2) == (0.5, 3)
        assert child.turn(4) == (1.0, 3)
        assert 1 < child.peak_mb() < 1000


def test_a_child_that_dies_says_why(tmp_path) -> None:
    with (
        pytest.raises(UserError, match=r"(?s)script.py broken ended .* no such thing as luck"),
        Child(party(tmp_path, COUNTING), "broken", {"what": "luck"}),
    ):
        pass


def test_a_run_ends_with_what_it_was_run_for(tmp_path) -> None:
    events = tmp_path / "events.jsonl"
    run = run_until(
        party(tmp_path, TELLING), [events, 0.2], events, lambda e: e["val_top1"] >= 0.94, 60
    )
    assert [event["epoch"] for event in run.events] == [1, 2, 3]
    assert run.events[0]["at"] < run.events[2]["at"]
    seconds, note = reached(run, 0.94)
    assert seconds == run.events[2]["at"]
    assert note == "95.00% after epoch 3"
    assert reached(run, 0.96)[1].startswith("NOT reached: 95.00%")
    with pytest.raises(UserError, match="no epoch"):
        reached(Run((), 1.0), 0.5)


def test_a_run_that_fails_says_why(tmp_path) -> None:
    events = tmp_path / "events.jsonl"
    with pytest.raises(UserError, match=r"(?s)script.py failed: it broke"):
        run_until(party(tmp_path, TELLING), [events, 0, "fail"], events, lambda e: False, 60)


def test_the_labs_extraction_is_extrapolated() -> None:
    events = (
        {"event": "ready", "at": 5.0},
        {"event": "extracted", "photos": 100, "seconds_a_photo": 0.5, "at": 60.0},
        {"event": "training", "difference": 0.0, "at": 70.0},
        {"event": "epoch", "epoch": 1, "val_top1": 0.9, "at": 75.0},
        {"event": "epoch", "epoch": 2, "val_top1": 0.95, "at": 80.0},
    )
    seconds, note = extrapolated(Run(events, 1.0), 0.94, 1100)
    # the ten seconds in which maps were handed over do not count
    assert seconds == 60 + 1000 * 0.5 + 10
    assert "extrapolated: 1000 photos at 0.500 s" in note


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--only extraction,speed", "--only takes some of extraction, head"),
        ("--parties jax", "--parties takes some of own, mindspore"),
        ("--rounds 0", "--rounds must be 1 or more"),
        ("--only head --parties own --data nowhere", "nowhere does not exist"),
    ],
)
def test_unusable_arguments(workplace, tmp_path, arguments, message) -> None:
    done = workplace.call(f"benchmarks/training.py --data photos --out {tmp_path} {arguments}")
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.long
def test_the_command(workplace, tmp_path) -> None:
    """The project and plain MindSpore; the other peers need an environment of their own."""
    fetched_or_skip(pretrained_file)
    config = tmp_path / "small.yaml"
    config.write_text("input: {size: 224}\n")
    out = tmp_path / "out"
    done = workplace.run(
        f"benchmarks/training.py --data photos --out {out} --config {config} --quick"
        " --only extraction,head --parties own,ort,mindspore"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((out / "training.json").read_text())
    who = [row["who"] for row in report["parts"]["extraction"]["rows"]]
    assert who == ["pocketlens", "ONNX Runtime, bare inference", "plain MindSpore"]
    for part in report["parts"].values():
        assert part["rows"][0]["ratio"] == 1.0
        assert all(row["median"] > 0 and row["peak_mb"] > 50 for row in part["rows"])
    assert (out / "training.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("name", "own", "said"),
    [
        ("notes.txt", False, "is not empty, and benchmarks/training.py did not fill it: it has"),
        ("training.json", False, "did not fill it: it has training.json"),
        ("training.json", True, "somebody has changed since: training.json; move or delete them"),
    ],
)
def test_files_of_others_stay_in_the_output_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, own: bool, said: str
) -> None:
    monkeypatch.setattr(training, "prepare", lambda _: pytest.fail("it has begun"))
    monkeypatch.setattr("sys.argv", ["training.py", "--data", "photos", "--out", str(tmp_path)])
    if own:
        Manifest(tmp_path, "benchmarks/training.py").write_json(name, {"earlier": 1})
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match=re.escape(said)):
        training.main()
    assert (tmp_path / name).read_text() == "mine"


def test_its_own_output_folder_is_filled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = []

    def prepare(args: Namespace) -> None:
        began.append(args.out)
        raise UserError("here it begins")

    monkeypatch.setattr(training, "prepare", prepare)
    out = tmp_path / "new"
    monkeypatch.setattr("sys.argv", ["training.py", "--data", "photos", "--out", str(out)])
    for _ in range(2):
        with pytest.raises(UserError, match="here it begins"):
            training.main()
    assert began == [out, out]
