"""What draws the objects of the embedded data set, one module a bin."""

from collections.abc import Callable

from src_mindspore.demo_photos.shapes.dry import broom, lighter, toothbrush
from src_mindspore.demo_photos.shapes.hazardous import battery, lamp, tablets
from src_mindspore.demo_photos.shapes.recyclable import basketball, bottle, can, newspaper
from src_mindspore.demo_photos.shapes.sheet import Sheet
from src_mindspore.demo_photos.shapes.wet import banana_peel, orange_peel

DRAWERS: dict[str, Callable[[Sheet], None]] = {
    "00_00": bottle,
    "00_02": newspaper,
    "00_03": can,
    "00_07": basketball,
    "01_01": lighter,
    "01_02": broom,
    "01_04": toothbrush,
    "02_01": battery,
    "02_02": lamp,
    "02_03": tablets,
    "03_00": orange_peel,
    "03_03": banana_peel,
}
"""What draws each class; the keys are the lab's folder names."""
