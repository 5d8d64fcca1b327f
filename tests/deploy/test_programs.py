"""The programs ``classify`` and ``benchmark``, as a user meets them, beside ``predict.py``."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def model(telling_run):
    return telling_run / "export" / "model.ms"


@pytest.fixture(scope="module")
def photos(workplace) -> list:
    return sorted((workplace.folder / "photos" / "val").glob("*/*"))


def compare_with_python(build, workplace, model, photos) -> list[dict]:
    """Labels photos with both programs, every class ranked, and gives what Python says."""
    words = shlex.join(str(photo) for photo in photos)
    python = workplace.call(f"predict.py runs/telling {words} --json --topk 12")
    assert python.returncode == 0, python.stderr
    done = build.run("classify", "--json", "--topk", 12, model, *photos)
    assert done.returncode == 0, done.stderr
    expected = [json.loads(line) for line in python.stdout.splitlines()]
    got = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(got) == len(photos)
    for ours, theirs in zip(got, expected, strict=True):
        assert list(ours) == list(theirs)
        assert (ours["path"], ours["label"]) == (theirs["path"], theirs["label"])
        assert ours["abstained"] == theirs["abstained"]
        assert ours["score"] == ours["topk"][0]["score"]
        scores = {top["label"]: top["score"] for top in theirs["topk"]}
        texts = {top["label"]: top["text"] for top in theirs["topk"]}
        assert {top["label"]: top["text"] for top in ours["topk"]} == texts
        assert {top["label"]: top["score"] for top in ours["topk"]} == pytest.approx(
            scores, abs=1e-4
        )
    return expected


def test_labels_are_those_of_python(cpp_plain, workplace, model, photos):
    said = compare_with_python(cpp_plain, workplace, model, photos)
    assert len(said) == 24
    assert len({line["label"] for line in said}) > 2  # the model does tell them apart
    assert {line["abstained"] for line in said} == {False, True}  # and knows when it does not
    temperature = json.loads((model.parent / "spec.json").read_text())["calibration"]["temperature"]
    assert not 0.8 < temperature < 1.25  # the scores that agree are divided ones
    assert any("香蕉皮" in top["text"] for top in said[0]["topk"])  # Chinese names, too


def test_labels_of_real_photos_are_those_of_python(cpp_plain, workplace, model, shared_data):
    photos = sorted((shared_data / "garbage_26x100" / "val").glob("*/*"))
    said = compare_with_python(cpp_plain, workplace, model, photos)
    assert len(said) == 127
    assert len({line["label"] for line in said}) > 2


def test_text_is_that_of_python(cpp_plain, workplace, model, photos):
    python = workplace.call(f"predict.py runs/telling {photos[0]} {photos[1]} --topk 2")
    done = cpp_plain.run("classify", "--topk=2", model, photos[0], photos[1])
    assert done.returncode == 0, done.stderr

    def words(text: str) -> str:
        return re.sub(r"[\d.]+%", "", text)  # the last digit may be rounded the other way

    assert words(done.stdout) == words(python.stdout)
    assert done.stdout.count("%") == 4


def test_a_spec_and_a_model_of_any_name(cpp_plain, model, photos, tmp_path):
    renamed = tmp_path / "phone.ms"
    shutil.copy(model, renamed)
    done = cpp_plain.run("classify", "--json", renamed, photos[0])
    assert done.returncode == 1
    assert str(tmp_path / "spec.json") in done.stderr
    spec = model.parent / "spec.json"
    done = cpp_plain.run("classify", "--json", "--spec", spec, renamed, photos[0])
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["topk"]) == 3


def test_another_model_than_the_described_one(cpp_plain, model, run_folder, photos):
    done = cpp_plain.run("classify", "--spec", run_folder / "export/spec.json", model, photos[0])
    assert (done.returncode, done.stdout) == (1, "")
    assert "SHA-256" in done.stderr


def test_what_cannot_be_read_is_named_and_the_rest_labelled(cpp_plain, model, photos, tmp_path):
    broken, missing = tmp_path / "broken.jpg", tmp_path / "missing.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    done = cpp_plain.run("classify", "--json", model, missing, photos[0], broken)
    assert done.returncode == 1
    assert json.loads(done.stdout)["path"] == str(photos[0])
    assert f"{missing} is missing, empty or cannot be read" in done.stderr
    assert f"{broken}: JPEG: " in done.stderr
    assert "2 of 3 photos could not be read" in done.stderr


def test_a_folder_stands_for_the_photos_below_it(cpp_plain, workplace, model, photos, tmp_path):
    for name in ("a/1.jpg", "a/deep/2.JFIF", "b.png", "@eaDir/3.jpg", "a/._1.jpg", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photos[0], tmp_path / name)
    (tmp_path / "a/round").symlink_to(tmp_path)
    (tmp_path / "env").mkdir()
    (tmp_path / "env/pyvenv.cfg").touch()
    shutil.copy(photos[0], tmp_path / "env")
    (tmp_path / "empty").mkdir()
    done = cpp_plain.run("classify", "--json", model, tmp_path / "empty", tmp_path, photos[1])
    assert done.returncode == 1  # for the empty one; the rest is labelled
    python = workplace.call(f"predict.py runs/telling {tmp_path} {photos[1]} --json")
    assert python.returncode == 0, python.stderr
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == [
        json.loads(line)["path"] for line in python.stdout.splitlines()
    ]
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr.splitlines() == [
        f"{tmp_path}: other files, not used: 1 (a/notes.txt)",
        f"{tmp_path}: links to folders, not entered: 1 (a/round)",
        f"{tmp_path / 'empty'} is a folder without photos",
        "1 of 5 photos could not be read",
    ]


def test_photos_of_other_formats_and_pipes_have_an_error_line(cpp_plain, model, photos, tmp_path):
    shutil.copy(photos[0], tmp_path / "1.jpg")
    (tmp_path / "2.webp").write_bytes(b"RIFF    WEBPVP8 ")
    os.mkfifo(tmp_path / "pipe.jpg")
    errors = [
        f"{tmp_path}: other files, not used: 1 (pipe.jpg)",
        f"{tmp_path / '2.webp'}: the bytes are not an image that can be read (JPEG, PNG)",
        f"{tmp_path / 'pipe.jpg'} must be a file, but is a folder, pipe or device",
        "2 of 3 photos could not be read",
    ]
    named = ("--json", model, tmp_path, tmp_path / "pipe.jpg")
    done = cpp_plain.run("classify", *named)
    assert (done.returncode, done.stderr.splitlines()) == (1, errors)
    assert json.loads(done.stdout)["path"] == str(tmp_path / "1.jpg")
    done = cpp_plain.run("benchmark", "--runs", 1, "--threads", 1, *named)
    assert (done.returncode, done.stderr.splitlines()) == (1, errors)
    assert json.loads(done.stdout)["photos"] == 1


@pytest.mark.parametrize("what", ["pipe", "folder"])
def test_a_model_that_is_no_file_is_not_waited_for(cpp_plain, model, photos, tmp_path, what):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    odd = tmp_path / what
    for spec, file in ((model.parent / "spec.json", odd), (odd, model)):
        done = cpp_plain.run("classify", "--spec", spec, file, photos[0])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"{odd} must be a file, but is a folder, pipe or device\n"


def threads_of(build, model, **environment: str) -> int:
    """How many threads ``serve`` has, which takes its number as ``classify`` does."""
    command = [*build.library.serve, str(model)]
    settings = {**os.environ, "GLOG_v": "3", **environment}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=settings) as process:
        assert len(process.stdout.read(20)) == 20  # the model is loaded
        count = len(list(Path(f"/proc/{process.pid}/task").iterdir()))
        process.stdin.close()
    assert process.returncode == 0
    return count


def test_threads_are_those_of_openmp_and_of_the_processors(cpp_plain, model, photos):
    if len(os.sched_getaffinity(0)) == 1:
        pytest.skip("there is one processor only")
    both = threads_of(cpp_plain, model, OMP_NUM_THREADS="2")
    one = threads_of(cpp_plain, model, OMP_NUM_THREADS="1,4")
    assert one < both
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(before)])
    try:
        assert threads_of(cpp_plain, model, OMP_NUM_THREADS="") == one
    finally:
        os.sched_setaffinity(0, before)
    for bad in ("many", "0", "1.5"):
        done = cpp_plain.run("classify", model, photos[0], OMP_NUM_THREADS=bad)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(
            "the variable OMP_NUM_THREADS is the number of threads: a whole number from 1 on is "
            f"accepted; got {bad}; unset it, or use --threads\n"
        )
    done = cpp_plain.run("classify", "--threads", 1, model, photos[0], OMP_NUM_THREADS="many")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", ["classify", "benchmark"])
def test_help(cpp_plain, program):
    done = cpp_plain.run(program, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  {program} [options] MODEL.ms PHOTO..." in done.stdout
    assert "Status: 0" in done.stdout


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("classify", "a model and at least one photo are needed"),
        ("classify model.ms", "a model and at least one photo are needed"),
        ("classify --best 3 model.ms a.jpg", "unknown option --best"),
        ("classify model.ms a.jpg --topk", "--topk needs a value"),
        ("classify --topk 0 model.ms a.jpg", "--topk takes whole numbers of 1 to 1048576; got 0"),
        (
            "classify --threads 65 model.ms a.jpg",
            "--threads takes whole numbers of 1 to 64; got 65",
        ),
        ("benchmark", "a model and at least one photo are needed"),
        ("benchmark --runs none model.ms a.jpg", "--runs takes whole numbers of 1 to"),
        (
            "benchmark --threads 1,,2 model.ms a.jpg",
            "--threads takes whole numbers of 1 to 64; got",
        ),
    ],
)
def test_a_wrong_command_line_has_status_2(cpp_plain, command, message):
    program, *words = command.split()
    done = cpp_plain.run(program, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert f"  {program} [options] MODEL.ms PHOTO..." in done.stderr


@pytest.mark.parametrize("program", ["classify", "benchmark"])
def test_a_missing_model_has_status_1(cpp_plain, program, photos, tmp_path):
    done = cpp_plain.run(program, tmp_path / "model.ms", photos[0])
    assert (done.returncode, done.stdout) == (1, "")
    assert str(tmp_path / "spec.json") in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_benchmark_measures_every_number_of_threads(cpp_plain, model, photos):
    options = ("--json", "--threads", "1,2", "--runs", 20, "--warm-up", 2)
    done = cpp_plain.run("benchmark", *options, model, *photos)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["model"], report["photos"], report["runs"]) == (str(model), len(photos), 20)
    assert report["model_bytes"] == model.stat().st_size
    assert [row["threads"] for row in report["by_threads"]] == [1, 2]
    for row in report["by_threads"]:
        assert row["load_ms"] > 0
        assert row["peak_memory_bytes"] > row["model_bytes"] == report["model_bytes"]
        for step in ("preparation_ms", "inference_ms", "total_ms"):
            assert 0 < row[step]["min"] <= row[step]["median"] <= row[step]["p99"]
        assert row["total_ms"]["min"] >= row["inference_ms"]["min"]


def test_benchmark_prints_a_table(cpp_plain, model, photos):
    done = cpp_plain.run("benchmark", "--runs", 5, "--threads", 1, model, photos[0])
    assert done.returncode == 0, done.stderr
    title, head, row = done.stdout.splitlines()
    assert title == f"{model}: {model.stat().st_size / 1e6:.2f} MB, 1 photos, 5 calls"
    assert head.split()[:3] == ["threads", "load", "ms"]
    assert re.fullmatch(r" +1( +[\d.]+){11}", row)


def test_benchmark_of_a_missing_photo(cpp_plain, model, tmp_path):
    done = cpp_plain.run("benchmark", model, tmp_path / "none.jpg")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"{tmp_path / 'none.jpg'} is missing, empty or cannot be read",
        "1 of 1 photos could not be read",
    ]


def test_benchmark_of_a_folder(cpp_plain, model, photos):
    options = ("--json", "--threads", "1", "--runs", 1, "--warm-up", 0)
    done = cpp_plain.run("benchmark", *options, model, photos[0].parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["photos"] == len(list(photos[0].parent.iterdir()))
