"""From an object on a sheet to a photo of it: pose, background, shadow, litter, camera.

All ranges here are by eye; together they set how hard the embedded data set is.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from src_mindspore.demo_photos.shapes.sheet import curve, jitter, ribbon, smooth_noise, vivid

OCCLUDED = 0.3
"""Share of the photos in which scraps cover a part of the object."""

Size = tuple[int, int]
"""Width and height in pixels."""


def frame(rng: np.random.Generator) -> Size:
    """Size of a photo: 200..320 px a side, square, 4:3 or 3:2, either way up."""
    ratio = float(rng.choice([1, 4 / 3, 4 / 3, 3 / 2]))
    short = int(rng.integers(200, int(320 / ratio) + 1))
    size = (round(short * ratio), short)
    return size if rng.uniform() < 0.5 else size[::-1]


def _image(pixels: np.ndarray) -> Image.Image:
    """RGB image of float `pixels`, clipped to 0..255."""
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _wood(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Table top: grain along x, seams between planks."""
    width, height = size
    tone = [(165, 120, 75), (120, 80, 50), (200, 165, 120), (90, 70, 60)][rng.integers(4)]
    grain = rng.uniform(-1, 1, (height, 6)).astype(np.float32)
    rows = np.asarray(Image.fromarray(grain).resize((width, height), Image.Resampling.BICUBIC))
    field = 1 + rng.uniform(0.05, 0.2) * rows + 0.1 * smooth_noise(rng, (height, width), 5)
    plank = int(rng.integers(30, 120))
    seam = (np.arange(height) + rng.integers(plank)) % plank < 2
    field[seam] *= rng.uniform(0.5, 0.9)
    return field[..., None] * np.array(jitter(rng, tone, 25), np.float32)


