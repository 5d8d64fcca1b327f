"""The run folder of a training command: a new one, or one to go on with."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.checks import random_layers
from src_mindspore.config.load import load_config, resolved_yaml, settings_without_effect
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import (
    CHOICE,
    COMMAND,
    CONFIG,
    CONFUSION,
    CURVES,
    DOCTOR,
    LAST,
    LOG,
    METRICS,
    RELABEL_LIST,
    RELABEL_PAGE,
    RELIABILITY,
    REPORT,
    SPLITS_FILE,
)
from src_mindspore.runs.places import about, check_teachers, move_places, run_config, stored
from src_mindspore.runs.progress import is_own_log
from src_mindspore.runs.trainable import check_trainable, unheeded_of_teachers
from src_mindspore.spec.model import FILE_NAME
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import NAME, Manifest
from src_mindspore.system.read import check_data_folder
from src_mindspore.system.terminal import some
from src_mindspore.system.write import write_text

log = logging.getLogger(__name__)

# what there is in a run folder before the first checkpoint
UNTRAINED = {
    *(NAME, CONFIG, SPLITS_FILE, FILE_NAME, LOG, CHOICE),
    *(RELABEL_PAGE, RELABEL_LIST, REPORT, DOCTOR),
}
# what a run writes that its list vouches for; checkpoints and log are known by what is in them
OWN = (SPLITS_FILE, FILE_NAME, CHOICE, METRICS, CURVES, CONFUSION, RELIABILITY, REPORT, DOCTOR)


def open_run(
    path: Path,
    config: Path | None,
    overrides: Sequence[str] = (),
    data: Path | None = None,
    resume: bool = False,
    workers: int = 1,
) -> tuple[RunFolder, EasyDict]:
    """A new run of ``config``, or with ``resume`` the run in ``path`` if it has begun.

    The same command line may be repeated with ``resume`` until the run has finished; what it says
    of the config must then be what the run was begun with, but for places: data, labels, list of
    exclusions, cache and weights may have moved. Whatever can be known to be wrong without
    MindSpore and before a photo is opened is refused here.

    Args:
        path: the run folder.
        config: a YAML file; None only with ``resume``.
        overrides: ``KEY.SUB=VALUE``.
        data: the data folder, in place of ``data.dir``.
        resume: see above.
        workers: how many will train together.

    Raises:
        UserError: no data, a folder that cannot be used, a config that cannot be trained here, or
            a resumed run of another config.
    """
    asked = load_config(config, overrides) if config else None
    if resume and has_begun(path):
        return _go_on(path, asked or run_config(path, overrides), data, workers)
    if asked is None:
        why = f"its {CONFIG} is not of a run" if (path / CONFIG).exists() else f"has no {CONFIG}"
        raise UserError(f"--resume takes a run folder; {path} {why}")
    if data:
        asked.data.dir = str(data.resolve())
    if not asked.data.dir:
        raise UserError("no data: --data DIR names the folder of photos, or data.dir in the config")
    check_data_folder(Path(asked.data.dir))
    check_trainable(asked, workers)
    said = (*settings_without_effect(asked), *unheeded_of_teachers(asked), *random_layers(asked))
    for line in said:
        log.warning("config: %s", line)
    return create_run(path, asked), asked


def has_begun(path: Path) -> bool:
    """Whether there is a run in the folder, and not only a file of that name."""
    if not (path / CONFIG).is_file():
        return False
    known = CONFIG in Manifest(path, COMMAND).names
    return known or any((path / name).is_file() for name in (SPLITS_FILE, LAST))


def create_run(path: Path, config: EasyDict) -> RunFolder:
    """A new run. What a run left that failed before its first epoch does not stand in the way.

    Raises:
        UserError: the folder already holds something, cannot be written, or another process
            works on it.
    """
    _check_free(path)
    run = RunFolder(path, config.save_every)
    with _released_on_failure(run):
        path.mkdir(parents=True, exist_ok=True)
        run.claim()
        _check_free(path)  # another process may have had it until now
        for name in (CHOICE, RELABEL_PAGE, RELABEL_LIST, REPORT, DOCTOR):
            (path / name).unlink(missing_ok=True)
        run.files.about = about(config, path)
        with run.files.path(CONFIG) as file:
            write_text(file, resolved_yaml(stored(config, path)))
    return run


def reopen_run(path: Path) -> tuple[RunFolder, EasyDict]:
    """A run that has begun, and its config.

    Raises:
        UserError: it cannot be written, another process works on it, or files of somebody else's
            are where it will write.
    """
    config = run_config(path)
    run = RunFolder(path, config.save_every)
    if run.finished:
        return run, config
    with _released_on_failure(run):
        run.claim()
        if not run.files.exists:  # begun by a version without a list: these vouch for one another
            run.files.adopt((SPLITS_FILE, FILE_NAME, CHOICE))
        run.files.refuse_others(OWN, "move them away: the run makes its own")
    return run, config


def _go_on(
    path: Path, asked: EasyDict, data: Path | None, workers: int
) -> tuple[RunFolder, EasyDict]:
    """The run in ``path``, whose places may be others than when it was begun."""
    ours = run_config(path)
    asked.data.dir = str(data.resolve()) if data else asked.data.dir or ours.data.dir
    config = move_places(path, ours, asked)
    _same_config(path, config, asked)
    if not (path / METRICS).is_file():
        if not config.data.dir or not Path(config.data.dir).is_dir():
            raise UserError(
                f"the data folder {config.data.dir} of {path} does not exist or is not a folder; "
                f"--data DIR names its new place"
            )
        check_trainable(config, workers)
        check_teachers(path, config)
    run, _ = reopen_run(path)
    if config != load_config(path / CONFIG):
        run.moved_config = resolved_yaml(stored(config, path))
    return run, config


def _check_free(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise UserError(f"{path} is not empty; a new run takes a new or an empty folder")
    there = sorted(_visible(path))
    foreign = Manifest(path, COMMAND).others(there)
    others = [n for n in there if n not in UNTRAINED or (n in foreign and not is_own_log(path, n))]
    if not others:
        return
    if LAST in there or has_begun(path):
        what = "a run: --resume goes on with it"
    else:
        what = f"not empty, and not of {COMMAND}, or changed since: {some(others)}"
    raise UserError(f"{path} is {what}; a new run takes a new or an empty folder")


@contextmanager
def _released_on_failure(run: RunFolder) -> Iterator[None]:
    """Gives the run's lock back where it cannot be begun or gone on with.

    Raises:
        UserError: that of the body, or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        run.lock.release()
        reason = f"the run folder {run.path} cannot be written: {error.strerror}"
        raise UserError(reason) from None
    except UserError:
        run.lock.release()
        raise


def _visible(folder: Path) -> set[str]:
    """Names without the temporary files of another worker that begins the same run."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def _same_config(path: Path, ours: EasyDict, asked: EasyDict) -> None:
    if wrong := _differences(ours, asked):
        lines = [f"{key}: {was} there, {now} asked for" for key, was, now in wrong]
        raise UserError(f"{path} was begun with another config:\n  " + "\n  ".join(lines))


def _differences(ours: EasyDict, asked: EasyDict, prefix: str = "") -> list[tuple[str, Any, Any]]:
    found = []
    for key, value in ours.items():
        if isinstance(value, dict):
            found += _differences(value, asked[key], f"{prefix}{key}.")
        elif value != asked[key]:
            found.append((prefix + key, value, asked[key]))
    return found
