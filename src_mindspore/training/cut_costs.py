"""Chooses how much of the network is fine-tuned, by what the seconds and the disk allow.

The time of a training step and of a forward pass is measured on one part of the network and scaled
to the others by the work in their layers, see ``backbones/interface.py``: an estimate, not a
promise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from src_mindspore.backbone import layer_name


@dataclass(frozen=True)
class TrainingLoad:
    """What is to be trained, whichever cut is taken.

    ``channels``, ``sides`` and ``work`` have a value for each layer of the backbone: of its output,
    the height and width of that, and the work for a photo.
    """

    channels: Sequence[int]
    sides: Sequence[int]
    work: Sequence[float]
    photos: int
    val_photos: int
    views: int  # in the cache, the plain one included
    epochs: int


@dataclass(frozen=True)
class Speeds:
    """What was measured, in seconds.

    ``view``: one view through all layers, decoding included; ``step``: one photo in a training step
    from block ``step_block`` on.
    """

    view: float
    step: float
    step_block: int


@dataclass(frozen=True)
class Estimate:
    """What it takes to train from block ``from_block`` on."""

    from_block: int
    disk: int  # bytes of the feature cache
    extraction: float  # seconds
    training: float  # seconds

    @property
    def seconds(self) -> float:
        """In all."""
        return self.extraction + self.training

    def fits(self, seconds: float | None, gigabytes: float | None) -> bool:
        """Whether it stays within a budget; None is no limit."""
        return (seconds is None or self.seconds <= seconds) and (
            gigabytes is None or self.disk <= gigabytes * 1e9
        )


def estimates(load: TrainingLoad, speeds: Speeds) -> list[Estimate]:
    """One for each block that training may begin at, from cached maps: 1 to the last layer."""
    work, sides = load.work, load.sides
    whole = sum(work)
    # the head stage wants the pooled vectors of every view: all layers run, whatever the cut
    extraction = speeds.view * (load.photos * load.views + load.val_photos)
    pooled = 2 * load.channels[-1] * 4 * (load.photos * load.views + load.val_photos)
    found = []
    for block in range(1, len(work)):
        values = load.channels[block - 1] * sides[block - 1] ** 2
        bytes_each = 2 if load.views > 1 else 4  # float16 for augmented views
        maps = values * (load.photos * load.views * bytes_each + load.val_photos * 4)
        val = speeds.view * load.val_photos * sum(work[:block]) / whole
        step = speeds.step * sum(work[block:]) / sum(work[speeds.step_block :])
        # a validation photo costs its forward pass, a third of a step
        photos = load.photos + load.val_photos / 3
        found.append(Estimate(block, pooled + maps, extraction + val, load.epochs * photos * step))
    return found


def choose(
    found: Sequence[Estimate], seconds: float | None, gigabytes: float | None
) -> Estimate | None:
    """The one that trains most layers within the budget; None where none fits."""
    fitting = [e for e in found if e.fits(seconds, gigabytes)]
    return min(fitting, key=lambda e: e.from_block, default=None)


def table(found: Sequence[Estimate], chosen: Estimate | None) -> str:
    """The estimates for people, deepest training first; the chosen one is marked."""
    lines = ["  from block  cached map      disk GB  extraction s  training s  all s"]
    for e in found:
        mark = "*" if e == chosen else " "
        lines.append(
            f"{mark} {e.from_block:10d}  {layer_name(e.from_block - 1):12s}  {e.disk / 1e9:9.3f}"
            f"  {e.extraction:12.0f}  {e.training:10.0f}  {e.seconds:5.0f}"
        )
    return "\n".join(lines)
