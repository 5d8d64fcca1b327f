"""Split folders under the names that data sets give them: ``Train/``, ``validation/``, ``dev/``.

A folder of such a name is a split where it holds class folders. One that holds photos is a class:
vehicles have a class ``train``.
"""

import logging
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from src_mindspore.photos.listing import Contents, contents, walk
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name, some

log = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
ALIASES = {
    "train": (
        *("train", "training", "trn", "trainval", "训练", "訓練", "学習"),
        *("entrenamiento", "entrainement", "treino", "treinamento", "addestramento"),
    ),
    "val": (
        *("val", "valid", "validation", "dev", "eval", "evaluation", "validate", "vali"),
        *("development", "验证", "驗證", "検証", "校验"),
        *("validacion", "validacao", "validierung", "validazione"),
    ),
    "test": (
        *("test", "testing", "tst", "holdout", "tests", "测试", "測試", "テスト"),
        *("prueba", "pruebas", "teste"),
    ),
}
# words and numbers beside the split's own: training_set, test-images, val2017
FILLERS = frozenset(
    {
        *("set", "data", "dataset", "images", "image", "imgs", "img", "photos", "pictures"),
        *("folder", "split", "samples"),
        *("集", "数据", "数据集", "數據", "數據集", "样本", "样本集", "图片", "图像", "照片"),
        *("データ", "用", "用データ"),
    }
)
# in one word as well: testdata, 训练集
SPLIT_OF = {
    alias + end: split
    for split, aliases in ALIASES.items()
    for alias in aliases
    for end in ("", *FILLERS)
}
WORD = re.compile(r"[^\W\d_]+")
ACCENTS = re.compile("[\u0300-\u036f]")
KNOWN = "; ".join(f"{split}: {', '.join(ALIASES[split][1:4])}" for split in SPLITS)


def split_named(name: str) -> str | None:
    """The split that a folder or option of this name means; None where it means none."""
    split, rest = _parts(name)
    return split if not rest - FILLERS else None


def _parts(name: str) -> tuple[str | None, frozenset[str]]:
    """The split in a name and its other words; no split where there are none or two."""
    words = [word.casefold() for word in WORD.findall(_words_apart(name))]
    splits = {SPLIT_OF[word] for word in words if word in SPLIT_OF}
    rest = frozenset(word for word in words if word not in SPLIT_OF)
    return (splits.pop() if len(splits) == 1 else None), rest


