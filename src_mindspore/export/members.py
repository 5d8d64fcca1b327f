"""The runs of an average, and whether they go together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from src_mindspore.config.ensemble import FEWEST, MOST
from src_mindspore.evaluation.model import described
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.runs.names import MODEL
from src_mindspore.runs.read import load_run, run_photos
from src_mindspore.spec.input import InputSpec
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some

OUTPUT = "probabilities"  # of an average


@dataclass(frozen=True)
class Member:
    """A finished run that is averaged with others.

    Attributes:
        run: its folder.
        spec: what it says of itself.
        file: its checkpoint.
        data: the data folder that its config names.
        photos: of the run.
    """

    run: Path
    spec: ModelSpec
    file: FileSpec
    data: Path
    photos: RunPhotos

    @classmethod
    def of(cls, run: Path) -> "Member":
        """Reads a run folder.

        Raises:
            UserError: it is none, or its training has not ended.
        """
        config, spec = load_run(run)
        photos = run_photos(run) or RunPhotos({})
        return cls(run, spec, described(run / MODEL, spec), Path(config.data.dir), photos)

    @property
    def activation(self) -> str:
        """What makes probabilities of its logits: ``softmax`` or ``sigmoid``."""
        return self.spec.activation or "softmax"

    @property
    def deployed_spec(self) -> ModelSpec:
        """The same model, putting out calibrated probabilities."""
        model = self.spec.model
        calibration = self.spec.calibration
        return replace(
            self.spec,
            output=OUTPUT,
            model={**model, "head": {**model["head"], "activation": self.activation}},
            calibration=calibration and calibration.folded(),
        )


def load_members(runs: Sequence[Path], out: Path | None, option: str = "--out") -> list[Member]:
    """Reads the runs of an average, before MindSpore is loaded.

    Args:
        runs: two or three run folders.
        out: where the average is to be written.
        option: the one that names it.

    Raises:
        UserError: not two or three finished runs, one of them twice, runs whose outputs or inputs
            do not go together, or no ``out``.
    """
    if out is None:
        raise UserError(
            f"an average of {len(runs)} runs belongs to none of them: name the folder of its files "
            f"with {option}"
        )
    if not FEWEST <= len(runs) <= MOST:
        raise UserError(f"an average is of two or three runs; got {len(runs)}: {_named(runs)}")
    members = [Member.of(run) for run in runs]
    first, *others = members
    for index, other in enumerate(others, start=1):
        for before in members[:index]:
            if before.file.sha256 == other.file.sha256:
                raise UserError(
                    f"an average is of different runs; {before.run} and {other.run} have the same "
                    f"{MODEL}"
                )
    for other in others:
        _check_together(first, other)
    return members


def _named(runs: Sequence[Path]) -> str:
    return some([str(run) for run in runs])


def _check_together(first: Member, other: Member) -> None:
    """Raises UserError where the mean of both outputs, or one input for both, makes no sense."""
    _check_classes(first, other)
    if first.activation != other.activation:
        raise UserError(
            f"probabilities of one kind can be averaged: all by softmax, or all by sigmoid; "
            f"{first.run} has {first.activation}, {other.run} {other.activation}"
        )
    one, two = first.spec.input, other.spec.input
    for what, mine, theirs in (
        ("input.resize.rule", one.resize.rule, two.resize.rule),
        ("input.resize.interpolation", one.resize.interpolation, two.resize.interpolation),
        ("input.range", one.range, two.range),
    ):
        if mine != theirs:
            raise UserError(
                f"runs that are averaged see the same photo, so their spec.json have the same "
                f"{what}; {first.run} has {mine}, {other.run} {theirs}"
            )
    if one.crop and two.crop and not _same_part(one, two):
        raise UserError(
            f"runs that are averaged see the same part of a photo: input.size has the same share "
            f"of the shorter side, to a pixel; {first.run} has {one.size[0]} of "
            f"{one.resize.size[0]} pixels, {other.run} {two.size[0]} of {two.resize.size[0]}"
        )


def _check_classes(first: Member, other: Member) -> None:
    one, two = first.spec.classes, other.spec.classes
    if one == two:
        return
    only = [name for name in one if name not in two], [name for name in two if name not in one]
    if not any(only):
        what = f"the same {len(one)}, in another order"
    else:
        said = (
            f"{some(names, 4)} only in {member.run}"
            for names, member in zip(only, (first, other), strict=True)
            if names
        )
        what = "; ".join(said)
    raise UserError(
        f"runs that are averaged have the same classes in the same order; {first.run} has "
        f"{len(one)}, {other.run} {len(two)}: {what}"
    )


def _same_part(one: InputSpec, two: InputSpec) -> bool:
    """Whether both crops are the same part of the photo, as far as whole pixels allow."""
    return abs(one.size[0] * two.resize.size[0] / two.size[0] - one.resize.size[0]) <= 1
