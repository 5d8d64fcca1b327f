"""The page as HTML: every figure of a run in the order in which people ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from src_mindspore.evaluation import confusion
from src_mindspore.pages.page import script_source, templates
from src_mindspore.photos.class_weights import class_weights
from src_mindspore.plots.of_run import most_confused
from src_mindspore.report.cards import SHOWN, Gallery
from src_mindspore.report.charts import curves, reliability
from src_mindspore.report.doctor import Shown
from src_mindspore.report.finished_run import FinishedRun
from src_mindspore.report.gallery import Answers, Cell, confusions
from src_mindspore.report.language import Both, words
from src_mindspore.runs.names import CONFIG
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.advice import advised
from src_mindspore.system.read import MAX_YAML, read_text
from src_mindspore.system.terminal import apart, shown

MATRIX = 40  # classes of the confusion matrix; of more the most confused ones
ROWS = 200  # classes of a table; of more those of the lowest recall
DOCTOR_PAGE = Path("doctor.html")  # that the page tells people to write
CONFUSED = 6  # classes that a row names as what its class is taken for


@dataclass(frozen=True)
class ClassRow:
    """A class of the page.

    Attributes:
        number: of the class.
        name: to be shown.
        row: of ``per_class`` in metrics.json.
        taken_for: other classes that its photos were taken for, and how many.
        train: training photos.
        weight: in the loss.
    """

    number: int
    name: Both
    row: Mapping[str, Any]
    taken_for: Sequence[tuple[int, int]]
    train: int
    weight: float


def names_of(spec: ModelSpec) -> list[Both]:
    """Display names of the classes; what looks alike is told apart."""
    every = range(len(spec.classes))
    english, chinese = (
        apart([spec.label(i, language) for i in every])
        if language == "en"
        else apart([spec.labels[i].get("zh") or spec.label(i) for i in every])
        for language in ("en", "zh")
    )
    return [Both(en, zh) for en, zh in zip(english, chinese, strict=True)]


def percent(share: float | None, digits: int = 1) -> str:
    """0..1 as people read it."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def certainty(share: float) -> str:
    """A probability; what is not certain is not called so."""
    return "> 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def page(
    run: FinishedRun, answers: Answers, found: Gallery, doctor: Shown | None, differs: bool
) -> str:
    """The page of a finished run.

    Args:
        run: what it left.
        answers: what its model says of the validation photos.
        found: the photos that are shown.
        doctor: what the doctor found; None where the run did not keep it.
        differs: whether these answers are not those that ``metrics.json`` counts.
    """
    names, final = names_of(run.spec), run.metrics["val"]
    classes = _class_rows(run, names, answers)
    calibration = run.metrics["calibration"]
    with_photos = [row for row in classes if row.row["n"]]
    return render(
        "page.html",
        run=run,
        final=final,
        names=names,
        classes=classes[:ROWS],
        all_classes=len(classes),
        worst=with_photos[0] if with_photos and found.shown.wrong_of else None,
        matrix=_matrix(final, names, found),
        found=found,
        cards=found.cards,
        shown_photos=found.shown,
        map_state=found.maps,
        maps_shown=found.maps == SHOWN and any(c.overlay for c in found.cards.values()),
        differs=differs,
        curves=curves(run.lines),
        best=_best(run.lines),
        reliability=[
            reliability(
                words("before", ece=f"{calibration['before']['ece']:.3f}"),
                calibration["reliability_before"],
            ),
            reliability(
                words(
                    "after",
                    ece=f"{final['ece']:.3f}",
                    temperature=f"{calibration['temperature']:.3f}",
                ),
                final["reliability"],
            ),
        ],
        calibration=calibration,
        steps=_steps(run.metrics["seconds"]),
        config=shown(read_text(run.path / CONFIG, MAX_YAML)),
        hashes=_hashes(run),
        doctor=doctor,
        doctor_command=advised(
            "src_mindspore.doctor", run.data.root, "--html", Path("doctor.html")
        ),
        export=advised("export.py", run.path),
    )


