"""Photos that could be read when the work began, and may have gone, or changed, since.

A photo that cannot be read any more is left out, counted and named. Whatever reads photos gives a
row of NaN for it, and whoever uses the rows gives it no weight.
"""

import hashlib
import io
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from src_mindspore.photos.decode import DOUBT, open_image, opened, upright
from src_mindspore.photos.records import Record
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.errors import UserError

log = logging.getLogger(__name__)

SHARE = 0.01  # of the photos may be left out, or one; more is no accident


class PhotoReader:
    """Opens photos below ``root``; threads may share it.

    Args:
        root: the data folder.
        photos: how many there are.
        digests: SHA-256 by path, as 64 hexadecimal digits: a file of another content is none of
            these photos. None takes any.
        note: whether ``seen`` keeps the SHA-256 of what was read, by path.
        value_range: of deep photos, see ``decode.open_photo``.
    """

    def __init__(
        self,
        root: Path,
        photos: int,
        digests: Mapping[str, str] | None = None,
        *,
        note: bool = False,
        value_range: ValueRange | None = None,
    ) -> None:
        self.root = root
        self.photos = photos
        self.skipped: dict[str, str] = {}  # what is wrong, by path
        self.seen: dict[str, str] = {}
        self._digests = digests
        self._note = note
        self._range = value_range
        self._doubted = False
        self._lock = threading.Lock()

    @property
    def allowed(self) -> int:
        """How many photos may be left out."""
        return max(1, int(SHARE * self.photos))

    def open(self, path: str) -> Image.Image | None:
        """The photo at a path below ``root``, upright RGB; None where it is left out.

        Raises:
            UserError: with this one more than ``allowed`` cannot be read.
        """
        file = self.root / path
        try:
            with open_image(file) as stream:
                content = stream.read()
            # of the bytes that are decoded, so that nothing can take their place in between
            digest = hashlib.sha256(content).hexdigest() if self._digests or self._note else ""
            if self._digests and digest != self._digests[path]:
                raise UserError(f"{file} has changed since the photos were listed")
            with opened(file, io.BytesIO(content)) as image:
                photo = upright(image, self._range)
            if self._note:
                self.seen[path] = digest
        except (UserError, OSError) as error:
            self._skip(path, str(error))
            return None
        if DOUBT in photo.info and not self._doubted:
            self._doubted = True  # the others are of the same kind; one line says it
            log.warning("%s: %s; other photos may be alike", file, photo.info[DOUBT])
        return photo

    def seen_of(self, records: Sequence[Record]) -> list[str]:
        """SHA-256 of those of some photos that were opened; ``note`` keeps them."""
        return [self.seen[r.path] for r in records if r.path in self.seen]

    def _skip(self, path: str, problem: str) -> None:
        with self._lock:
            if path in self.skipped:
                return
            self.skipped[path] = problem
            count = len(self.skipped)
        if count > self.allowed:
            raise UserError(
                f"{count} of {self.photos} photos cannot be read any more; up to {self.allowed} "
                f"({SHARE:.0%}, or one) are left out. The last: {problem}"
            )
        log.warning("left out: %s", problem)
