"""The file that names the runs of an average: ``ensemble: [runs/a, runs/b]``."""

from collections.abc import Sequence
from pathlib import Path

from src_mindspore.config.load import absolute
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import MAX_YAML, PlainYaml, brief, parse_yaml, read_text

KEY = "ensemble"
SUFFIXES = (".yaml", ".yml")
ACCEPTED = (
    f"a YAML file with the one key {KEY}, a list of two or three run folders (relative ones are "
    f"beside the file)"
)


def named_runs(named: Sequence[Path]) -> list[Path]:
    """The run folders that a command line means: as they are, or those that its one file lists.

    Args:
        named: run folders, or one file that ends in ``.yaml`` or ``.yml``.

    Raises:
        UserError: a file beside other arguments, one that cannot be read, or is of another form.
    """
    files = [path for path in named if path.suffix.lower() in SUFFIXES and not path.is_dir()]
    if not files:
        return list(named)
    if len(named) > 1:
        raise UserError(
            f"an export takes run folders, or one file that lists them; got {len(named)} "
            f"arguments, and {files[0]} is a file"
        )
    return _listed(files[0])


def _listed(path: Path) -> list[Path]:
    try:
        raw = parse_yaml(read_text(path, MAX_YAML), PlainYaml, str(path))
    except UserError as error:
        raise UserError(f"the list of runs cannot be read: {error}. Accepted: {ACCEPTED}") from None
    runs = raw.get(KEY) if isinstance(raw, dict) and set(raw) == {KEY} else None
    if not isinstance(runs, list) or not runs or not all(isinstance(r, str) and r for r in runs):
        raise UserError(f"{path}: got {brief(raw)}. Accepted: {ACCEPTED}")
    return [absolute(Path(run), path.resolve().parent) for run in runs]
