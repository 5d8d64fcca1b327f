"""Kills training runs and fills their disks at random moments; all must end as if nothing was.

Real runs of ``train.py`` on a network and photos of toy size. A chain is one run that is killed
(SIGKILL to its process group) at moments drawn uniformly over the length of an undisturbed run, and
resumed, until it ends; or one whose disk, a small tmpfs, is filled up at such a moment and gets its
room back. After every fault all files of the run folder and the cache must be readable; at the end
they must be, bit for bit but for seconds, those of the undisturbed run.

The disks need a mount namespace of their own (``unshare``): where the system gives none, those
faults are left out, and it says so. Exit status 1 when anything differs.

example: python benchmarks/faults.py --kills 50 --full 20 --seed 1
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.fault_files import difference, unreadable  # noqa: E402
from src_mindspore.demo_photos.data_set import write_data_set  # noqa: E402

HEAD_EPOCHS, FINETUNE_EPOCHS = 60, 4
CONFIG = f"""
backbone: {{weights: none, width_mult: 0.35}}
input: {{size: 64}}
head: {{dropout: 0.2}}
features: {{views: 40, batch_size: 4}}
head_stage: {{epochs: {HEAD_EPOCHS}, batch_size: 2, patience: {HEAD_EPOCHS}, lr: {{max: 0.003}}}}
finetune_stage: {{epochs: {FINETUNE_EPOCHS}, batch_size: 2, from_block: 15, inputs: photos}}
save_every: 0.3
"""
DISK = 256  # megabytes of a disk with room enough
KILLS_OF_A_CHAIN = 4
Outcome = tuple[Counter, list[str], bool]  # faults by phase, problems, identical at the end
PATIENCE = 300  # seconds: a run that takes longer hangs


@dataclass
class Place:
    """A folder for one run, with its cache; ``mounted`` is a disk of its own."""

    folder: Path
    photos: Path
    mounted: bool = False

    @property
    def log(self) -> Path:
        """What the last process wrote on stderr; not on the small disk."""
        return self.folder.with_suffix(".log")

    def start(self) -> subprocess.Popen:
        """Starts the run, or goes on with it."""
        config = self.folder.with_suffix(".yaml")
        config.write_text(CONFIG)
        temporary = self.folder.with_suffix(".tmp")
        temporary.mkdir(exist_ok=True)
        command = [sys.executable, ROOT / "train.py", "--resume", "--config", config]
        command += ["--data", self.photos, "--run", self.folder / "run"]
        command += ["--set", f"features.cache_dir={self.folder / 'cache'}"]
        with self.log.open("w") as log:
            return subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "TMPDIR": str(temporary)},
                start_new_session=True,
            )

    def phase(self) -> str:
        """What the last process was doing when it ended."""
        said = self.log.read_text()
        if "oneDNN:" not in said:
            return "start-up"
        if " val photos: " not in said:
            return "extraction" if "features" in said else "reading"
        epochs = (self.folder / "run/log.jsonl").read_text().count("\n")
        if epochs < HEAD_EPOCHS:
            return "head"
        return "fine-tuning" if epochs < HEAD_EPOCHS + FINETUNE_EPOCHS else "scoring"

    def mount(self) -> None:
        """Puts a small disk in place."""
        self.folder.mkdir()
        options = ["-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", self.folder]
        subprocess.run(["mount", *options], check=True)  # noqa: S607
        self.mounted = True

    def fill(self) -> None:
        """Leaves no room on the small disk."""
        with (self.folder / "ballast").open("wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(1 << 16))
            except OSError:
                pass

    def make_room(self) -> None:
        """Undoes ``fill``."""
        (self.folder / "ballast").unlink()

    def remove(self) -> None:
        """Deletes everything."""
        if self.mounted:
            subprocess.run(["umount", self.folder], check=True)  # noqa: S607
        for path in self.folder.parent.glob(f"{self.folder.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@dataclass
class Findings:
    """What came of the faults; threads add to it."""

    kills: Counter = field(default_factory=Counter)  # by phase
    fills: Counter = field(default_factory=Counter)
    chains: int = 0
    identical: int = 0
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, faults: Counter, kind: Counter, problems: list[str], same: bool) -> None:
        """Adds a chain."""
        with self.lock:
            kind.update(faults)
            self.chains += 1
            self.identical += same
            self.problems += problems
            done = ", ".join(f"{count} {phase}" for phase, count in faults.items())
            print(f"chain {self.chains}: {done}: {'identical' if same else 'DIFFERS'}", flush=True)


def wait(process: subprocess.Popen, seconds: float = PATIENCE) -> int | None:
    """Exit status; None where the process runs on."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def kill(process: subprocess.Popen) -> None:
    """SIGKILL to all of it."""
    os.killpg(process.pid, 9)
    process.wait()


