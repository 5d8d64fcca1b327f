"""Text as pixels, made once and copied into every frame that shows it."""

from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]  # RGB, 0..255

KEPT_BYTES = 20_000_000  # of pieces of text; one takes 10 kB at most sizes
PADDING = 0.2  # of the letters' height, on all sides
# ITU-R BT.601: how bright a colour looks
BRIGHTNESS = (0.299, 0.587, 0.114)
BRIGHT = 140  # above it black letters are read more easily than white ones


class TextPainter:
    """Draws text on a filled background.

    Args:
        font: a TrueType or OpenType file.
    """

    def __init__(self, font: Path) -> None:
        self._font = font
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}
        self._pieces: OrderedDict[tuple[str, int, Colour], np.ndarray] = OrderedDict()
        self._kept = 0  # bytes of the pieces

    def piece(self, text: str, size: int, background: Colour) -> np.ndarray:
        """A text: (h, w, 3) uint8, of the same height for all texts of a size.

        Args:
            text: on one line.
            size: of the font, pixels.
            background: the letters are black or white, whichever is read more easily.
        """
        key = (text, size, background)
        if (made := self._pieces.get(key)) is not None:
            self._pieces.move_to_end(key)
            return made
        made = self._pieces[key] = self._drawn(text, size, background)
        self._kept += made.nbytes
        while self._kept > KEPT_BYTES:  # what nobody has asked for the longest goes first
            self._kept -= self._pieces.popitem(last=False)[1].nbytes
        return made

    def line(self, texts: list[str], size: int, background: Colour) -> np.ndarray:
        """Texts side by side, each kept by itself: (h, w, 3) uint8."""
        return np.concatenate([self.piece(text, size, background) for text in texts], axis=1)

    def _drawn(self, text: str, size: int, background: Colour) -> np.ndarray:
        font = self._fonts.get(size)
        if font is None:
            font = self._fonts[size] = ImageFont.truetype(self._font, size)
        ascent, descent = font.getmetrics()
        space = max(1, round(PADDING * size))
        width = int(np.ceil(font.getlength(text))) + space
        image = Image.new("RGB", (width, ascent + descent), background)
        light = sum(part * value for part, value in zip(BRIGHTNESS, background, strict=True))
        letters = (0, 0, 0) if light > BRIGHT else (255, 255, 255)
        ImageDraw.Draw(image).text((space // 2, 0), text, letters, font)
        return np.asarray(image)


def paste(picture: np.ndarray, piece: np.ndarray, left: int, top: int) -> None:
    """Copies a piece into a picture; what reaches over its border is left out."""
    height, width = picture.shape[:2]
    first_row, first_column = max(0, -top), max(0, -left)
    last_row = min(piece.shape[0], height - top)
    last_column = min(piece.shape[1], width - left)
    if last_row > first_row and last_column > first_column:
        inside = piece[first_row:last_row, first_column:last_column]
        picture[top + first_row : top + last_row, left + first_column : left + last_column] = inside


def darkened(picture: np.ndarray, left: int, top: int, right: int, bottom: int) -> None:
    """Darkens a part of a picture, so that what is written there can be read."""
    part = picture[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if part.size:
        part[:] = cv2.convertScaleAbs(part, alpha=0.35)
