"""The label of a face in a video: that of its last frames together."""

from collections import deque

import numpy as np

SECONDS = 1.0  # of the frames that vote
FEWEST = 5  # votes that are kept however old they are: with --every 30 there is one a second
MOST = 120  # of a video with more frames a second the last ones vote


class Vote:
    """The mean of the probabilities of the last frames in which a face was labelled."""

    def __init__(self) -> None:
        self._votes: deque[tuple[float, np.ndarray]] = deque(maxlen=MOST)

    def add(self, time: float, probabilities: np.ndarray) -> None:
        """Takes what the model says at a time in seconds: (classes,), 0..1."""
        self._votes.append((time, probabilities))
        while len(self._votes) > FEWEST and self._votes[0][0] < time - SECONDS:
            self._votes.popleft()

    @property
    def probabilities(self) -> np.ndarray:
        """(classes,) float64, 0..1; there must be a vote."""
        return np.mean([row for _, row in self._votes], axis=0)
