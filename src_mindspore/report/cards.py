"""Puts together what the page says of each photo: answer, evidence, alike training photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src_mindspore.photos.reader import PhotoReader
from src_mindspore.report.activation_map import evidence, pooled
from src_mindspore.report.embeddings import Network, TrainingVectors
from src_mindspore.report.finished_run import FinishedRun
from src_mindspore.report.gallery import (
    Answers,
    Card,
    Neighbour,
    Shown,
    chosen,
    near_count,
    top_classes,
)
from src_mindspore.report.neighbours import nearest
from src_mindspore.report.pictures import Pictures, overlay, seen_part

LARGE, SMALL, BESIDE = 176, 84, 76  # pixels of a picture's longer side
# of the sum over a map from the model's own logit, relative to the largest: the engines that
# compute the two are each compared with MindSpore, up to 1e-3
TOLERANCE = 5e-3
SHOWN, HIDDEN_LAYERS, DIFFERS = "about", "none", "differs"  # what becomes of the maps


@dataclass(frozen=True)
class Gallery:
    """The photos of the page.

    Attributes:
        shown: which they are.
        cards: by number of the photo.
        pictures: of all, and those of the training photos.
        vectors: among which alike photos were looked for; None where none was.
        maps: one of ``SHOWN``, ``HIDDEN_LAYERS`` and ``DIFFERS``.
    """

    shown: Shown
    cards: Mapping[int, Card]
    pictures: Pictures
    vectors: TrainingVectors | None
    maps: str

    @property
    def doubtful(self) -> list[Card]:
        """Photos whose label may be wrong, as they stand in the page."""
        return [self.cards[i] for i in self.shown.large if self.cards[i].doubtful]


def gallery(
    run: FinishedRun, answers: Answers, logits: np.ndarray, network: Network, reader: PhotoReader
) -> Gallery:
    """All photos of the page.

    Args:
        run: the run.
        answers: what its model says.
        logits: of these photos by the model, (n, classes), to compare the maps with.
        network: the model, asked for its maps.
        reader: opens the photos.
    """
    shown = chosen(answers)
    large = shown.large
    pictures = Pictures(reader, len(answers.records))
    paths = [record.path for record in answers.records]
    pictures.add([paths[i] for i in large], LARGE)
    if not large:
        pictures.add([paths[i] for i in shown.small], SMALL)
        return Gallery(shown, _small(answers, shown, pictures), pictures, None, SHOWN)
    maps = network.maps([answers.records[i] for i in large])
    said = answers.said[large]
    found, state = _evidence(maps, said, logits[large], network)
    vectors = network.training_vectors()
    numbers, cosines = nearest(
        pooled(maps, network.reduction), vectors.vectors, near_count(len(large))
    )
    beside = [vectors.records[k].path for k in dict.fromkeys(numbers.ravel().tolist())]
    pictures.add(beside, BESIDE)
    pictures.add([paths[i] for i in shown.small], SMALL)
    cards = _small(answers, shown, pictures)
    for place, i in enumerate(large):
        picture = pictures.get(paths[i])
        near = [
            Neighbour(r.path, r.label, pictures.get(r.path), float(cosine))
            for r, cosine in zip(
                [vectors.records[k] for k in numbers[place]], cosines[place], strict=True
            )
        ]
        cards[i] = Card(
            paths[i],
            int(answers.labels[i]),
            top_classes(answers.probabilities[i]),
            picture,
            overlay(found[place]) if found is not None else None,
            seen_part(picture.width, picture.height, run.spec.input) if picture else (0, 0, 1, 1),
            near,
        )
    return Gallery(shown, cards, pictures, vectors, state)


def _small(answers: Answers, shown: Shown, pictures: Pictures) -> dict[int, Card]:
    return {
        i: Card(
            answers.records[i].path,
            int(answers.labels[i]),
            top_classes(answers.probabilities[i]),
            pictures.get(answers.records[i].path),
        )
        for i in shown.small
    }


def _evidence(
    maps: np.ndarray, said: Sequence[int], logits: np.ndarray, network: Network
) -> tuple[np.ndarray | None, str]:
    """The evidence for what is said, (n, H, W), and what becomes of it.

    It is shown only where it adds up to the model's own logits.
    """
    head = network.head
    if head.last:
        return None, HIDDEN_LAYERS
    dense = head.head[head.last]
    weight, bias = dense.weight.asnumpy(), dense.bias.asnumpy()
    found = evidence(maps, weight, said, head.reduction, head.normalisation)
    sums = found.sum((1, 2)) + bias[said]
    own = logits[np.arange(len(said)), said]
    if np.abs(sums - own).max() > TOLERANCE * max(1.0, float(np.abs(logits).max())):
        return None, DIFFERS
    return found, SHOWN
