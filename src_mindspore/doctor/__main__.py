"""``python -m src_mindspore.doctor DIR``: what is wrong with a data set, before it costs a run."""

import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.advice import advised
from src_mindspore.system.threads import use_threads

COMMAND = "python -m src_mindspore.doctor"


def main() -> int:
    """See ``--help``; 1 when something needs a decision."""
    parser = command.parser(
        "Say what is wrong with a data set. Nothing in it is ever changed.\n"
        "Exit status: 0 nothing to decide, 1 something to decide, 2 no data set, 130 stopped.",
        "python -m src_mindspore.doctor photos --html report.html --fix exclude.json",
    )
    parser.prog = COMMAND
    parser.add_argument(
        "data", type=Path, metavar="DIR", help="train/ and val/, or one folder per class"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all findings there")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with thumbnails")
    parser.add_argument(
        "--fix",
        type=Path,
        metavar="PLAN",
        help="write a list of photos to leave out there; train.py reads it as data.exclude",
    )
    parser.add_argument(
        "--exclude", type=Path, metavar="PLAN", help="take the photos of this list as not there"
    )
    parser.add_argument(
        "--labels",
        action="store_true",
        help="compare every label with the network's features; computes them, 5 ms a photo",
    )
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)

    from src_mindspore.doctor.diagnosis import diagnose
    from src_mindspore.doctor.page import write_page
    from src_mindspore.doctor.proposed_exclusions import proposed_exclusions
    from src_mindspore.photos.exclusions import excluded_of, write_plan
    from src_mindspore.system.output_file import check_outputs, write_sealed_json

    outputs = {"--json": args.json, "--html": args.html, "--fix": args.fix}
    check_outputs(COMMAND, outputs, [args.exclude])
    excluded = excluded_of(args.exclude, args.data)
    seen = diagnose(args.data, excluded, args.labels)
    print("\n".join(seen.report.lines()))
    if args.json:
        write_sealed_json(args.json, seen.report.to_json(), COMMAND)
    if args.html:
        write_page(args.html, seen.report, args.data, COMMAND, seen.data.value_range)
        print(f"page: {args.html}")
    if args.fix:
        plan = [*excluded, *proposed_exclusions(seen)]
        write_plan(args.fix, plan, COMMAND)
        print(
            f"{args.fix}: {len(plan)} photos to leave out; read it, then "
            f"{advised('train.py', '--set', f'data.exclude={args.fix}')} ..."
        )
    return seen.report.status


if __name__ == "__main__":
    sys.exit(command.run(main))
