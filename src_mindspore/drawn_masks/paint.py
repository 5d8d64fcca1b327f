"""A mask onto a photo: projected, lit, as sharp as the photo is, with its shadow."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from src_mindspore.drawn_masks.fabric import Fabric
from src_mindspore.drawn_masks.mask import BEHIND, Mask
from src_mindspore.drawn_masks.pose import Pose

CELLS = (36, 20)  # of the outline, across and down
FINE = 4  # the outline is drawn at so many times the size
STEP = 0.7  # pixels between two points of the surface, at most
LARGEST = 1000  # points of the surface in a row
STRAP = 2.2  # millimetres
CHEEKS, REACH = 75.0, 170.0  # millimetres around the nose: of the face, and of mask and shadow
SKIN = 165.0  # luminance of a face in good light, 0..255
GREY = 6.0  # mean distance of colours below which a photo has none
LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True)
class Light:
    """What a photo tells of its light, around a face.

    Attributes:
        level: luminance of the skin over that of good light.
        direction: (3,) of length 1, where the light comes from, in the camera's axes.
        blur: standard deviation in pixels, of a Gaussian that makes a sharp edge like its edges.
        noise: standard deviation of the photo's own grain, 0..255.
        colour: whether it has colours.
    """

    level: float
    direction: np.ndarray
    blur: float
    noise: float
    colour: bool


def light_of(photo: np.ndarray, pose: Pose) -> Light:
    """Measured on the face.

    Args:
        photo: (H, W, 3) uint8, RGB.
        pose: of the face.
    """
    grey = photo @ LUMINANCE
    cheeks = [_mean_around(grey, pose, (x, 45, 5)) for x in (-38, 38)]
    front = _mean_around(grey, pose, (0, -25, 5))
    left, right = cheeks
    sideways = np.clip(1.6 * (right - left) / (left + right + 1), -0.8, 0.8)
    direction = np.array([sideways, -0.45, 1.0])
    level = float(np.clip(np.median([left, right, front]) / SKIN, 0.2, 1.15))
    left_, top, right_, bottom = _region(photo, pose, CHEEKS)
    part = grey[top:bottom, left_:right_].astype(np.float32)
    sharp = cv2.Laplacian(part, cv2.CV_32F).var()
    soft = cv2.Laplacian(cv2.GaussianBlur(part, (0, 0), 1), cv2.CV_32F).var()
    # of a picture whose power falls with the square of the frequency, blurred by s, a Laplacian has
    # the power s^-4; so the ratio is ((s^2 + 1) / s^2)^2
    ratio = float(np.sqrt(max(sharp, 1e-6) / max(soft, 1e-6)))
    blur = float(np.clip(1 / np.sqrt(max(ratio - 1, 1e-3)), 0.4, 3))
    # the median of what a median filter takes away, of a Gaussian 0.67 of its deviation
    rest = np.abs(part - cv2.medianBlur(part.astype(np.uint8), 3))
    noise = float(min(np.median(rest) / 0.67, 8))
    spread = photo[top:bottom, left_:right_].astype(np.int16)
    colour = float(np.ptp(spread, axis=2).mean()) > GREY
    return Light(level, direction / np.linalg.norm(direction), blur, noise, colour)


def _region(photo: np.ndarray, pose: Pose, reach: float) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the face within the photo, never empty; reach: millimetres."""
    height, width = photo.shape[:2]
    reach *= pose.scale
    middle = pose.turned(np.array([0.0, 35, 10]))[:2]
    left, top = np.clip(middle - reach, 0, (width - 4, height - 4)).astype(int)
    right, bottom = np.clip(middle + reach, (left + 4, top + 4), (width, height)).astype(int)
    return left, top, right, bottom


