"""Writes the device files of a run and checks each against the checkpoint."""

import sys
from pathlib import Path

from src_mindspore import cli


def main() -> None:
    """See ``--help``."""
    parser = cli.parser(
        "Export a run to MINDIR, ONNX and MindSpore Lite, each checked against the checkpoint.",
        "python export.py runs/garbage --formats mindir,onnx,ms",
    )
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--formats", default="mindir,onnx,ms", help="which (default: all three)")
    parser.add_argument("--quant", default="none", help="none or fp16, of the .ms file (none)")
    parser.add_argument("--out", type=Path, help="where to; default RUN/export")
    parser.add_argument("--data", type=Path, help="photos for the check; default the run's own")
    parser.add_argument("--converter", help="a converter_lite; default: found, or fetched")
    parser.add_argument(
        "--android", action="store_true", help="copy model.ms and spec.json into deploy/android"
    )
    args = parser.parse_args()

    from src_mindspore.exporting import copy_to_app, export_run, parity_table
    from src_mindspore.runtime import select_device

    select_device()
    report = export_run(
        args.run,
        formats=args.formats.split(","),
        quants=args.quant.split(","),
        out=args.out or args.run / "export",
        data=args.data,
        converter=args.converter,
    )
    print(parity_table(report))
    if args.android:
        copy_to_app(args.out or args.run / "export")


if __name__ == "__main__":
    sys.exit(cli.run(main))
