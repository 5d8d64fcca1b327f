"""Scores a model, in any of its forms, on every image of a split."""

import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.terminal import shown_name

COMMAND = "evaluate.py"


def main() -> None:
    """See ``--help``."""
    parser = command.parser(
        "Score a model on every image of a split.",
        "python evaluate.py runs/garbage/export/model.onnx --data photos --json scores.json",
    )
    command.add_model(parser)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--split", default="val", help="train, val, test or all (default: val)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    args = parser.parse_args()

    from src_mindspore.evaluation.model import load_model
    from src_mindspore.evaluation.score import evaluate
    from src_mindspore.photos.reader import PhotoReader
    from src_mindspore.photos.scored import scored_records
    from src_mindspore.report.statement import statement
    from src_mindspore.runs.read import known_exclusions, known_splits
    from src_mindspore.system.output_file import check_outputs, write_sealed_json

    check_outputs(COMMAND, {"--json": args.json})
    model = load_model(args.model, args.machine, args.engine)
    records = scored_records(
        args.data,
        model.spec.classes,
        args.split,
        known_splits(args.model),
        known_exclusions(args.model),
    )
    result = evaluate(model, PhotoReader(args.data, len(records)), records, args.split)
    print_classes(result, [model.spec.label(i) for i in range(len(model.spec.classes))])
    print("\n".join(statement(result)))
    if args.json:
        write_sealed_json(args.json, result, COMMAND)


def print_classes(result: dict, names: list[str]) -> None:
    """A row of scores for each class; a dash where nothing was there, or said, to score."""

    def share(value: float | None) -> str:
        return "     -" if value is None else f"{value:6.1%}"

    names = [shown_name(name) for name in names]
    width = max(len(name) for name in names)
    print(f"{'class':{width}}     n  precision  recall      f1")
    for row, name in zip(result["per_class"], names, strict=True):
        print(
            f"{name:{width}} {row['n']:5d}     {share(row['precision'])}  {share(row['recall'])}"
            f"  {share(row['f1'])}"
        )


if __name__ == "__main__":
    sys.exit(command.run(main))