def _tiles(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Floor: square tiles of slightly different tone between joints."""
    width, height = size
    step, joint = int(rng.integers(28, 110)), int(rng.integers(1, 4))
    y = (np.arange(height) + rng.integers(step))[:, None]
    x = (np.arange(width) + rng.integers(step))[None]
    tone = 1 + rng.uniform(0, 0.12) * rng.uniform(-1, 1, (30, 30))[y // step, x // step]
    tone = np.where((y % step < joint) | (x % step < joint), rng.uniform(0.6, 1.25), tone)
    tone += 0.05 * smooth_noise(rng, (height, width), 40)
    grey = rng.uniform(90, 225)
    return tone[..., None] * np.array(jitter(rng, (grey, grey, grey), 25), np.float32)


def _grass(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Lawn or dry grass: streaks of noise with some blades on top."""
    width, height = size
    tone = (95, 125, 55) if rng.uniform() < 0.7 else (140, 125, 75)
    field = np.ones((height, width), np.float32)
    for tall, share in ((9, 0.3), (16, 0.25), (70, 0.15)):
        grid = rng.uniform(-share, share, (height // tall + 2, width)).astype(np.float32)
        field += np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC))
    ground = _image(field[..., None] * np.array(jitter(rng, tone, 20), np.float32))
    pen = ImageDraw.Draw(ground)
    count = int(rng.integers(80, 250))
    foot = rng.uniform(0, 1, (count, 2)) * (width, height + 15)
    tip = foot + rng.normal((0, -13), (5, 6), (count, 2))
    for a, b, light in zip(foot, tip, rng.uniform(0.55, 1.4, count), strict=True):
        colour = tuple(min(255, int(v * light)) for v in tone)
        pen.line([tuple(a), tuple(b)], colour, int(rng.integers(1, 3)))
    return np.asarray(ground, np.float32)


def _plain(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Paper, wall or studio ground of one colour."""
    grey = rng.uniform(60, 245)
    colour = jitter(rng, (grey, grey, grey), 12) if rng.uniform() < 0.65 else vivid(rng)
    field = 1 + 0.04 * smooth_noise(rng, size[::-1], 4)
    return field[..., None] * np.array(colour, np.float32)


def _rough(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Asphalt, stone, sand or carpet: noise of several sizes."""
    tone = [(95, 95, 98), (165, 150, 125), (130, 110, 95), (70, 75, 95)][rng.integers(4)]
    field = np.ones(size[::-1], np.float32)
    for cells, share in ((4, 0.12), (25, 0.1), (90, 0.16), (200, 0.14)):
        field += share * rng.uniform(0.2, 1.4) * smooth_noise(rng, size[::-1], cells)
    return field[..., None] * np.array(jitter(rng, tone, 30), np.float32)


def _cloth(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Checked or striped cloth with a weave."""
    width, height = size
    step = rng.uniform(8, 45)
    x = np.arange(width)[None] // step % 2
    y = np.arange(height)[:, None] // step % 2
    share = (x + y) / 2 if rng.uniform() < 0.6 else np.broadcast_to(x, (height, width))
    pale = np.array(jitter(rng, (210, 205, 195), 40))
    cloth = pale + (vivid(rng) - pale) * share[..., None] * rng.uniform(0.3, 1)
    folds = 1 + 0.18 * smooth_noise(rng, (height, width), 5)
    folds += 0.05 * smooth_noise(rng, (height, width), 150)
    return (cloth * folds[..., None]).astype(np.float32)


def background(rng: np.random.Generator, size: Size) -> Image.Image:
    """A ground to put the object on, perhaps turned and littered."""
    kinds = (_wood, _tiles, _grass, _plain, _rough, _cloth)
    kind, turned = kinds[rng.integers(len(kinds))], rng.uniform() < 0.5
    pixels = kind(rng, size[::-1] if turned else size)
    image = _image(pixels.transpose(1, 0, 2) if turned else pixels)
    if rng.uniform() < 0.45:
        for _ in range(int(rng.integers(1, 7))):
            litter(rng, image, rng.uniform(0.05, 0.22), rng.uniform((0, 0), size))
    soft = float(rng.choice([0, 0, 0.6, 1.4]))
    return image.filter(ImageFilter.GaussianBlur(soft)) if soft else image


def litter(rng: np.random.Generator, image: Image.Image, share: float, spot: np.ndarray) -> None:
    """Drop one scrap on `image`: a blob, a stick, a leaf or a piece of paper.

    Args:
        rng: source of shape, place and colour.
        image: RGB photo, changed in place.
        share: extent of the scrap as a share of the short side.
        spot: its centre (x, y) in pixels.
    """
    side = share * min(image.size)
    turn, kind = rng.uniform(0, 2 * np.pi), rng.integers(4)
    way = np.array([np.cos(turn), np.sin(turn)])
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    if kind == 0:
        r = side / 2 * (1 + 0.45 * smooth_noise(rng, (24, 1), 5)[:, :1])
        outline, colour = spot + r * np.stack([np.cos(t), np.sin(t)], 1), vivid(rng)
    elif kind == 1:
        bow = rng.uniform(-0.4, 0.4, 2) * side
        middle = curve([spot - way * side, spot + bow, spot + way * side], 12)
        outline = ribbon(middle, np.full(12, max(2, side * rng.uniform(0.05, 0.2))))
        colour = jitter(rng, (120, 95, 65), 50)
    elif kind == 2:
        middle = curve([spot - way * side / 2, spot + way * side / 2], 12)
        outline = ribbon(middle, side * 0.55 * np.sin(np.linspace(0.05, np.pi, 12)))
        colour = jitter(rng, (105, 120, 50), 45)
    else:
        corners = np.array([-1, -1, 1, -1, 1, 1, -1, 1]).reshape(4, 2) * side / 2
        grid = np.array([[way[0], way[1]], [-way[1], way[0]]])
        outline = spot + (corners * rng.uniform(0.4, 1.1, (4, 2))) @ grid
        colour = jitter(rng, (200, 195, 185), 55)
    pen = ImageDraw.Draw(image)
    dark = tuple(int(v * 0.5) for v in colour)
    pen.polygon([tuple(p) for p in outline + np.array([1.5, 2])], dark)
    pen.polygon([tuple(p) for p in outline], colour)


def pose(rng: np.random.Generator, sheet: Image.Image, size: Size) -> Image.Image:
    """Turn, tilt, scale and place a drawn object.

    Args:
        rng: source of the pose.
        sheet: RGBA image of the object.
        size: of the photo.

    Returns:
        RGBA image of `size`, drawn at twice that and halved for clean edges.
    """
    sheet = sheet.crop(sheet.getchannel("A").getbbox())
    half = np.array(sheet.size) / 2
    turn = rng.uniform(0, 2 * np.pi) if rng.uniform() < 0.6 else rng.normal(0, 0.25)
    c, s = np.cos(turn), np.sin(turn)
    move = np.array([[1, 0, -half[0]], [0, 1, -half[1]], [0, 0, 1]])
    rotate = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    tilt = np.diag([1, rng.uniform(0.8, 1), 1])
    tilt[2, :2] = rng.uniform(-0.16, 0.16, 2) / half.max()
    step = tilt @ rotate @ move
    corners = step @ (np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]) * (*sheet.size, 1)).T
    flat = corners[:2] / corners[2]
    low, high = flat.min(1), flat.max(1)
    room = 2 * np.array(size)
    scale = rng.uniform(0.5, 1.0) * (room / (high - low)).min()
    slack = room - scale * (high - low)
    corner = slack * rng.uniform(0, 1, 2) + rng.uniform(-0.12, 0.12, 2) * scale * (high - low)
    shift = corner - scale * low
    # Only the box around the object is transformed; it starts on an even pixel for the halving.
    first = np.floor((scale * low + shift) / 2).astype(int)
    last = np.ceil((scale * high + shift) / 2).astype(int)
    shift -= 2 * first
    step = np.array([[scale, 0, shift[0]], [0, scale, shift[1]], [0, 0, 1]]) @ step
    back = np.linalg.inv(step)
    back = (back / back[2, 2]).ravel()[:8]
    box = 2 * (last - first)
    big = sheet.transform(
        tuple(box.tolist()), Image.Transform.PERSPECTIVE, tuple(back), Image.Resampling.BILINEAR
    )
    layer = Image.new("RGBA", size)
    layer.paste(big.reduce(2), tuple(int(v) for v in first))
    return layer


def shadowed(rng: np.random.Generator, ground: Image.Image, layer: Image.Image) -> Image.Image:
    """`layer` (RGBA) on `ground` (RGB), with a soft shadow cast in a random direction."""
    reach = rng.uniform(-0.05, 0.05, 2) * min(ground.size)
    alpha = layer.getchannel("A")
    cast = Image.new("L", ground.size)
    cast.paste(alpha, tuple(int(v) for v in reach))
    small = cast.reduce(2).filter(ImageFilter.GaussianBlur(rng.uniform(0.8, 4.5)))
    depth = rng.uniform(0.15, 0.7)
    cast = small.resize(ground.size).point([int(v * depth) for v in range(256)])
    ground.paste((10, 10, 14), (0, 0), cast)
    ground.paste(layer, (0, 0), alpha)
    return ground


def occlude(rng: np.random.Generator, photo: Image.Image, layer: Image.Image) -> None:
    """Cover part of the object with scraps that lie on its edge or middle."""
    x0, y0, x1, y1 = layer.getchannel("A").getbbox() or (0, 0, *photo.size)
    extent = max(x1 - x0, y1 - y0) / min(photo.size)
    for _ in range(int(rng.integers(1, 4))):
        share = extent * rng.uniform(0.15, 0.4)
        litter(rng, photo, share, rng.uniform((x0, y0), (x1, y1)))


def camera(rng: np.random.Generator, photo: Image.Image) -> Image.Image:
    """Light, exposure, white balance, contrast, blur and noise of one shot."""
    width, height = photo.size
    if rng.uniform() < 0.6:
        photo = photo.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.9)))
    # Saturation, white balance and contrast are linear in RGB: one matrix and one offset do all.
    rich, contrast = rng.uniform(0.35, 1.2), rng.uniform(0.65, 1.2)
    balance = rng.uniform(0.82, 1.18, 3) * np.exp(rng.normal(0, 0.17))
    mix = contrast * (rich * np.eye(3) + (1 - rich) / 3) * balance
    rows = np.concatenate([mix, np.full((3, 1), 127.5 * (1 - contrast))], 1)
    pixels = np.asarray(photo.convert("RGB", tuple(rows.ravel().tolist())), np.float32)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    turn = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.4) * (np.cos(turn) * x + np.sin(turn) * y)
    light *= 1 - rng.uniform(0, 0.25) * (x * x + y * y)
    if rng.uniform() < 0.25:
        edge = np.cos(turn) * y + np.sin(turn) * x - rng.uniform(-0.6, 0.6)
        light *= np.where(edge > 0, 1, rng.uniform(0.45, 0.8))
    grain = rng.uniform(0, 14) * rng.standard_normal((height, width), np.float32)
    return _image(pixels * light.astype(np.float32)[..., None] + grain[..., None])
