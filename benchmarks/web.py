"""Measures an exported page in Chromium: until it is ready, a photo, the camera, its memory.

The page is served from this machine, to a browser with one thread for the model. A photo's
milliseconds stand beside those of ONNX Runtime on one thread, in turns, on the same photos. The
camera is a film of the photos, 1280 x 720, 30 frames a second: once as the page uses it, which
hands over what is in its frame, once with whole frames. Memory is that of the browser's processes
that run pages (proportional set size), and what JavaScript holds after a collection of its garbage.

example: python benchmarks/web.py runs/garbage/web --photos photos/val
"""

import argparse
import base64
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from benchmarks.web_browser import chromium, held, page_of, served, until  # noqa: E402
from src_mindspore.system import command  # noqa: E402
from src_mindspore.system.errors import UserError  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

COMMAND = "benchmarks/web.py"
VIDEO = (1280, 720)
STILL = 45  # frames of the film with the same photo
PAGES = 24  # photos in the film
WARM = 200  # frames before memory is read first
STEP = 200  # frames between two readings
OPEN = """async (folder) => {
  const { Client } = await import("./app/client.js");
  window.client = new Client(() => new Worker("worker.js", { type: "module" }));
  return window.client.open(folder);
}"""
PHOTO = """async (bytes) => {
  const file = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer;
  const { ms, answer } = await window.client.photo(file, 1);
  return { ms, probabilities: Array.from(answer.probabilities) };
}"""
WHOLE = """async (count) => {
  const video = document.getElementById("video");
  const start = performance.now();
  const parts = { decode: 0, prepare: 0, model: 0 };
  for (let n = 0; n < count; n += 1) {
    const { ms } = await window.client.frame(await createImageBitmap(video), 1);
    for (const part of Object.keys(parts)) parts[part] += ms[part] / count;
  }
  return { seconds: (performance.now() - start) / 1000, parts, size: video.videoWidth };
}"""


