"""The file that names the members of an average: ``ensemble: [a, b]``.

Of an export they are run folders, of a comparison training configs.
"""

from collections.abc import Sequence
from pathlib import Path

from src_mindspore.config.load import absolute
from src_mindspore.config.schema import ENSEMBLE
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import MAX_YAML, PlainYaml, brief, parse_yaml, read_text, read_yaml

SUFFIXES = (".yaml", ".yml")
FEWEST, MOST = 2, 3  # members of an average
RUNS, CONFIGS = "run folders", "training configs"


def named_runs(named: Sequence[Path]) -> list[Path]:
    """The run folders that a command line means: as they are, or those that its one file lists.

    Args:
        named: run folders, or one file that ends in ``.yaml`` or ``.yml``.

    Raises:
        UserError: a file beside other arguments, one that cannot be read, is of another form, or
            names files.
    """
    files = [path for path in named if path.suffix.lower() in SUFFIXES and not path.is_dir()]
    if not files:
        return list(named)
    if len(named) > 1:
        raise UserError(
            f"an export takes run folders, or one file that lists them; got {len(named)} "
            f"arguments, and {files[0]} is a file"
        )
    runs = listed(files[0], RUNS)
    for run in runs:
        if run.is_file():
            raise UserError(
                f"{files[0]}: an export averages run folders; got the file {run}: compare.py "
                f"averages configs, and train.py makes a run of each"
            )
    return runs


def named_configs(path: Path) -> list[Path]:
    """The training configs whose average a file stands for in a comparison.

    Raises:
        UserError: it cannot be read, is of another form, names too few or too many, a folder, or an
            average.
    """
    files = listed(path, CONFIGS)
    if not FEWEST <= len(files) <= MOST:
        raise UserError(
            f"{path}: an average is of two or three configs; got {len(files)}: "
            f"{', '.join(file.name for file in files[: MOST + 1])}"
        )
    for file in files:
        if file.is_dir():
            raise UserError(
                f"{path}: the members of an average are trained on every fold, so that it names "
                f"configs; got the folder {file}: name the config that it was trained with; a run "
                f"has a copy, config.yaml"
            )
        if names_members(file):
            raise UserError(
                f"{path}: the members of an average are configs; got {file}, which is an average "
                f"itself: name its members"
            )
    return files


def names_members(path: Path) -> bool:
    """Whether a file is of an average: no other YAML has this key at its top.

    What cannot be read is none; whoever reads it as something else says why.
    """
    try:
        raw = read_yaml(path, PlainYaml)
    except UserError:
        return False
    return isinstance(raw, dict) and ENSEMBLE in raw


def listed(path: Path, what: str) -> list[Path]:
    """The members that a file names, as absolute paths.

    Args:
        path: the file.
        what: ``RUNS`` or ``CONFIGS``, for messages.

    Raises:
        UserError: it cannot be read, or is of another form.
    """
    accepted = (
        f"a YAML file with the one key {ENSEMBLE}, a list of two or three {what} (relative ones "
        f"are beside the file)"
    )
    try:
        raw = parse_yaml(read_text(path, MAX_YAML), PlainYaml, str(path))
    except UserError as error:
        raise UserError(
            f"the list of {what} cannot be read: {error}. Accepted: {accepted}"
        ) from None
    members = raw.get(ENSEMBLE) if isinstance(raw, dict) and set(raw) == {ENSEMBLE} else None
    good = isinstance(members, list) and members and all(isinstance(m, str) and m for m in members)
    if not good:
        raise UserError(f"{path}: got {brief(raw)}. Accepted: {accepted}")
    return [absolute(Path(member), path.resolve().parent) for member in members]
