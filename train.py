"""Fine-tunes a pretrained MobileNetV2 on a folder of photos; leaves a run folder."""

import sys
import time
from pathlib import Path

from src_mindspore import cli


def main() -> None:
    """See ``--help``."""
    parser = cli.parser(
        "Fine-tune a pretrained MobileNetV2 on a folder of photos.",
        "python train.py --config configs/garbage.yaml --data photos --run runs/garbage",
    )
    parser.add_argument("--config", type=Path, help="a YAML file, see configs/")
    parser.add_argument("--data", type=Path, help="train/ and val/, or one folder per class")
    parser.add_argument("--run", type=Path, help="new run folder; default runs/CONFIG-TIME")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --run")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY.SUB=VALUE",
        help="change one key of the config; may be repeated",
    )
    args = parser.parse_args()
    if args.resume:
        if args.run is None or args.overrides or args.data:
            parser.error("--resume takes --run and nothing else: the run has its own config")
    elif args.config is None:
        parser.error("--config is needed, for example configs/garbage.yaml")

    # after the arguments: MindSpore takes seconds to load
    from src_mindspore.config import load_config
    from src_mindspore.errors import UserError
    from src_mindspore.run_folder import RunFolder
    from src_mindspore.training import train

    if args.resume:
        run, config = RunFolder.reopen(args.run)
        if run.finished:
            print(f"{run.path} has already finished; nothing to do")
            return
    else:
        config = load_config(args.config, args.overrides)
        if args.data:
            config.data.dir = str(args.data.resolve())
        if not config.data.dir:
            raise UserError("no data: give --data DIR, or data.dir in the config")
        default = Path("runs") / f"{args.config.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
        run = RunFolder.create(args.run or default, config)
    metrics = train(config, run)
    val = metrics["val"]
    print(f"val top-1 {val['top1']:.2%} (n={val['n']})  top-5 {val['top5']:.2%}  in {run.path}")
    print(f"next: python evaluate.py {run.path} --data {config.data.dir}")


if __name__ == "__main__":
    sys.exit(cli.run(main))
