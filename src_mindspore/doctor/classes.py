"""How many photos each class has: none, too few, or far more than another."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from src_mindspore.dataset import DataSet
from src_mindspore.doctor.findings import DECISION, ERROR, NOTE, ClassCount, Finding
from src_mindspore.photos.class_weights import CLASS_WEIGHTS, class_weights

TINY = 10  # photos to learn from below which one photo is more than a tenth of its class
UNEVEN = 3.0  # largest class by smallest from which weights are worth a try


def count_classes(data: DataSet) -> list[ClassCount]:
    """Photos of every class by split, and the weights that ``loss.class_weights`` would give."""
    counts = {n: Counter(r.label for r in records) for n, records in data.splits.items()}
    labels = np.array([record.label for record in _learnt(data)], np.int64)
    weights = {}
    if len(np.unique(labels)) == len(data.classes):
        rules = [rule for rule in CLASS_WEIGHTS if rule != "none"]
        weights = {rule: class_weights(labels, len(data.classes), rule) for rule in rules}
    return [
        ClassCount(
            name,
            {split: counted[label] for split, counted in counts.items()},
            {rule: round(float(values[label]), 3) for rule, values in weights.items()},
        )
        for label, name in enumerate(data.classes)
    ]


def _learnt(data: DataSet) -> Sequence:
    """The photos of the split to learn from, or of which it will be a part."""
    return data.splits.get("train", data.splits.get("all", ()))


def class_findings(data: DataSet, classes: Sequence[ClassCount]) -> Iterator[Finding]:
    """Faults in the numbers of photos."""
    split = "train" if "train" in data.splits else "all"
    if split not in data.splits:
        return
    numbers = {c.name: c.photos[split] for c in classes}
    if len(numbers) == 1:
        text = "there is one class only; a classifier needs at least 2"
        yield Finding.of_files("one_class", ERROR, text, numbers)
    if empty := [name for name, n in numbers.items() if n == 0]:
        text = "classes without a photo to learn from: add photos or remove the folder"
        yield Finding.of_files("empty_class", ERROR, text, empty)
    if tiny := [(name, _photos(n)) for name, n in numbers.items() if 0 < n < TINY]:
        text = f"classes with fewer than {TINY} photos to learn from: add photos, merge or drop"
        yield Finding.of_files("tiny_class", DECISION, text, tiny)
    for name, records in data.splits.items():
        absent = set(range(len(data.classes))) - {record.label for record in records}
        if name == "val" and not records:
            yield Finding("empty_val", ERROR, "val/ has no photo; it decides which epoch is best")
        elif name not in ("train", "all") and absent:
            text = f"classes without a photo in {name}/: nothing will say how well they do"
            yield Finding.of_files(
                "unscored_class", DECISION, text, [data.classes[label] for label in sorted(absent)]
            )
    yield from _imbalance(numbers, classes)


def _imbalance(numbers: dict[str, int], classes: Sequence[ClassCount]) -> Iterator[Finding]:
    least, most = min(numbers, key=numbers.__getitem__), max(numbers, key=numbers.__getitem__)
    if not numbers[least] or numbers[most] < UNEVEN * numbers[least]:
        return
    weights = {c.name: c.weights for c in classes}
    rules = "; ".join(
        f"{rule}: {weights[most][rule]:.2f} to {weights[least][rule]:.2f}"
        for rule in weights[least]
    )
    text = (
        f"classes are uneven, {numbers[least]} to {numbers[most]} photos; loss.class_weights makes "
        f"up for it ({rules}); try sqrt first"
    )
    found = [(name, _photos(numbers[name])) for name in (least, most)]
    yield Finding.of_files("imbalance", NOTE, text, found)


def _photos(count: int) -> str:
    return f"{count} photo{'s' * (count != 1)}"
