"""The photos that an export is checked and calibrated with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.photos.records import Record
from src_mindspore.photos.scored import say_whose, scored_records
from src_mindspore.runs.read import run_photos
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError


@dataclass(frozen=True)
class Photos:
    """The photos of a run: to check the files with, and, if that is wanted, to calibrate with."""

    root: Path
    validation: Sequence[Record]
    training: Sequence[Record]

    @classmethod
    def of_run(cls, run: Path, data: Path, spec: ModelSpec, calibrates: bool) -> "Photos":
        """Raises UserError if they are not there; without calibration no training photos are."""
        if not data.is_dir():
            raise UserError(f"{data}, the data of {run}, is not there: name its place with --data")
        known = run_photos(run)
        validation = scored_records(data, spec.classes, "val", known)
        training = scored_records(data, spec.classes, "train", known) if calibrates else []
        for split, records in (("val", validation), ("train", training)):
            say_whose(data, records, split, known)
        return cls(data, validation, training)

    @property
    def validation_paths(self) -> list[Path]:
        """Files of the validation photos."""
        return [self.root / record.path for record in self.validation]
