"""A child of ``test_fuzz_commands.py``: FOLDER SEED COUNT PLACE; whole commands on damaged files.

PLACE holds ``photos/`` and a finished run ``run/`` with its ``export/``. Every command is the real
one, several in this process, because MindSpore takes seconds to load.
"""

import json
import random
import shutil
import sys
from collections import Counter
from pathlib import Path

from fuzz_images import good_images
from fuzzing import run_command
from mutations import mutate, mutate_text

import evaluate
import export
import predict
import train
from src_mindspore.photos.listing import SUFFIXES

TEXTS = ("config.yaml", "spec.json", "splits.json", "metrics.json", "log.jsonl")
MAINS = {"evaluate": evaluate, "export": export, "predict": predict, "train": train}


def damage_run(run: Path, rng: random.Random) -> str:
    """Damages one file of a run; some damages only show where the run is not finished."""
    name = rng.choice((*TEXTS, *TEXTS, "model.ckpt", "last.ckpt"))
    path = run / name
    content = path.read_bytes()
    if name in TEXTS:
        path.write_bytes(mutate_text(content, rng))
    else:
        path.write_bytes(mutate(content, rng, limit=rng.choice((4096, None))))
    if name != "metrics.json" and rng.random() < 0.3:
        (run / "metrics.json").unlink()
    return name


def on_damaged_runs(folder: Path, place: Path, rng: random.Random, count: int) -> Counter:
    counts: Counter[str] = Counter()
    photo = str(min((place / "photos/val").rglob("*.jpg"), default=place / "photos/val"))
    for number in range(count):
        run = folder / "run"
        shutil.copytree(place / "run", run)
        name = damage_run(run, rng)
        command, arguments = (
            ("predict", [str(run), photo]),
            ("evaluate", [str(run), "--data", str(place / "photos")]),
            ("train", ["--run", str(run), "--resume"]),
            ("export", [str(run), "--formats", "mindir"]),
        )[number % 4]
        finished = (run / "metrics.json").is_file()
        before = set(folder.iterdir())
        status, _, err = run_command(MAINS[command].main, arguments)
        check(f"{command} with {name} damaged, finished: {finished}", status, err)
        assert set(folder.iterdir()) == before
        counts[f"{command} {status}"] += 1
        shutil.rmtree(run)
    return counts


def on_damaged_photos(folder: Path, place: Path, rng: random.Random, count: int) -> Counter:
    photos = folder / "photos"
    photos.mkdir()
    files = good_images()
    names = sorted(name for name in files if Path(name).suffix in SUFFIXES)
    for number in range(count):
        name = names[number % len(names)]
        limit = rng.choice((300, None))
        suffix = Path(name).suffix
        (photos / f"{number}{suffix}").write_bytes(mutate(files[name], rng, files[names[0]], limit))
    status, out, err = run_command(predict.main, [str(place / "run"), str(photos), "--json"])
    check("predict.py on damaged photos", status, err)
    labelled = [json.loads(line) for line in out.splitlines()]
    bad = err.count(f"\n  {photos}/")
    assert status == 2
    assert len(labelled) + bad == count, (len(labelled), bad, err[-3000:])
    assert f"error: {bad} of {count} images could not be read:" in err
    return Counter({"photos labelled": len(labelled), "photos refused": bad})


def check(what: str, status: int, err: str) -> None:
    assert status in (0, 2), f"{what}: status {status}\n{err}"
    assert "Traceback" not in err, f"{what}\n{err}"
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == (status == 2), f"{what}\n{err}"


if __name__ == "__main__":
    cases, start, total = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    source = Path(sys.argv[4])
    (cases / "cache").mkdir(exist_ok=True)
    seeded = random.Random(start)  # noqa: S311 - no secret
    found = on_damaged_photos(cases, source, seeded, total)
    print(json.dumps(found + on_damaged_runs(cases, source, seeded, max(4, total // 10))))
