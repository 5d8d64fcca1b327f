"""What ``--relabel report`` needs, known before a photo is opened and without MindSpore."""

from easydict import EasyDict

from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import RELABEL_LIST
from src_mindspore.system.errors import UserError

OPTION = "--relabel report"


def check_asked(config: EasyDict, run: RunFolder) -> None:
    """Refuses a report that cannot be made.

    Args:
        config: of the run.
        run: its folder.

    Raises:
        UserError: no teachers; a run that was finished without a report.
    """
    if not config.distill.teachers:
        raise UserError(
            f"{OPTION} lists photos whose label all distill.teachers contradict; the "
            f"config names none: at least one is needed, configs or run folders, and two or more "
            f"say more"
        )
    if run.finished and not (run.path / RELABEL_LIST).is_file():
        raise UserError(
            f"{OPTION} looks at the labels before a run is trained, and {run.path} has "
            f"finished without it; a new run (--run) takes it"
        )