def _words_apart(name: str) -> str:
    """The name in one Unicode form, without accents, with spaces between words of TrainSet."""
    if not name.isascii():
        name = ACCENTS.sub("", unicodedata.normalize("NFKD", name))
        name = unicodedata.normalize("NFKC", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def given_splits(root: Path) -> dict[str, str]:
    """The split folders of a data folder: ``train``, ``val``, ``test`` and what each is named.

    None where the folder has the class folders themselves, or cannot be listed.

    Raises:
        UserError: two folders for one split, or photos in split folders without class folders.
    """
    names = contents(root).classes
    named = _named(names)
    if not named:  # class folders, which may hold a million photos: they need no look
        return {}
    inside = {name: contents(root / name) for name in names}
    if not _are_splits(named, inside):
        _refuse_flat(root, named, inside)
        return {}
    found: dict[str, str] = {}
    for name in sorted(named):
        other = found.setdefault(named[name], name)
        if other != name:
            raise UserError(
                f"{root} has two folders for the split {named[name]}: {shown_name(other)}/ and "
                f"{shown_name(name)}/; one is accepted: merge or rename them"
            )
    return {split: found[split] for split in SPLITS if split in found}


def _named(names: Sequence[str]) -> dict[str, str]:
    """The split by name, of folders that bear one's name, perhaps all with the same other words."""
    parts = {name: _parts(name) for name in names}
    together = defaultdict(set)  # seg_train and seg_test: the splits that share their other words
    for split, rest in parts.values():
        if split:
            together[rest].add(split)
    return {
        name: split
        for name, (split, rest) in parts.items()
        if split and (not rest - FILLERS or len(together[rest]) > 1)
    }


def _are_splits(named: Mapping[str, str], inside: Mapping[str, Contents]) -> bool:
    """Whether the folders that bear a split's name are splits; they are all, or none is.

    One with folders and no photos suffices. Where all have both, as with a photo that lies beside
    the class folders, a single one beside folders of photos is a class like them.
    """
    holding = [name for name in named if inside[name].classes or inside[name].problem]
    if not holding:
        return False
    if any(not inside[name].photos for name in holding):
        return True
    return len({named[name] for name in holding}) > 1 or not _classes_beside(named, inside)


def _classes_beside(named: Mapping[str, str], inside: Mapping[str, Contents]) -> bool:
    return any(inside[name].photos for name in inside if name not in named)


def _refuse_flat(root: Path, named: Mapping[str, str], inside: Mapping[str, Contents]) -> None:
    """``train/`` and ``test/`` full of photos, and nothing else: their names are no labels."""
    flat = sorted(name for name in named if inside[name].photos)
    if len({named[name] for name in flat}) > 1 and not _classes_beside(named, inside):
        raise UserError(
            f"{root} has {some([f'{name}/' for name in flat])} with photos and no class folders, "
            f"so that nothing says what the photos show; a split takes one folder per class: "
            f"{shown_name(flat[0])}/CLASS/photo.jpg"
        )


def missing_split(root: Path, given: Mapping[str, str]) -> str | None:
    """Why these splits are not enough to train on, and what to do; None where they are."""
    missing = [name for name in SPLITS[:2] if name not in given]
    if not missing:
        return None
    there = " and ".join(f"{shown_name(name)}/" for name in given.values())
    text = f"{root} has {there} but no {missing[0]}/: training needs both train/ and val/"
    if "train" in given:
        train = shown_name(given["train"])
        text += f"; --data {root / train} would be split by data.split, 0.8/0.2 if not said"
        if "test" in given:
            test = shown_name(given["test"])
            text += (
                f", and {test}/ be scored afterwards with evaluate.py RUN --data {root} --split "
                f"test; or rename {test}/ to val/: then it chooses the epoch and is no "
                f"independent test"
            )
    else:
        text += f"; other names that are understood: {KNOWN}"
    if beside := beside_splits(root, given):
        only = " or ".join(f"{shown_name(name)}/" for name in given.values())
        text += (
            f". Beside it: {some([f'{name}/' for name in beside])}; if {only} is a class like "
            f"them, its photos lie in it directly, without folders"
        )
    return text


def beside_splits(root: Path, given: Mapping[str, str]) -> list[str]:
    """Folders beside the split folders; nothing in them is used."""
    return [name for name in contents(root).classes if given and name not in given.values()]


def warn_of_beside(root: Path, given: Mapping[str, str]) -> None:
    """Says in the log what lies beside the split folders, and is not used."""
    names = beside_splits(root, given)
    if names:
        counts = [f"{name}/ ({len(walk(root, name).photos)} photos)" for name in names]
        splits = ", ".join(f"{shown_name(name)}/" for name in given.values())
        log.warning("%s: folders beside %s, not used: %s", root, splits, some(counts))
    inside = contents(root)
    loose = [*inside.photos, *inside.others, *inside.broken]
    if loose:
        log.warning(
            "%s: files beside its folders, not used: %d (%s)", root, len(loose), some(loose)
        )


def warn_of_split_names(root: Path, classes: Sequence[str]) -> None:
    """Says in the log which classes bear the name of a split: photos of a test have no label."""
    if named := [name for name in classes if split_named(name)]:
        text = "%s: taken for classes, as they hold photos and no class folders: %s"
        log.warning(text, root, some([f"{name}/" for name in named]))


def data_set_inside(root: Path) -> str:
    """What to name in place of a folder that is no data set itself; empty where nothing is.

    An archive is often unpacked into a folder of its own: ``photos/photos/cat``.
    """
    for name in contents(root).classes:
        inside = contents(root / name)
        if len(inside.classes) > 1 and not inside.photos:
            folders = some([f"{folder}/" for folder in inside.classes], 3)
            return f"; {root / name} has the folders {folders}: --data {root / name} takes them"
    return ""
