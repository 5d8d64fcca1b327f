"""Writes the device files of a run and checks each against the checkpoint."""

import argparse
import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.threads import use_threads


def arguments() -> argparse.Namespace:
    """See ``--help``."""
    parser = command.parser(
        "Export a run to MINDIR, ONNX and MindSpore Lite, each checked against the checkpoint; or "
        "the average\nof two or three runs as one network.",
        "python export.py runs/garbage --formats mindir,onnx,ms\n"
        "         python export.py runs/mobilenet runs/lite0 --out runs/both",
    )
    parser.add_argument(
        "runs",
        type=Path,
        nargs="+",
        metavar="RUN",
        help="a run folder. Two or three with the same classes become one network that averages "
        "their probabilities; so does a YAML file with the key ensemble: [RUN, RUN]",
    )
    parser.add_argument("--formats", default="mindir,onnx,ms", help="which (default: all three)")
    parser.add_argument(
        "--quant",
        default="none",
        help="weights of the .ms file: none, fp16, weight8, int8, or several (default: none)",
    )
    parser.add_argument(
        "--max-drop",
        type=float,
        default=0.5,
        metavar="POINTS",
        help="of top-1 that a quantised file may lose on the validation photos (default: 0.5)",
    )
    parser.add_argument(
        "--machines",
        metavar="LIST",
        help="x86_64, aarch64 or both: processors to run the .ms for in the check (default: this "
        "one; aarch64 takes qemu-user elsewhere and seconds a photo)",
    )
    parser.add_argument(
        "--fold-temperature",
        action="store_true",
        help="divide the logits by the run's temperature in the exported graph, so that a plain "
        "softmax of its output is calibrated (with head.activation, and of an average, it is in "
        "the graph anyway)",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="display names in place of those of the run"
    )
    parser.add_argument(
        "--out", type=Path, help="where to; default RUN/export, of an average it has to be named"
    )
    parser.add_argument("--data", type=Path, help="photos for the check; default the run's own")
    parser.add_argument("--converter", help="a converter_lite; default: found, or fetched")
    parser.add_argument(
        "--android", action="store_true", help="copy model.ms and spec.json into deploy/android"
    )
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)
    return args


def _write_report(run: Path, data: Path | None) -> None:
    """The page of a run, with its export in it."""
    from src_mindspore.report.write import report_after
    from src_mindspore.runs.folder import RunFolder

    folder = RunFolder(run)
    try:
        report_after(folder, data)
    finally:
        folder.lock.release()


def main() -> None:
    """Exports, and prints how the files compare."""
    args = arguments()
    from src_mindspore.config.ensemble import named_runs
    from src_mindspore.evaluation.statement import statement
    from src_mindspore.export.android import check_app, copy_to_app
    from src_mindspore.export.members import load_members
    from src_mindspore.export.wanted import Wanted

    wanted = Wanted(
        formats=tuple(args.formats.split(",")),
        quants=tuple(args.quant.split(",")),
        machines=tuple(args.machines.split(",")) if args.machines else (),
        max_drop=args.max_drop,
        converter=args.converter,
        fold_temperature=args.fold_temperature,
        labels=args.labels,
    )
    if args.android:
        check_app(wanted.names)
    runs = named_runs(args.runs)
    members = load_members(runs, args.out) if len(runs) > 1 else ()
    # after all that can be refused without it: MindSpore takes a second to load
    from src_mindspore.export.parity import parity_table
    from src_mindspore.network.device import select_device

    select_device()
    if members:
        from src_mindspore.export.ensemble import export_ensemble

        ended = export_ensemble(members, wanted, args.out, args.data)
        report, metrics = ended.parity, ended.metrics
    else:
        from src_mindspore.export.device_files import export_run

        report, metrics = export_run(runs[0], wanted, args.out, args.data), None
        if args.out is None:
            _write_report(runs[0], args.data)
    print(parity_table(report))
    if metrics:
        print("\n".join(statement(metrics["val"])))
    if args.android:
        copy_to_app(args.out or runs[0] / "export")


if __name__ == "__main__":
    sys.exit(command.run(main))
