"""Which classes are taken for which: counted, written and read without a table of all pairs.

Of 5,000 classes such a table has 25 million cells, nearly all of them 0. Here a confusion is the
list of those that are not: ``(m, 3)`` int64, rows of true class, predicted class and images, sorted
by the first two; m is at most the number of images.
"""

from typing import Any

import numpy as np

TABLE, TRIPLES = "table", "triples"  # forms
TABLE_CLASSES = 200  # up to so many classes files hold the table, which has 40,000 cells then


def count_confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """The confusion of ``(n,)`` true and ``(n,)`` predicted classes."""
    pairs, images = np.unique(labels.astype(np.int64) * classes + predicted, return_counts=True)
    return np.stack([*np.divmod(pairs, classes), images], axis=1)


def written(confusion: np.ndarray, classes: int) -> dict[str, Any]:
    """As files hold it.

    Returns:
        ``confusion_form`` and ``confusion``: ``table``, where ``confusion[true][predicted]`` is
        the number of images; above ``TABLE_CLASSES`` ``triples``, a list of
        ``[true, predicted, images]`` of the pairs that occur, sorted.
    """
    if classes > TABLE_CLASSES:
        return {"confusion_form": TRIPLES, "confusion": confusion.tolist()}
    table = np.zeros((classes, classes), int)
    table[confusion[:, 0], confusion[:, 1]] = confusion[:, 2]
    return {"confusion_form": TABLE, "confusion": table.tolist()}


def read(result: dict[str, Any]) -> np.ndarray:
    """The confusion that ``written`` put into a result; one without a form is a table."""
    values = np.array(result["confusion"], np.int64)
    if result.get("confusion_form") == TRIPLES:
        return values.reshape(-1, 3)
    true, predicted = np.nonzero(values)
    return np.stack([true, predicted, values[true, predicted]], axis=1)
