"""Whether a config can be trained here, as far as can be told before a photo is opened."""

from pathlib import Path

from easydict import EasyDict

from src_mindspore.config.checks import STAGE_TABLES, worker_problems
from src_mindspore.config.load import load_config
from src_mindspore.config.schema import AUTO, IMAGENET, NONE, PLATEAU
from src_mindspore.photos.exclusions import read_plan
from src_mindspore.runs.names import MODEL
from src_mindspore.runs.read import load_run
from src_mindspore.spec.labels import read_labels
from src_mindspore.system.cache import cache_dir
from src_mindspore.system.compiler import compiler
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import check_file

OF_PHOTOS = ("classes", "exclude")  # keys of the section data that say which photos are used


def check_trainable(config: EasyDict, workers: int = 1, parts: bool = False) -> None:
    """What a config needs besides itself: files that it names, a cache, a compiler, even batches.

    Args:
        config: of ``load_config``.
        workers: how many will train together.
        parts: whether it is trained on several parts of the photos, each time alike.

    Raises:
        UserError: something is missing or does not fit.
    """
    if problems := worker_problems(config, workers):
        raise UserError("; ".join(problems))
    if config.data.labels:
        read_labels(Path(config.data.labels))
    if config.data.exclude:
        read_plan(Path(config.data.exclude))
    if parts:
        _check_fixed(config)
    _check_needs(config)
    _check_teachers(config, ())


def _check_needs(config: EasyDict) -> None:
    if not config.features.cache_dir:
        cache_dir()  # which takes a home folder
    if config.backbone.weights not in (IMAGENET, NONE, None):
        try:
            check_file(Path(config.backbone.weights))
        except UserError as error:
            raise UserError(f"backbone.weights cannot be read: {error}") from None
    for name in STAGE_TABLES:
        if config[name].epochs and config[name].kernels == "compiled":
            try:
                compiler()
            except UserError as error:
                raise UserError(f"{name}.kernels cannot be compiled: {error}") from None


def _check_fixed(config: EasyDict) -> None:
    if config.finetune_stage.epochs and config.finetune_stage.from_block == AUTO:
        raise UserError(
            f"finetune_stage.from_block: {AUTO} chooses by what this machine manages, so that two "
            f"folds, or a teacher at another time, may be trained otherwise; a number is accepted "
            f"(train.py says what it chose)"
        )
    for name in STAGE_TABLES:
        if config[name].epochs and config[name].lr.decay == PLATEAU:
            raise UserError(
                f"{name}.lr.decay: {PLATEAU} goes by validation photos, without which folds and "
                f"teachers may be trained; another decay is accepted, such as cosine"
            )


def _check_teachers(config: EasyDict, above: tuple[Path, ...]) -> None:
    """Teachers are finished runs, or configs that can be trained and do not teach themselves.

    Args:
        config: the student's.
        above: config files of those whom it teaches, itself the last.
    """
    paths = [Path(teacher) for teacher in config.distill.teachers]
    for place, path in enumerate(paths):
        if path.resolve() in [before.resolve() for before in paths[:place]]:
            raise UserError(
                f"distill.teachers must be different runs or configs, whose average teaches; got "
                f"{path} twice"
            )
        if path.is_dir():
            _check_run(path)
        elif not path.is_file():
            raise UserError(
                f"distill.teachers must be run folders or config files; got {path}, which is not "
                f"there"
            )
        elif path in above:
            names = " -> ".join(p.name for p in (*above, path))
            raise UserError(f"{path} is taught by itself: {names}")
        else:
            teacher = load_config(path)
            try:
                _check_output(teacher.head.activation)
                _check_fixed(teacher)
                _check_needs(teacher)
            except UserError as error:
                raise UserError(f"the teacher {path} cannot be used: {error}") from None
            _check_teachers(teacher, (*above, path))


def _check_run(path: Path) -> None:
    try:
        _, spec = load_run(path)
        check_file(path / MODEL)
    except UserError as error:
        raise UserError(f"distill.teachers must be finished runs or configs: {error}") from None
    try:
        _check_output(spec.activation)
    except UserError as error:
        raise UserError(f"the teacher {path} cannot be used: {error}") from None


def _check_output(activation: str | None) -> None:
    """What a teacher says of a photo is a distribution over the classes."""
    if activation == "sigmoid":
        raise UserError(
            "head.activation of a teacher must be null or softmax, so that its probabilities add "
            "up to 1; got sigmoid"
        )


def unheeded_of_teachers(config: EasyDict) -> list[str]:
    """What the configs of teachers say of photos, other than their student: in vain; a line each.

    Args:
        config: the student's, one that ``check_trainable`` takes.
    """
    lines = []
    for path in map(Path, config.distill.teachers):
        if not path.is_file():
            continue
        teacher = load_config(path)
        for key in OF_PHOTOS:
            if teacher.data[key] not in (None, config.data[key]):
                lines.append(
                    f"data.{key} of the teacher {path.name}: no effect, it learns from the photos "
                    f"of its student"
                )
        lines += unheeded_of_teachers(teacher)
    return list(dict.fromkeys(lines))
