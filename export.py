"""Writes the device files of a run and checks each against the checkpoint."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from src_mindspore.system import command
from src_mindspore.system.errors import UserError
from src_mindspore.system.threads import use_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from src_mindspore.export.members import Member
    from src_mindspore.export.wanted import Wanted

WEB_DEFAULT = Path()  # --web without a folder


def arguments() -> argparse.Namespace:
    """See ``--help``."""
    parser = command.parser(
        "Export a run to MINDIR, ONNX and MindSpore Lite, or to a web page (--web), each checked "
        "against the\ncheckpoint; or the average of two or three runs as one network.",
        "python export.py runs/garbage --formats mindir,onnx,ms\n"
        "         python export.py runs/garbage --web\n"
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
    _add_device_files(parser)
    _add_web(parser)
    parser.add_argument(
        "--max-drop",
        type=float,
        default=0.5,
        metavar="POINTS",
        help="of top-1 that a file of fewer bits may lose on the validation photos (default: 0.5)",
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
    parser.add_argument("--data", type=Path, help="photos for the check; default the run's own")
    command.add_threads(parser)
    args = parser.parse_args()
    _check_together(args)
    use_threads(args.threads)
    return args


def _add_device_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--formats", help="which of mindir,onnx,ms (default: all three; beside --web none)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="where these files go; default RUN/export, of an average it has to be named",
    )
    parser.add_argument(
        "--quant",
        help="weights of the .ms file: none, fp16, weight8, int8, or several (default: none)",
    )
    parser.add_argument(
        "--machines",
        metavar="LIST",
        help="x86_64, aarch64 or both: processors to run the .ms for in the check (default: this "
        "one; aarch64 takes qemu-user elsewhere and seconds a photo)",
    )
    parser.add_argument("--converter", help="a converter_lite; default: found, or fetched")
    parser.add_argument(
        "--android", action="store_true", help="copy model.ms and spec.json into deploy/android"
    )


def _add_web(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web",
        type=Path,
        nargs="?",
        const=WEB_DEFAULT,
        metavar="DIR",
        help="write a web page with the model (default: RUN/web), alone unless --formats or --out "
        "ask for device files too; a DIR that has a page with another model takes this one as well",
    )
    parser.add_argument(
        "--web-weights",
        metavar="BITS",
        help="how they are stored in the page: fp32 (default), or fp16, which is half the size",
    )
    parser.add_argument(
        "--web-name",
        metavar="NAME",
        help="of the model in the page (default: of the run's folder); the one of that name is "
        "replaced",
    )
    parser.add_argument(
        "--faces",
        action="store_true",
        help="the page finds faces (CenterFace, 7 MB more) and labels each: for a run on faces",
    )


def _check_together(args: argparse.Namespace) -> None:
    """Refuses an option that would have no effect beside the others."""
    if args.web is None:
        if given := _given(args, "web_weights", "web_name", "faces"):
            raise UserError(f"{given} is about the page: it takes --web")
        return
    device_files = args.formats or args.out
    given = _given(args, "quant", "machines", "converter", "android")
    if given and not device_files:
        raise UserError(
            f"{given} is about device files, and --web alone writes none: name --formats too"
            + "; the weights of the page are stored as --web-weights says" * (given == "--quant")
        )


def _given(args: argparse.Namespace, *names: str) -> str | None:
    """The first of some options that was given."""
    found = next((name for name in names if getattr(args, name)), None)
    return f"--{found.replace('_', '-')}" if found else None


def _wanted_files(args: argparse.Namespace) -> Wanted | None:
    """The device files that are asked for, if any."""
    from src_mindspore.export.wanted import FORMATS, Wanted

    if args.web is not None and not (args.formats or args.out):
        return None
    return Wanted(
        formats=tuple(args.formats.split(",")) if args.formats else FORMATS,
        quants=tuple(args.quant.split(",")) if args.quant else ("none",),
        machines=tuple(args.machines.split(",")) if args.machines else (),
        max_drop=args.max_drop,
        converter=args.converter,
        fold_temperature=args.fold_temperature,
        labels=args.labels,
    )


def _wanted_page(args: argparse.Namespace, runs: list[Path]) -> Wanted | None:
    """The page that is asked for, if one is."""
    from src_mindspore.export.wanted import Wanted
    from src_mindspore.web.folder import WebFolder

    if args.web is None:
        return None
    if args.web == WEB_DEFAULT and len(runs) > 1:
        raise UserError("an average belongs to none of its runs: name the folder with --web DIR")
    folder = runs[0] / "web" if args.web == WEB_DEFAULT else args.web
    detector = None
    if args.faces:
        from src_mindspore.faces.web_files import page_detector

        detector = page_detector()
    name = args.web_name or (folder if len(runs) > 1 else runs[0]).resolve().name
    return Wanted(
        formats=("onnx",),
        max_drop=args.max_drop,
        fold_temperature=args.fold_temperature,
        labels=args.labels,
        web=WebFolder(folder, name, args.web_weights or "fp32", detector),
    )


def _write_report(run: Path, data: Path | None) -> None:
    """The page of a run, with its export in it."""
    from src_mindspore.report.write import report_after
    from src_mindspore.runs.folder import RunFolder

    folder = RunFolder(run)
    try:
        report_after(folder, data)
    finally:
        folder.lock.release()


def _export(
    runs: list[Path], members: Sequence[Member], wanted: Wanted, args: argparse.Namespace
) -> None:
    """Writes files or page, and prints how they compare."""
    from src_mindspore.evaluation.statement import statement
    from src_mindspore.export.device_files import export_run
    from src_mindspore.export.ensemble import export_ensemble
    from src_mindspore.export.parity import parity_table

    metrics = None
    if members:
        ended = export_ensemble(members, wanted, args.out, args.data)
        report, metrics = ended.parity, ended.metrics
    else:
        report = export_run(runs[0], wanted, args.out, args.data)
    print(parity_table(report))
    if metrics:
        print("\n".join(statement(metrics["val"])))


def main() -> None:
    """Exports, and prints how the files compare."""
    args = arguments()
    from src_mindspore.config.ensemble import named_runs
    from src_mindspore.export.android import check_app, copy_to_app
    from src_mindspore.export.members import load_members
    from src_mindspore.web.address import serving_lines

    files = _wanted_files(args)
    if args.android and files:
        check_app(files.names)
    runs = named_runs(args.runs)
    page = _wanted_page(args, runs)
    members = load_members(runs, args.out if files else page.web.path) if len(runs) > 1 else ()
    # after all that can be refused without it: MindSpore takes a second to load
    from src_mindspore.network.device import select_device

    select_device()
    for wanted in filter(None, (files, page)):
        _export(runs, members, wanted, args)
    in_run = page and page.web.path == runs[0] / "web"
    if not members and ((files and args.out is None) or in_run):
        _write_report(runs[0], args.data)
    if args.android:
        copy_to_app(args.out or runs[0] / "export")
    if page and page.web:
        print("\n".join([*page.web.size_lines(), *serving_lines(page.web.path)]))


if __name__ == "__main__":
    sys.exit(command.run(main))
