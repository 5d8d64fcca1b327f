"""Fine-tunes a pretrained network on a folder of photos; leaves a run folder.

Under MindSpore's launcher ``msrun`` several workers train it together.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from src_mindspore.system import command
from src_mindspore.system.advice import advised
from src_mindspore.system.launcher import launched, worker_count
from src_mindspore.system.threads import use_threads

if TYPE_CHECKING:
    from easydict import EasyDict

    from src_mindspore.runs.folder import RunFolder
    from src_mindspore.training.train import Trained

TENSORBOARD = "tensorboard"


def arguments() -> argparse.Namespace:
    """See ``--help``."""
    parser = command.parser(
        "Fine-tune a pretrained network on a folder of photos.",
        "python train.py --config configs/garbage.yaml --data photos --run runs/garbage",
    )
    parser.add_argument("--config", type=Path, help="a YAML file, see configs/")
    parser.add_argument("--data", type=Path, help="train/ and val/, or one folder per class")
    parser.add_argument("--run", type=Path, help="run folder; default runs/CONFIG-TIME")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run in --run; a new one is begun"
    )
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY.SUB=VALUE",
        help="change one key of the config; may be repeated",
    )
    parser.add_argument(
        "--relabel",
        choices=("none", "report"),
        default="none",
        help="report: before training, list the photos whose label all distill.teachers contradict "
        "that were not trained on them; nothing is relabelled (none)",
    )
    parser.add_argument(
        "--log",
        choices=("none", TENSORBOARD),
        default="none",
        help="tensorboard: write its event files too, into RUN/tensorboard; takes "
        "requirements-tensorboard.txt (none)",
    )
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)
    if args.resume and args.run is None:
        parser.error("--resume needs --run: the folder of the run to go on with")
    if args.config is None and not args.resume:
        parser.error("--config is needed, for example configs/garbage.yaml")
    if args.run is None and launched():
        parser.error("--run is needed under msrun: all workers take the same folder")
    return args


def _trained(config: "EasyDict", folder: "RunFolder", report: bool) -> "Trained | None":
    """See ``training.train``; ``report``: whether its labels are compared with its teachers."""
    # after all that can be refused without it: MindSpore takes a second to load
    from src_mindspore.report.live import LivePage
    from src_mindspore.training.train import train

    folder.watchers.append(LivePage(folder))
    if not report:
        return train(config, folder)
    from src_mindspore.relabel.look import label_look

    return train(config, folder, label_look(config, folder))


def _write_report(folder: "RunFolder", data: Path | None, trained: "Trained | None") -> None:
    """The page of a finished run, where it has none yet.

    Args:
        folder: of the run.
        data: the data folder, where it is named.
        trained: what the run has ended with; None where it had ended before.

    Of several workers none stays to write it: what they share has ended with the training.
    """
    if launched():
        again = advised("src_mindspore.report", folder.path)
        print(f"{again}  writes the page of the run", file=sys.stderr)
        return
    from src_mindspore.report.live import is_final

    if not is_final(folder):
        from src_mindspore.report.write import report_after

        report_after(folder, data, trained)


def main() -> None:
    """Trains; prints the score and what to do next."""
    args = arguments()
    from src_mindspore.evaluation.statement import statement
    from src_mindspore.runs.event_log import check_library
    from src_mindspore.runs.names import RELABEL_PAGE, REPORT
    from src_mindspore.runs.open import open_run
    from src_mindspore.runs.read import read_metrics

    if args.log == TENSORBOARD:
        check_library()
    run = args.run or Path("runs") / f"{args.config.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder, config = open_run(
        run, args.config, args.overrides, args.data, args.resume, worker_count()
    )
    report = args.relabel == "report"
    folder.log_events = args.log == TENSORBOARD
    trained = None
    try:
        if report:
            from src_mindspore.relabel.asked import check_asked

            check_asked(config, folder)
        if folder.finished:
            print(f"{run} has already finished; nothing to do")
        elif (trained := _trained(config, folder, report)) is None:
            return  # a worker beside the first, who says the rest
        _write_report(folder, args.data, trained)
    except (KeyboardInterrupt, OSError):  # stopped, or a full disk
        options = ("--relabel", "report") * report + ("--log", args.log) * folder.log_events
        again = advised("train.py", "--run", run, "--resume", *options)
        print(f"{again}  goes on with it", file=sys.stderr)
        raise
    finally:
        folder.lock.release()
    print("\n".join(statement(read_metrics(run)["val"])))
    print(f"in {run}" if launched() else f"in {run}; to look at: {run / REPORT}")
    if report:
        print(f"labels to look at: {run / RELABEL_PAGE}")
    print(f"next: {advised('export.py', run)}")


if __name__ == "__main__":
    sys.exit(command.run(main))
