"""``python -m src_mindspore.report RUN``: writes the page of a finished run anew."""

import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.threads import use_threads

COMMAND = "python -m src_mindspore.report"


def main() -> None:
    """See ``--help``."""
    parser = command.parser(
        "Write report.html of a finished run: what it scored, and the photos it got wrong.",
        "python -m src_mindspore.report runs/garbage",
    )
    parser.prog = COMMAND
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the data folder (default: the run's own)"
    )
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)

    from src_mindspore.runs.folder import RunFolder
    from src_mindspore.runs.read import load_run

    load_run(args.run)  # what is no finished run is refused before MindSpore is loaded
    from src_mindspore.report.write import write_report

    folder = RunFolder(args.run)
    try:
        print(f"page: {write_report(folder, args.data)}")
    finally:
        folder.lock.release()


if __name__ == "__main__":
    sys.exit(command.run(main))
