"""``tune.py`` as it is typed: what it refuses, and, in the long tier, a real search."""

import json
import signal
import threading

import numpy as np
import pytest
from workplace import Workplace

from src_mindspore.comparison.photos import divided
from src_mindspore.config.load import load_config
from src_mindspore.search.features import Features
from src_mindspore.search.settings import settings_of
from src_mindspore.search.trial import Ground, trained_head
from src_mindspore.training import stages
from src_mindspore.training.fast_head import FastHead
from src_mindspore.training.part import fit_part
from src_mindspore.training.pooled import pooled_features
from src_mindspore.training.recipes import recipe_of

SHORT = "base: garbage.yaml\nhead_stage: {epochs: 6}\nfeatures: {views: 1}\n"


def config(workplace: Workplace, name: str, text: str) -> str:
    (workplace.folder / "configs" / f"{name}.yaml").write_text(text)
    return f"configs/{name}.yaml"


def test_what_it_cannot_use_is_one_message(workplace: Workplace) -> None:
    def message(command: str) -> str:
        done = workplace.call(f"tune.py {command}")
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert not done.stdout
        return done.stderr.splitlines()[-1]

    base = "--config configs/garbage.yaml --data photos"
    assert message(f"{base} --heads 1").endswith("--heads is a whole number, 2 to 100,000; got 1")
    assert message(f"{base} --minutes 0").endswith("--minutes is above 0, to 100,000; got 0.0")
    assert message(f"{base} --minutes nan").endswith("--minutes is above 0, to 100,000; got nan")
    assert message(f"{base} --folds 2").endswith("--folds is a whole number, 3 to 100; got 2")
    nowhere = message("--config configs/garbage.yaml --data nowhere")
    assert "the data folder nowhere does not exist" in nowhere
    flat = config(workplace, "tune_flat", "head: {reduction: none}\n")
    assert message(f"--config {flat} --data photos --out runs/t").endswith(
        "head.reduction must be mean or max; got none"
    )
    tail = config(workplace, "tune_tail", "head_stage: {epochs: 0}\nfinetune_stage: {epochs: 1}\n")
    assert "head_stage.epochs must be 1 or more; got 0" in message(f"--config {tail} --data photos")
    assert not (workplace.folder / "runs" / "t").exists()
    (workplace.folder / "tune_full").mkdir()
    (workplace.folder / "tune_full" / "letter.txt").write_text("mine")
    assert "tune.py did not fill it: it has letter.txt" in message(f"{base} --out tune_full")


@pytest.mark.long
def test_a_search_is_made_stopped_and_its_best_trained(workplace: Workplace) -> None:
    short = config(workplace, "tune_short", SHORT)
    command = f"tune.py --config {short} --data photos --folds 3 --heads 70 --out"
    out, stopped = (workplace.folder / "runs" / name for name in ("tuned", "tune_stopped"))
    done = workplace.run(f"{command} {out}")
    assert done.returncode == 0, done.stderr
    assert "finetune_stage: left out, the head alone is searched" in done.stderr
    assert "| layers | 1 Dense, no dropout |" in done.stdout
    process = workplace.start(f"{command} {stopped}")
    while process.poll() is None and "each change alone:" not in _said(process):
        pass
    process.send_signal(signal.SIGTERM)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130, err
    assert err.endswith("goes on with it\nstopped\n")
    done = workplace.run(f"{command} {stopped}")
    assert done.returncode == 0, done.stderr
    one, other = (json.loads((folder / "tune.json").read_text()) for folder in (out, stopped))
    assert one["honest"] == other["honest"]
    assert [row["errors"] for row in one["heads"]] == [row["errors"] for row in other["heads"]]
    best = load_config(out / "best.yaml")
    assert best.finetune_stage.epochs == 0
    done = workplace.run(f"train.py --config {out / 'best.yaml'} --data photos --run runs/best")
    assert done.returncode == 0, done.stderr
    done = workplace.call(f"{command.replace('--heads 70', '--minutes 0.2')} {out}")
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "tune.json").read_text())["tried"] > 70


def _said(process) -> str:
    """The next line of its log."""
    return process.stderr.readline()


@pytest.mark.long
@pytest.mark.parametrize("change", [{}, {"normalisation": "rms", "hidden": [16]}])
def test_a_trial_is_what_a_comparison_makes_of_that_fold(
    workplace: Workplace, monkeypatch, change
) -> None:
    """From the same first weights: those of MindSpore, which a search draws otherwise."""
    text = SHORT + f"finetune_stage: {{epochs: 0}}\nhead: {json.dumps(change)}\n"
    path = workplace.folder / config(workplace, "tune_parity", text)
    table = load_config(path)
    photos = divided(workplace.folder / "photos", table.data, 3, 1)
    recipe = recipe_of(table, "parity")
    ground = Ground(
        Features(pooled_features(recipe, photos.whole)),
        photos.labels.astype(np.int32),
        photos.folds,
        len(photos.whole.classes),
        table.seed,
    )
    settings = settings_of(table)
    begun = []

    def begin(weights, *args, **kwargs) -> FastHead:
        begun.append({name: np.array(w) for name, w in weights.items()})  # training changes them
        return FastHead(weights, *args, **kwargs)

    monkeypatch.setattr(stages, "FastHead", begin)
    for fold in range(3):
        expected = fit_part(recipe, photos.whole, photos.parts(fold, False, 1), table.seed).logits
        trained = trained_head(ground, settings, 6, fold, threading.Event(), begun[-1])
        places = ground.folds.scored(fold)
        rows, _ = ground.features.of("mean", settings.normalisation, views=False)
        logits = trained.logits(rows[places, np.zeros_like(places)])
        np.testing.assert_allclose(logits, expected, atol=2e-4)
        assert np.abs(expected).max() > 0.05
