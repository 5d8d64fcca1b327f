"""Frames of any times in a video of one rate, so that a second of it is a second."""

MOST_HELD = 600.0  # seconds; what is longer is a clock that was set anew
SAID = 0.01  # the share of frames from which on it is worth saying


class Pace:
    """How many places of a video are filled when a frame comes: those up to its own.

    Args:
        rate: of the video, frames a second.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.filled = 0
        self._frames = self._left_out = self._held = 0
        self._lost = 0.0  # seconds by which the clock has jumped

    def times(self, time: float) -> int:
        """Places that are due: 1 for a frame in time, which is the frame's own.

        Of more than one, the last is the frame's own and the others are of the picture before it.
        None is due where the frame is too close to that picture, and is left out.

        Args:
            time: of the frame, seconds, rising; the first frame has the first place alone.
        """
        count = max(0, round((time - self._lost) * self.rate) + 1 - self.filled)
        if count > (MOST_HELD * self.rate if self.filled else 1):
            self._lost += (count - 1) / self.rate
            count = 1
        self.filled += count
        self._frames += 1
        self._left_out += count == 0
        self._held += count > 1
        return count

    def in_words(self) -> str:
        """What was done to frames that came unevenly, for people; nothing where few did."""
        if self._left_out + self._held <= SAID * self._frames:
            return ""
        return (
            f"its frames come at varying times, and an MP4 here has one rate: drawn at "
            f"{self.rate:.4g} a second, so that it stays in step; of {self._frames:,} frames "
            f"{self._left_out:,} are left out and {self._held:,} shown for longer"
        )