def _mean_around(grey: np.ndarray, pose: Pose, point: tuple[float, float, float]) -> float:
    x, y = pose.turned(np.array(point, np.float64))[:2]
    reach = max(1, round(8 * pose.scale))
    height, width = grey.shape
    column, row = int(np.clip(x, 0, width - 1)), int(np.clip(y, 0, height - 1))
    part = grey[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    return float(part.mean())


def paint(
    photo: np.ndarray, pose: Pose, mask: Mask, fabric: Fabric, rng: np.random.Generator
) -> np.ndarray:
    """The photo with the mask on it.

    Args:
        photo: (H, W, 3) uint8, RGB.
        pose: of the face.
        mask: what it wears.
        fabric: what that is made of.
        rng: of the grain.

    Returns:
        (H, W, 3) uint8.
    """
    # a large photo is worked on around the face alone
    left, top, right, bottom = _region(photo, pose, REACH)
    moved = replace(pose, shift=pose.shift - (left, top))
    result = photo.copy()
    part = photo[top:bottom, left:right]
    result[top:bottom, left:right] = _painted(part, moved, mask, fabric, rng)
    return result


def _painted(
    photo: np.ndarray, pose: Pose, mask: Mask, fabric: Fabric, rng: np.random.Generator
) -> np.ndarray:
    outline = _outline(pose, mask)
    light = light_of(photo, pose)
    colours, seen = _colours(photo.shape, pose, mask, fabric, light)
    cover = _cover(photo.shape, outline)
    straps = _straps(photo.shape, pose, mask)
    cover, straps = (_blurred(layer, light.blur) for layer in (cover, straps))
    colours = (
        _blurred(colours, light.blur) / np.maximum(_blurred(seen, light.blur), 1e-4)[..., None]
    )
    grain = _blurred(rng.normal(0, 1, photo.shape[:2]).astype(np.float32), light.blur)
    grain /= max(float(grain.std()), 1e-6)
    colours *= 1 + fabric.grain * grain[..., None]
    colours += light.noise * rng.normal(0, 1, photo.shape).astype(np.float32)
    strap_colour = np.asarray(fabric.strap, np.float32) * light.level * 0.9
    if not light.colour:
        colours = np.repeat((colours @ LUMINANCE)[..., None], 3, -1)
        strap_colour = np.full(3, strap_colour @ LUMINANCE)
    result = photo.astype(np.float32)
    result *= (1 - 0.42 * _shadow(np.maximum(cover, 0.6 * straps), pose))[..., None]
    result += (strap_colour - result) * (straps * 0.9)[..., None]
    result += (colours - result) * cover[..., None]
    return result.round().clip(0, 255).astype(np.uint8)


def share_within(shape: tuple[int, ...], pose: Pose, mask: Mask) -> float:
    """Which share of what a camera sees of a mask lies within a photo of (H, W, ...), 0..1."""
    cells = _outline(pose, mask)
    following = np.roll(cells, -1, axis=1)
    areas = np.abs(np.sum(cells[..., 0] * following[..., 1] - cells[..., 1] * following[..., 0], 1))
    middles = cells.mean(1)
    within = ((middles >= 0) & (middles < (shape[1], shape[0]))).all(1)
    return float(areas[within].sum() / max(areas.sum(), 1e-9))


def _outline(pose: Pose, mask: Mask) -> np.ndarray:
    """The cells of a mask that look at the camera: (n, 4, 2), pixels."""
    across, down = np.meshgrid(np.linspace(-1, 1, CELLS[0] + 1), np.linspace(0, 1, CELLS[1] + 1))
    points = pose.turned(mask.surface(across, down))[..., :2]
    corners = np.stack([points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]], 2)
    first, second = corners[..., 2, :] - corners[..., 0, :], corners[..., 3, :] - corners[..., 1, :]
    facing = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0] > 0
    return corners[facing]


def _cover(shape: tuple[int, ...], cells: np.ndarray) -> np.ndarray:
    """(H, W) float32, which share of a pixel the mask hides."""
    fine = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    for corners in np.clip(cells * FINE - 0.5, -20_000, 20_000).round().astype(np.int32):
        cv2.fillConvexPoly(fine, corners, 255)
    return cv2.resize(fine, shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _colours(
    shape: tuple[int, ...], pose: Pose, mask: Mask, fabric: Fabric, light: Light
) -> tuple[np.ndarray, np.ndarray]:
    """The lit surface, points summed up by pixel: (H, W, 3), and how many there are: (H, W)."""
    columns, rows = (
        int(np.clip(length * pose.scale / STEP, 8, LARGEST)) for length in (230.0, 150.0)
    )
    across, down = np.meshgrid(
        np.linspace(-1, 1, columns, dtype=np.float32), np.linspace(0, 1, rows, dtype=np.float32)
    )
    points = pose.turned(mask.surface(across, down)).astype(np.float32)
    along, below = np.gradient(points, axis=1), np.gradient(points, axis=0)
    normals = np.cross(along, below)
    normals[..., 2] = np.where(np.abs(normals[..., 2]) < 1e-12, 1e-12, normals[..., 2])
    facing = normals[..., 2] > 0
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    lambert = np.clip(normals @ light.direction, 0, None)
    colours = (
        fabric.colours(across, down).astype(np.float32)
        * (light.level * (0.5 + 0.55 * lambert))[..., None]
    )
    x, y = points[..., 0].astype(np.int64), points[..., 1].astype(np.int64)
    kept = facing & (points[..., :2] >= 0).all(-1) & (x < shape[1]) & (y < shape[0])
    places = (y * shape[1] + x)[kept]
    pixels = shape[0] * shape[1]
    layers = [np.bincount(places, colours[..., i][kept], pixels) for i in range(3)]
    total = np.stack(layers, -1).reshape(*shape[:2], 3).astype(np.float32)
    return total, np.bincount(places, minlength=pixels).reshape(shape[:2]).astype(np.float32)


def _straps(shape: tuple[int, ...], pose: Pose, mask: Mask) -> np.ndarray:
    """(H, W) float32: the parts of the loops on the side of the head that can be seen."""
    fine = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    width = max(1, round(STRAP * pose.scale * FINE))
    for line in mask.straps():
        outwards = line * [1, 0, 1] + [0, 0, BEHIND]  # from the axis of the head
        seen = outwards @ pose.rotation.T[:, 2] > 0
        points = np.clip(pose.turned(line)[:, :2] * FINE, -20_000, 20_000).round().astype(np.int32)
        for i in np.flatnonzero(seen[:-1] & seen[1:]):
            cv2.line(fine, points[i].tolist(), points[i + 1].tolist(), 255, width)
    return cv2.resize(fine, shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _shadow(cover: np.ndarray, pose: Pose) -> np.ndarray:
    """(H, W): soft, and a little below what throws it; 0..1."""
    down = 2.5 * pose.scale
    moved = cv2.warpAffine(
        cover,
        np.array([[1, 0, 0], [0, 1, down]]),
        cover.shape[::-1],
        borderMode=cv2.BORDER_REPLICATE,
    )
    return _blurred(moved, max(0.6, 3.0 * pose.scale))


def _blurred(layer: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(layer, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
