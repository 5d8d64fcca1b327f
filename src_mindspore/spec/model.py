"""``spec.json``: the one description of a model's input, output and labels.

Training writes it, every later step reads it: evaluation, prediction, export, the device. Nothing
of it is typed a second time anywhere.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from src_mindspore.spec.calibration import CalibrationSpec
from src_mindspore.spec.input import InputSpec
from src_mindspore.system.write import sha256_of, write_json

# 2 has `calibration`. A reader of 1 would pass it over and show other probabilities, so that the
# number rose; what was written as 1 is read like a file without it.
SPEC_FORMAT = 2
FILE_NAME = "spec.json"
OUTPUTS = ("logits", "probabilities")
ENSEMBLE = "ensemble"  # key of ``model``: the networks that are averaged


@dataclass(frozen=True)
class FileSpec:
    """One model file beside this spec. ``layout`` is that of its own input tensor."""

    name: str
    bytes: int
    sha256: str
    layout: str = "NCHW"

    @classmethod
    def of(cls, path: Path, layout: str = "NCHW") -> "FileSpec":
        """Describes a file that exists."""
        return cls(path.name, path.stat().st_size, sha256_of(path), layout)


@dataclass(frozen=True)
class ModelSpec:
    """Everything that is needed to run a model and to name what it says.

    ``classes`` are the folder names in the order of the outputs; ``labels`` has one table of
    display names per class (``en``, ``zh``, perhaps ``group`` with the same two keys);
    ``output`` is ``logits`` or ``probabilities``; ``model`` holds the arguments of
    ``classifier.build_classifier`` and the number of parameters, of an average of runs a list of
    such tables under ``ensemble``; ``calibration`` is None until training has ended.
    """

    classes: tuple[str, ...]
    labels: tuple[dict[str, Any], ...]
    input: InputSpec
    output: str
    model: dict[str, Any]
    files: tuple[FileSpec, ...] = ()
    calibration: CalibrationSpec | None = None
    format: int = field(default=SPEC_FORMAT)

    @property
    def temperature(self) -> float:
        """What the model's outputs are divided by before softmax or sigmoid."""
        return self.calibration.temperature if self.calibration else 1.0

    @property
    def model_temperature(self) -> float:
        """What the network divides its logits by itself."""
        return self.calibration.model_temperature if self.calibration else 1.0

    @property
    def threshold(self) -> float | None:
        """The score below which an answer is not to be relied on; None: every answer counts."""
        return self.calibration.threshold if self.calibration else None

    @property
    def activation(self) -> str | None:
        """Of the output, as the head has it; an average of runs says it itself."""
        if ENSEMBLE in self.model:
            return self.model.get("activation")
        head = self.model.get("head")
        return head.get("activation") if isinstance(head, dict) else None

    def with_files(self, *files: FileSpec) -> "ModelSpec":
        """The same spec beside other files."""
        return replace(self, files=files)

    def label(self, index: int, language: str = "en") -> str:
        """Display name of a class; its folder name where the language is missing."""
        return self.labels[index].get(language, self.classes[index])

    def names(self, index: int) -> str:
        """English and Chinese display name of a class, as far as there are any; else its folder."""
        names = [self.labels[index][key] for key in ("en", "zh") if key in self.labels[index]]
        return " ".join(names) or self.classes[index]

    def save(self, folder: Path) -> Path:
        """Writes ``folder/spec.json`` atomically and returns its path."""
        path = folder / FILE_NAME
        write_json(path, asdict(self) | {"input": self.input.to_dict()})
        return path
