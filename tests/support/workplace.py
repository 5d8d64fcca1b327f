"""A folder in which the real commands run on a small data set and a small network."""

import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import in_process
from in_process import REPOSITORY

from src_mindspore.demo_photos.data_set import write_data_set

TINY = """
base: {base}
backbone: {{weights: none, width_mult: 0.35}}
input: {{size: 64}}
features: {{views: 1, cache_dir: {cache}}}
head_stage: {{epochs: 2, batch_size: 16}}
finetune_stage: {{epochs: 1, batch_size: 16, from_block: 17}}
"""
# their teachers stay what they are: full networks with their ImageNet weights
TINY_TAUGHT = """
base: {base}
features: {{views: 1, cache_dir: {cache}}}
head_stage: {{epochs: 2, batch_size: 16}}
finetune_stage: {{epochs: 1, batch_size: 16}}
"""
# another network, trained as a whole
TINY_SMALL = """
base: {base}
input: {{size: 32}}
finetune_stage: {{epochs: 1, batch_size: 16}}
"""
# a narrow network, trained as a whole
TINY_SCRATCH = """
base: {base}
backbone: {{width_mult: 0.25}}
input: {{size: 32}}
finetune_stage: {{epochs: 2, batch_size: 16}}
"""
TINY_HEAD = """
base: {base}
backbone: {{weights: none, width_mult: 0.35}}
input: {{size: 64}}
features: {{views: 1, cache_dir: {cache}}}
head_stage: {{epochs: 2, batch_size: 16}}
"""
TINY_RESNET = """
base: {base}
backbone: {{weights: none}}
input: {{size: 64, shorter_side: 72}}
features: {{views: 1, cache_dir: {cache}}}
head_stage: {{epochs: 2, batch_size: 16}}
"""
TINY_OF = {
    "mask_v1_scratch": TINY_SCRATCH,
    "mask_v2_scratch": TINY_SCRATCH,
    "mask_dense128": TINY_HEAD,
    "mask_resnet50": TINY_RESNET,
    "masks_small": TINY_SMALL,
    "masks_small_taught": TINY_SMALL + "features: {{views: 1, cache_dir: {cache}}}\n",
    "mask": TINY_TAUGHT + "data: {{labels: null}}\n",  # the drawn photos have other classes
    "garbage_taught": TINY_TAUGHT,
    "garbage_taught_lite0": TINY_TAUGHT,
    "photos_taught": TINY_TAUGHT,
}


@dataclass(frozen=True)
class Workplace:
    """``configs/`` has a small copy of every shipped config, ``photos/`` a drawn data set."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Workplace":
        """Fills an empty folder."""
        (folder / "configs").mkdir()
        for config in sorted((REPOSITORY / "configs").glob("*.yaml")):
            tiny = TINY_OF.get(config.stem, TINY)
            text = tiny.format(base=config, cache=folder / "cache")
            (folder / "configs" / config.name).write_text(text)
        write_data_set(folder / "photos", train=3, val=2)
        return cls(folder)

    def start(self, command: str) -> subprocess.Popen:
        """Starts ``SCRIPT.py ARGUMENTS`` or ``-m MODULE ARGUMENTS`` here."""
        script, *arguments = shlex.split(command)
        return subprocess.Popen(
            [sys.executable, script if script == "-m" else REPOSITORY / script, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, command: str) -> subprocess.CompletedProcess:
        """Runs such a command here to its end, in this process, which is faster."""
        return in_process.call(self.folder, command)

    def run(self, command: str) -> subprocess.CompletedProcess:
        """Runs such a command here to its end, in a process of its own."""
        process = self.start(command)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def stop_when(self, command: str, run: str, epochs: int, how: signal.Signals) -> str:
        """Starts a training command and stops it once ``run`` has logged some epochs.

        Returns:
            What it wrote on stderr.
        """
        process = self.start(command)
        log = self.folder / run / "log.jsonl"
        while process.poll() is None:
            if log.is_file() and len(log.read_text().splitlines()) >= epochs:
                process.send_signal(how)
                break
            time.sleep(0.02)
        err = process.communicate(timeout=300)[1]
        expected = -how if how == signal.SIGKILL else 130
        assert process.returncode == expected, err
        return err
