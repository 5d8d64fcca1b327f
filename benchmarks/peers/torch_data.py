"""Photos for PyTorch, as ``torchvision`` reads and augments them: Pillow, on loader processes."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

SIZE = 224


class Photos(Dataset):
    """Photos as float32 tensors in -1..1, (3, 224, 224), and their labels."""

    def __init__(self, rows: list[list[Any]], augmented: bool = False) -> None:
        self.rows = rows
        self.augmented = augmented

    def __len__(self) -> int:
        """Number of photos."""
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One photo."""
        path, label = self.rows[index]
        with Image.open(path) as file:
            image = file.convert("RGB")
        if self.augmented:
            image = random_view(image)
        elif image.size != (SIZE, SIZE):
            image = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)  # channels-last in memory
        return pixels.float().div_(127.5).sub_(1), label


def uniform(low: float, high: float) -> float:
    """A number from PyTorch's generator, which every loader process seeds for itself."""
    return low + (high - low) * float(torch.rand(()))


def random_view(image: Image.Image) -> Image.Image:
    """Random crop (area 35 to 100 %, shape 3/4 to 4/3) and flip, as RandomResizedCrop does it."""
    area = image.width * image.height
    box = None
    for _ in range(10):
        wanted = area * uniform(0.35, 1.0)
        shape = math.exp(uniform(math.log(3 / 4), math.log(4 / 3)))
        width, height = round(math.sqrt(wanted * shape)), round(math.sqrt(wanted / shape))
        if width <= image.width and height <= image.height:
            left = int(uniform(0, image.width - width + 1))
            top = int(uniform(0, image.height - height + 1))
            box = (left, top, left + width, top + height)
            break
    image = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=box)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if uniform(0, 1) < 0.5 else image


def photo_rows(materials: Path, split: str) -> list[list[Any]]:
    """Path and label of every photo of a split."""
    return json.loads((materials / "photos.json").read_text(encoding="utf-8"))[split]


def loader(photos: Photos, batch_size: int, shuffle: bool = False) -> DataLoader:
    """Batches in channels-last order, decoded by two processes that stay."""
    return DataLoader(photos, batch_size, shuffle=shuffle, num_workers=2, persistent_workers=True)