def finish(place: Place, reference: Path) -> list[str]:
    """Resumes a run to its end; what is wrong with it then."""
    process = place.start()
    status = wait(process)
    if status is None:
        kill(process)
    if status != 0:
        return [f"a resumed run ended with {status}: {place.log.read_text()[-2000:]}"]
    return difference(place.folder, reference)


def killed_chain(place: Place, reference: Path, draw: Callable[[], float], kills: int) -> Outcome:
    """Kills a run ``kills`` times, or until it has ended, and resumes it.

    Returns:
        Kills by phase, what is wrong, and whether it ended like the reference.
    """
    phases, problems = Counter(), []
    for _ in range(kills):
        process = place.start()
        if wait(process, draw()) is not None:
            break
        kill(process)
        phases[place.phase()] += 1
        problems += unreadable(place.folder)
    wrong = finish(place, reference)
    return phases, problems + wrong, not wrong


def filled_chain(place: Place, reference: Path, draw: Callable[[], float]) -> Outcome:
    """The same with a disk that fills up; it must be told in one message, with exit status 2."""
    problems = []
    place.mount()
    process = place.start()
    ended = wait(process, draw())
    place.fill()
    status = wait(process)
    said = place.log.read_text()
    phase = Counter() if ended is not None or status == 0 else Counter([place.phase()])
    if phase and (status != 2 or said.count("error:") != 1 or "Traceback" in said):
        problems.append(f"a full disk ended with {status}: {said[-2000:]}")
        if status is None:
            kill(process)
    problems += unreadable(place.folder)
    place.make_room()
    wrong = finish(place, reference)
    return phase, problems + wrong, not wrong


def undisturbed(place: Place) -> float:
    """Runs the reference; its length in seconds."""
    began = time.monotonic()
    if wait(place.start()) != 0:
        raise SystemExit(place.log.read_text())
    return time.monotonic() - began


def moments(seed: int, seconds: float) -> Iterator[Callable[[], float]]:
    """For every chain a source of moments."""
    chain = 0
    while True:
        rng = np.random.default_rng([seed, chain])
        yield lambda rng=rng: float(rng.uniform(0, seconds))
        chain += 1


def run_all(scratch: Path, photos: Path, args: argparse.Namespace) -> Findings:
    """The reference, then chains until there were faults enough."""
    reference = Place(scratch / "reference", photos)
    reference.folder.mkdir()
    seconds = undisturbed(reference)
    print(f"an undisturbed run takes {seconds:.1f} s", flush=True)
    found = Findings()
    sources = moments(args.seed, seconds)
    begun = Counter()

    def chains(worker: int) -> None:
        while True:
            with found.lock:
                kills = min(args.kills - begun["kills"], KILLS_OF_A_CHAIN)
                full = kills == 0 and begun["fills"] < args.full
                begun.update({"kills": kills, "fills": full})
                begun["chains"] += 1
                draw, number = next(sources), begun["chains"]
            if not (kills or full):
                return
            place = Place(scratch / f"chain{number}", photos)
            if full:
                kind, result = "fills", filled_chain(place, reference.folder, draw)
            else:
                kind, result = "kills", killed_chain(place, reference.folder, draw, kills)
            with found.lock:  # faults that came too late are made up for
                begun[kind] -= (1 if full else kills) - result[0].total()
            found.add(result[0], getattr(found, kind), *result[1:])
            place.remove()

    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(chains, range(args.jobs)))
    return found


def namespace() -> list[str] | None:
    """The command that gives a process mounts of its own, where there is one."""
    for command in (["unshare", "-m"], ["unshare", "-rm"]):
        probe = [*command, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
        try:
            if subprocess.run(probe, capture_output=True).returncode == 0:
                return command
        except FileNotFoundError:
            return None
    return None


def report(found: Findings, seconds: float) -> str:
    """The result for people."""
    lines = []
    for name, counts in (("kills", found.kills), ("full disks", found.fills)):
        phases = ", ".join(f"{phase} {count}" for phase, count in counts.most_common())
        lines.append(f"{counts.total()} {name}: {phases or '-'}")
    lines.append(f"{found.identical} of {found.chains} runs ended bit-identical")
    lines.append(f"problems: {len(found.problems)}; {seconds:.0f} s in all")
    return "\n".join([*lines, *found.problems])


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--full", type=int, default=20, help="disks that fill up")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--data", type=Path, help="photos; without it, drawn ones")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.full and not args.inside:
        if command := namespace():
            os.execvp(command[0], [*command, sys.executable, *sys.argv, "--inside"])  # noqa: S606
        print("full disks are left out: this system gives no mount namespace (unshare -m)")
        args.full = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        photos = args.data or write_data_set(Path(scratch) / "photos", train=3, val=2)
        found = run_all(Path(scratch), photos.resolve(), args)
    print(report(found, time.monotonic() - began))
    return 1 if found.problems or found.identical < found.chains else 0


if __name__ == "__main__":
    sys.exit(main())
