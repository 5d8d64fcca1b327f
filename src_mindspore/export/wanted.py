"""What to export: checked without MindSpore, which takes a second to load."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from src_mindspore.export.output import ExportFolder
from src_mindspore.lite.library import device_library
from src_mindspore.lite.quantisation import QUANTS
from src_mindspore.spec.labels import check_labels, load_labels
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.web.folder import WebFolder

MAX_DROP = 0.5  # points of top-1 that a quantised file may lose
FORMATS = ("mindir", "onnx", "ms")


@dataclass(frozen=True)
class Wanted:
    """What to export.

    Attributes:
        formats: which of ``FORMATS``.
        quants: of the ``.ms`` file, which of ``quantisation.QUANTS``.
        machines: processors for which the ``.ms`` is run in the check; empty is this computer's.
        max_drop: points of top-1 on the validation photos that a quantised file may lose.
        converter: a ``converter_lite``; None finds or fetches one.
        fold_temperature: divide logits by the run's temperature in the exported graph.
        labels: a file of display names in place of the run's; the run keeps its own.
        web: the folder of the page, which takes the place of a folder of device files; there
            ``formats`` is ``onnx`` alone.

    Raises:
        UserError: a value is not accepted, or a machine cannot be run.
    """

    formats: Sequence[str] = FORMATS
    quants: Sequence[str] = ("none",)
    machines: Sequence[str] = ()
    max_drop: float = MAX_DROP
    converter: str | None = None
    fold_temperature: bool = False
    labels: Path | None = None
    web: WebFolder | None = None

    @property
    def names(self) -> list[str]:
        """Of the model files that will be written."""
        plain = [f"model.{name}" for name in self.formats if name != "ms"]
        return plain + [lite_name(quant) for quant in self.quants if "ms" in self.formats]

    def folder(self, out: Path, beside: Sequence[str] = ()) -> ExportFolder | WebFolder:
        """Where the files go: ``out``, or the folder of the page.

        Args:
            out: for device files.
            beside: names of further files there.

        Raises:
            UserError: see ``ExportFolder``.
        """
        return self.web or ExportFolder(out, [*self.names, *beside])

    def labelled(self, spec: ModelSpec) -> ModelSpec:
        """The description with the wanted display names.

        Raises:
            UserError: a file of labels that cannot be used.
        """
        if self.labels is None:
            return spec
        check_labels(self.labels, spec.classes, strict=True)
        return replace(spec, labels=load_labels(self.labels, spec.classes))

    def __post_init__(self) -> None:
        """Refuses a value that is not accepted, and a machine that cannot be run."""
        _check_choice("--formats", self.formats, FORMATS)
        _check_choice("--quant", self.quants, QUANTS)
        if self.web and tuple(self.formats) != ("onnx",):
            raise ValueError("a page has an ONNX file and no other")
        if self.max_drop < 0:
            raise UserError(f"--max-drop is 0 or more points; got {self.max_drop:g}")
        if "ms" in self.formats:
            for machine in self.machines:
                device_library(machine)
            if set(self.quants) != {"none"}:
                # a quantised file is scored before it is exported: say now if it cannot be
                device_library()


def lite_name(quant: str) -> str:
    """Of the file whose weights are stored in that way, of ``quantisation.QUANTS``."""
    return "model.ms" if quant == "none" else f"model_{quant}.ms"


def _check_choice(option: str, got: Sequence[str], accepted: Sequence[str]) -> None:
    wrong = [value for value in got if value not in accepted]
    if wrong or not got:
        raise UserError(f"{option} takes {', '.join(accepted)}; got {','.join(got)!r}")
