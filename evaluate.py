"""Scores a model, in any of its forms, on every image of a split."""

import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.terminal import apart, columns
from src_mindspore.system.threads import use_threads

MOST_ROWS, FEW_ROWS = 200, 40  # classes in a table on the terminal

COMMAND = "evaluate.py"


def main() -> None:
    """See ``--help``."""
    parser = command.parser(
        "Score a model on every image of a split.",
        "python evaluate.py runs/garbage/export/model.onnx --data photos --json scores.json",
    )
    command.add_model(parser)
    parser.add_argument("--data", type=Path, help="the data folder (default: the run's own)")
    parser.add_argument("--split", default="val", help="train, val, test or all (default: val)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)

    from src_mindspore.evaluation.model import load_model
    from src_mindspore.evaluation.score import evaluate
    from src_mindspore.evaluation.statement import statement
    from src_mindspore.photos.reader import PhotoReader
    from src_mindspore.photos.scored import scored_records
    from src_mindspore.photos.split_folders import split_named
    from src_mindspore.runs.read import data_folder, run_photos
    from src_mindspore.system.output_file import check_outputs, write_sealed_json

    args.split = split_named(args.split) or args.split
    check_outputs(COMMAND, {"--json": args.json})
    model = load_model(args.model, args.machine, args.engine)
    data, run = data_folder(args.model, args.data), run_photos(args.model)
    records = scored_records(data, model.spec.classes, args.split, run)
    reader = PhotoReader(data, len(records), note=True, value_range=model.spec.input.range)
    result = evaluate(model, reader, records, args.split, run)
    print_classes(result, [model.spec.names(i) for i in range(len(model.spec.classes))])
    print("\n".join(statement(result)))
    if args.json:
        write_sealed_json(args.json, result, COMMAND)


def print_classes(result: dict, names: list[str]) -> None:
    """A row of scores for each class; a dash where nothing was there, or said, to score.

    Of more than ``MOST_ROWS`` classes it has the ``FEW_ROWS`` with photos of the lowest F1.
    """

    def share(value: float | None) -> str:
        return "     -" if value is None else f"{value:6.1%}"

    rows = list(zip(result["per_class"], apart(names), strict=True))
    if len(rows) > MOST_ROWS:
        lowest = sorted((r for r in rows if r[0]["n"]), key=lambda r: r[0]["f1"])[:FEW_ROWS]
        print(f"{len(rows):,} classes; the {len(lowest)} of lowest F1 (all: --json FILE)")
        rows = lowest
    width = max(columns(name) for _, name in rows)
    print(f"{'class':{width}}     n  precision  recall      f1")
    for row, name in rows:
        figures = "  ".join(share(row[key]) for key in ("precision", "recall", "f1"))
        print(f"{name}{' ' * (width - columns(name))} {row['n']:5d}     {figures}")


if __name__ == "__main__":
    sys.exit(command.run(main))