def main() -> None:
    """See the module."""
    args = parse_arguments()
    from src_mindspore.evaluation.predict import image_paths
    from src_mindspore.system.output_file import check_outputs, write_sealed_json

    check_outputs(COMMAND, {"--json": args.json})
    photos = [
        path for path in image_paths([args.photos]) if path.suffix.lower() in (".jpg", ".jpeg")
    ]
    if not photos:
        raise UserError(f"{args.photos} has no JPEG photos")
    report: dict[str, Any] = {"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as place:
        film = write_film(photos, Path(place) / "film.mjpeg")
        with served(args.page) as url, chromium(film) as browser:
            report["ready_s"] = ready(browser, url, args.rounds)
            report["photo"] = photo_times(browser, url, args.page, photos, args.rounds)
            report["camera"] = camera(browser, url, args.page, args.frames)
    print(table(report))
    if args.json:
        write_sealed_json(args.json, report, COMMAND)


def parse_arguments() -> argparse.Namespace:
    """The command line.

    Raises:
        UserError: a folder that is no page, or a number outside its range.
    """
    text, example = (__doc__ or "").split("\nexample: ")
    parser = command.parser(text.strip(), example.strip())
    parser.add_argument("page", type=Path, help="a folder that export.py --web has written")
    parser.add_argument("--photos", type=Path, required=True, help="a folder with JPEG photos")
    parser.add_argument("--frames", type=int, default=2000, help="of the camera (2000)")
    parser.add_argument("--rounds", type=int, default=5, help="of all else (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    args = parser.parse_args()
    if not (args.page / "models.json").is_file():
        raise UserError(f"{args.page} is no page of export.py --web: it has no models.json")
    if args.frames < 2 * WARM or args.rounds < 1:
        raise UserError(
            f"--frames takes {2 * WARM} or more and --rounds 1 or more; got {args.frames} and "
            f"{args.rounds}"
        )
    return args


def write_film(photos: Sequence[Path], path: Path) -> Path:
    """A motion JPEG of photos that fill the picture, each for a second and a half."""
    from PIL import ImageOps

    from src_mindspore.photos.decode import open_photo

    step = max(1, len(photos) // PAGES)
    with path.open("wb") as film:
        for photo in photos[::step][:PAGES]:
            stream = io.BytesIO()
            ImageOps.fit(open_photo(photo).convert("RGB"), VIDEO).save(stream, "JPEG", quality=90)
            film.write(stream.getvalue() * STILL)
    return path


def ready(browser: "Browser", url: str, rounds: int) -> list[float]:
    """Seconds from the navigation of a first visit until the model answers, one a round."""
    times = []
    for _ in range(rounds):
        with page_of(browser, url) as page:
            times.append(page.evaluate("window.readyAt") / 1000)
    return times


def photo_times(
    browser: "Browser", url: str, folder: Path, photos: Sequence[Path], rounds: int
) -> dict[str, Any]:
    """Medians of a photo's milliseconds, in the page and in ONNX Runtime, and how they differ."""
    import numpy as np

    from src_mindspore.evaluation.model import load_model
    from src_mindspore.photos.tensors import read_photos

    model = models(folder)[0]
    own = load_model(folder / model / "model.onnx")
    native = native_session(folder / model / "model.onnx")
    name = native.get_inputs()[0].name
    found: dict[str, list[float]] = {"decode": [], "prepare": [], "model": [], "native": []}
    differences = []
    with page_of(browser, url) as page:
        page.evaluate(OPEN, model)
        for number in range(rounds):
            for photo in photos[: len(photos) if number == 0 else 20]:
                reply = page.evaluate(PHOTO, base64.b64encode(photo.read_bytes()).decode())
                tensor = read_photos([photo], own.spec.input)
                start = time.perf_counter()
                native.run(None, {name: tensor})
                found["native"].append(1000 * (time.perf_counter() - start))
                for part, ms in reply["ms"].items():
                    found[part].append(ms)
                if number == 0:
                    expected = own.probabilities(own.run(tensor))[0]
                    differences.append(np.abs(expected - reply["probabilities"]).max())
    return {
        "photos": len(photos),
        **{f"{part}_ms": statistics.median(times) for part, times in found.items()},
        "largest_difference": float(max(differences)),
    }


def native_session(model: Path) -> Any:
    """ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def models(folder: Path) -> list[str]:
    """Folders of a page's models."""
    return [entry["folder"] for entry in json.loads((folder / "models.json").read_text())["models"]]


def camera(browser: "Browser", url: str, folder: Path, frames: int) -> dict[str, Any]:
    """Answers a second, as the page asks and with whole frames; memory over ``frames`` answers."""
    with page_of(browser, url) as page:
        page.locator("#shutter").click()
        until(page, f"window.answers >= {WARM}")
        start, first = time.perf_counter(), page.evaluate("window.answers")
        memory = [held(page)]
        for count in range(first + STEP, first + frames + 1, STEP):
            until(page, f"window.answers >= {count}")
            memory.append(held(page))
        rate = (page.evaluate("window.answers") - first) / (time.perf_counter() - start)
        page.evaluate(OPEN, models(folder)[0])
        whole = page.evaluate(WHOLE, WARM)
    return {
        "frames": frames,
        "answers_per_s": rate,
        "whole_frames_per_s": WARM / whole["seconds"],
        "whole_frame_ms": whole["parts"],
        "width": whole["size"],
        "memory": memory,
    }


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    photo, live = report["photo"], report["camera"]
    memory = [f"{m['processes']:.0f} ({m['heap']:.1f})" for m in live["memory"]]
    whole = " + ".join(f"{part} {ms:.0f}" for part, ms in live["whole_frame_ms"].items())
    parts = ", ".join(
        f"{part} {photo[f'{part}_ms']:.1f}" for part in ("decode", "prepare", "model")
    )
    return "\n".join(
        [
            f"{report['cores']} cores, load before {report['load']:.1f}",
            f"page to ready, first visit: {statistics.median(report['ready_s']):.2f} s",
            f"a photo, one thread: {parts} ms; ONNX Runtime {photo['native_ms']:.1f} ms",
            f"largest difference of a probability: {photo['largest_difference']:.1e}, "
            f"{photo['photos']} photos",
            f"camera, {live['frames']} frames: {live['answers_per_s']:.1f} answers a second",
            f"whole frames, {live['width']} wide: {live['whole_frames_per_s']:.1f} ({whole} ms)",
            f"memory, MB (JavaScript): {', '.join(memory)}",
        ]
    )


if __name__ == "__main__":
    sys.exit(command.run(main))