def render(template: str, **values: Any) -> str:
    """One of the room's templates, with what all of them use."""
    environment = templates(__package__)
    environment.globals["t"] = words
    environment.filters["percent"] = percent
    environment.filters["certainty"] = certainty
    script = resources.files(__package__).joinpath("report.js").read_text(encoding="utf-8")
    policy = script_source(script)
    ours = {"script": Markup(script), "policy": Markup(policy)}  # noqa: S704 - our own files
    return environment.get_template(template).render(**ours, **values)


def _class_rows(run: FinishedRun, names: Sequence[Both], answers: Answers) -> list[ClassRow]:
    """The classes by rising recall: what is missed of one, its own row shows; without photos last.

    A photo with a wrong label lowers the recall of the class that it is said to be of.
    """
    labels = np.array([record.label for record in run.data.records("train")], np.int64)
    counts = np.bincount(labels, minlength=len(names))
    weights = np.ones(len(names))
    if counts.min():
        weights = class_weights(labels, len(names), run.config.loss.class_weights)
    wrong: dict[int, list[tuple[int, int]]] = {}
    for (label, said), photos in confusions(answers).most_common():
        if label != said:
            wrong.setdefault(label, []).append((said, photos))
    rows = [
        ClassRow(
            *(i, names[i], row, wrong.get(i, [])[:CONFUSED], int(counts[i]), float(weights[i]))
        )
        for i, row in enumerate(run.metrics["val"]["per_class"])
    ]
    return sorted(
        rows, key=lambda r: (not r.row["n"], r.row["recall"], r.row["precision"] or 0.0, r.number)
    )


@dataclass(frozen=True)
class Matrix:
    """A part of the confusion matrix.

    Attributes:
        classes: whose rows and columns it has.
        counts: photos by cell.
        of: photos of each class.
        linked: cells whose photos the page has.
    """

    classes: Sequence[int]
    counts: Mapping[Cell, int]
    of: Mapping[int, int]
    linked: frozenset[Cell]

    def share(self, cell: Cell) -> float:
        """Of the photos of a cell's class those in it, 0..1."""
        return self.counts.get(cell, 0) / max(1, self.of.get(cell[0], 0))


def _matrix(final: Mapping[str, Any], names: Sequence[Both], found: Gallery) -> Matrix:
    table = confusion.read(dict(final))
    classes = list(range(len(names)))
    if len(names) > MATRIX:
        classes = most_confused(table, len(names), MATRIX).tolist()
    counts = {(true, said): images for true, said, images in table.tolist()}
    of: dict[int, int] = {}
    for (true, _), images in counts.items():
        of[true] = of.get(true, 0) + images
    right = {(label, label) for label in found.shown.right}
    return Matrix(classes, counts, of, frozenset({*found.shown.wrong, *right}))


def _best(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return max(lines, key=lambda line: (line["val_top1"], -line["val_loss"]))


def _steps(seconds: Mapping[str, float]) -> list[tuple[Both, float]]:
    """Time by step, and what is left to the others; earlier versions knew the stages alone."""
    steps = [(words(f"step_{k}"), v) for k, v in seconds.items() if k != "total"]
    rest = seconds["total"] - sum(value for _, value in steps)
    last = [(words("step_rest"), max(0.0, rest)), (words("step_total"), seconds["total"])]
    return [*steps, *last]


def _hashes(run: FinishedRun) -> list[tuple[str, str]]:
    """Name and SHA-256 of the model's files."""
    rows = [(file.name, file.sha256) for file in run.spec.files]
    exported = run.parity["files"] if run.parity else ()
    rows += [(f"{row.get('folder', 'export')}/{row['name']}", row["sha256"]) for row in exported]
    return list(dict.fromkeys(row for row in rows if row[0] != "export/model.ckpt"))
