"""Fixtures that several test modules share."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cpp_build import CppBuild, build_or_skip
from lite_fakes import fetched_or_skip
from readme import readme_commands
from shared import Shared, grouped, order
from workplace import Workplace

import src_mindspore  # noqa: F401 - caps oneDNN before a test module imports MindSpore
from src_mindspore.demo_photos.data_set import write_data_set
from src_mindspore.weights.imagenet import pretrained_file

SHARED_DATA_ENV = "POCKETLENS_SHARED_DATA"


def pytest_configure() -> None:
    """Whatever ignores SIGHUP or SIGINT hands that on to its children, which tests then stop.

    ``nohup make test`` is such a case, and a shell's ``make test &``. A handler that does nothing
    leaves this process as deaf as it was, and the children get the default.
    """
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Says which tests stay together in one process, and begins with what takes longest."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(grouped(item)))
    items.sort(key=order)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small file; gives its path."""

    def write(name: str, text: str = "") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with golden values and photos, which the repository does not carry."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get(SHARED_DATA_ENV, default))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; {SHARED_DATA_ENV} names the folder with the shared data")
    return folder


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """What the processes of one test run make once, for all of them."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    folder.mkdir(exist_ok=True)
    return Shared(folder)


@pytest.fixture(scope="session")
def workplace(shared: Shared) -> Workplace:
    """Where the real commands run on a small data set."""
    folder = shared.folder / "workplace"
    shared.once("workplace", lambda: folder.mkdir() or str(Workplace.make(folder).folder))
    return Workplace(folder)


@pytest.fixture(scope="session")
def readme_runs(workplace: Workplace, shared: Shared) -> list[subprocess.CompletedProcess]:
    """The README's commands, all run in order."""

    def run() -> list[dict]:
        return [vars(workplace.run(c.removeprefix("python "))) for c in readme_commands()]

    return [subprocess.CompletedProcess(**done) for done in shared.once("readme", run)]


@pytest.fixture(scope="session")
def run_folder(workplace: Workplace, readme_runs: list[subprocess.CompletedProcess]) -> Path:
    """The run that the README's commands leave, exported."""
    return workplace.folder / "runs" / "mine"


@pytest.fixture(scope="session")
def telling_run(workplace: Workplace, shared: Shared) -> Path:
    """An exported run that tells photos apart, which the random weights of ``run_folder`` do not.

    Pretrained weights, 96 x 96 pixels, a head; the validation photos get many different labels.
    They are enough to calibrate it: there is a temperature and a threshold.
    """
    fetched_or_skip(pretrained_file)
    settings = (
        "backbone.weights=imagenet backbone.width_mult=1 input.size=96 head_stage.epochs=10 "
        "head_stage.lr.max=0.002 calibration.precision=0.6"
    )

    def make() -> str:
        write_data_set(workplace.folder / "more", train=3, val=5)
        for command in (
            "train.py --config configs/demo.yaml --data more --run runs/telling"
            f" --set {settings.replace(' ', ' --set ')} --set finetune_stage.epochs=0",
            "export.py runs/telling --formats ms",
        ):
            done = workplace.call(command)
            assert done.returncode == 0, done.stderr
        return "runs/telling"

    return workplace.folder / shared.once("telling", make)


@pytest.fixture(scope="session")
def cpp_builds(pytestconfig: pytest.Config, shared: Shared) -> Path:
    """Where compiled C++ is kept from one test run to the next, if pytest may keep anything."""
    cache = getattr(pytestconfig, "cache", None)
    return cache.mkdir("cpp") if cache else shared.folder


@pytest.fixture(scope="session")
def cpp_plain(cpp_builds: Path) -> CppBuild:
    """``deploy/cpp`` as it is shipped, with decoders, programs and tests."""
    return build_or_skip("plain", cpp_builds)


@pytest.fixture(scope="session")
def cpp_sanitized(cpp_builds: Path) -> CppBuild:
    """``deploy/cpp`` with AddressSanitizer and UndefinedBehaviorSanitizer: the tests only."""
    return build_or_skip("sanitized", cpp_builds)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the largest difference of pixels that ``test_pixel_parity.py`` has seen."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    seen = [dict(report.user_properties) for report in reports]
    seen = [values for values in seen if "largest_difference" in values]
    if seen:
        terminalreporter.write_line(
            f"pixel parity: {sum(values['photos'] for values in seen)} comparisons of Python and "
            f"C++, largest difference {max(values['largest_difference'] for values in seen):.3g} "
            f"of 255"
        )
