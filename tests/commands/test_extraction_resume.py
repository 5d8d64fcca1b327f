"""Extraction by the real command, killed at random moments: the cache ends with the same bytes."""

import hashlib
import time
from pathlib import Path

import numpy as np

from src_mindspore.features.partial_entry import DONE

OPTIONS = (
    "train.py --config configs/demo.yaml --data photos --resume --set features.views=20"
    " --set features.batch_size=2 --set head_stage.epochs=1 --set finetune_stage.epochs=0"
)  # 36 photos x 21 views in chunks of 32


def chunks_done(cache: Path) -> int:
    """How many chunks the partial entry of the training photos has."""
    for journal in cache.glob(f".*.partial/{DONE}"):
        try:
            return len(journal.read_text().split()) // 2
        except FileNotFoundError:  # it has just become the entry
            return 0
    return 0


def digests(cache: Path) -> dict[str, str]:
    return {
        str(path.relative_to(cache)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(cache.rglob("*.npy"))
    }


def test_killed_extractions_end_like_one_that_was_not(workplace) -> None:
    rng = np.random.default_rng(0)
    whole, parts = workplace.folder / "cache-whole", workplace.folder / "cache-parts"
    done = workplace.call(f"{OPTIONS} --run runs/whole-cache --set features.cache_dir={whole}")
    assert done.returncode == 0, done.stderr
    assert "features: 756 views, 7.7 MB" in done.stderr  # mean and max of 1280 float32

    command = f"{OPTIONS} --run runs/part-cache --set features.cache_dir={parts}"
    for least in (3, 9):
        process = workplace.start(command)
        while chunks_done(parts) < least and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.2))
        process.kill()
        process.communicate()
        assert not (workplace.folder / "runs/part-cache/metrics.json").exists()
        assert least <= chunks_done(parts) < 24
    done = workplace.run(command)
    assert done.returncode == 0, done.stderr
    assert "of 756 views are there already" in done.stderr
    assert digests(parts) == digests(whole)
    assert len(digests(whole)) == 4
    models = [workplace.folder / f"runs/{run}-cache/model.ckpt" for run in ("whole", "part")]
    assert models[0].read_bytes() == models[1].read_bytes()
