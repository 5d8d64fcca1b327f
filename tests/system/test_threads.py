"""The number of threads: the user's, else what the machine and a container leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from workplace import REPOSITORY, Workplace

from src_mindspore.system import threads
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.threads import cpu_quota, parse_threads, thread_count, use_threads

BAD = ("0", "-1", "abc", "1.5", "1e1", "²", "9" * 5000, ",2")


@pytest.fixture(autouse=True)
def four_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may run on four CPUs, without a limit, that has been told nothing."""
    monkeypatch.setattr(threads, "_cores", lambda: 4)
    monkeypatch.setattr(threads, "cpu_quota", lambda: None)
    for name in (threads.VARIABLE, *threads.OTHER_VARIABLES):
        monkeypatch.setenv(name, "")


def test_without_a_word_of_the_user_it_is_all_cpus() -> None:
    assert thread_count() == 4


@pytest.mark.parametrize(
    ("text", "count"), [("1", 1), ("3", 3), (" 2 ", 2), ("2,1", 2), ("64", 4), ("", 4), (" ", 4)]
)
def test_openmp_says_how_many(monkeypatch: pytest.MonkeyPatch, text: str, count: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert thread_count() == use_threads() == count


@pytest.mark.parametrize("quota", [0.1, 1.0, 1.5, 3.99, 16.0])
def test_a_quota_is_rounded_up(monkeypatch: pytest.MonkeyPatch, quota: float) -> None:
    monkeypatch.setattr(threads, "cpu_quota", lambda: quota)
    assert thread_count() == {0.1: 1, 1.0: 1, 1.5: 2, 3.99: 4, 16.0: 4}[quota]
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # the user knows better
    assert thread_count() == 3


def test_what_is_settled_reaches_libraries_and_children() -> None:
    assert use_threads(3) == 3
    assert thread_count() == 3
    for name in ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS"):
        assert os.environ[name] == "3"
    assert use_threads(100) == 4


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_number_of_threads_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(ValueError, match="a whole number from 1 on is accepted; got "):
        parse_threads(text)
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    with pytest.raises(UserError, match=r"^the variable OMP_NUM_THREADS .* use --threads$"):
        thread_count()
    assert use_threads(2) == 2  # the option has precedence


@pytest.mark.parametrize(
    "command",
    [
        "train.py --config configs/demo.yaml --data photos --run runs/never",
        "evaluate.py nothing --data photos",
        "predict.py nothing photos",
        "export.py nothing",
        "-m src_mindspore.doctor photos",
    ],
)
def test_every_command_takes_the_option(workplace: Workplace, command: str) -> None:
    done = workplace.call(f"{command} --threads 0")
    assert done.returncode == 2
    assert "argument --threads: a whole number from 1 on is accepted; got '0'" in done.stderr
    os.environ["OMP_NUM_THREADS"] = "many"
    done = workplace.call(command)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the variable OMP_NUM_THREADS is the number of threads")
    assert done.stderr.count("\n") == 1


def test_the_number_is_settled_before_anything_reads_it() -> None:
    """OpenBLAS, OpenMP and OpenCV read it when they are loaded."""
    code = (
        "import sys, src_mindspore.system.command, src_mindspore.system.threads as t\n"
        "assert not {'numpy', 'cv2', 'mindspore'} & set(sys.modules)\n"
        "t.use_threads(1)\nimport cv2\nprint(cv2.getNumThreads())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"


def group(root: Path, place: str, **files: str) -> None:
    """A control group; ``cpu_max`` is its file ``cpu.max``."""
    folder = root / "sys/fs/cgroup" / place
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(f"{text}\n")


def member(root: Path, *lines: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("".join(f"{line}\n" for line in lines))


def test_a_container_of_version_2_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    member(tmp_path, "0::/")
    group(tmp_path, "", cpu_max="150000 100000")
    assert cpu_quota(tmp_path) == 1.5


def test_the_smallest_limit_of_all_groups_above_counts(tmp_path: Path) -> None:
    member(tmp_path, "0::/jobs.slice/job 7:a/step")
    group(tmp_path, "jobs.slice", cpu_max="200000 100000")
    group(tmp_path, "jobs.slice/job 7:a", cpu_max="50000 25000")
    group(tmp_path, "jobs.slice/job 7:a/step", cpu_max="max 100000")
    assert cpu_quota(tmp_path) == 2
    group(tmp_path, "jobs.slice", cpu_max="20000 100000")
    assert cpu_quota(tmp_path) == 0.2


@pytest.mark.parametrize("place", ["cpu,cpuacct", "cpu"])
def test_version_1(tmp_path: Path, place: str) -> None:
    member(tmp_path, "5:memory:/x", "4:cpu,cpuacct:/docker/abc", "0::/")
    group(tmp_path, f"{place}/docker/abc", cpu_cfs_quota_us="300000", cpu_cfs_period_us="100000")
    assert cpu_quota(tmp_path) == 3
    group(tmp_path, place, cpu_cfs_quota_us="-1", cpu_cfs_period_us="100000")
    assert cpu_quota(tmp_path) == 3


def test_version_1_where_the_container_has_its_group_mounted_as_the_root(tmp_path: Path) -> None:
    member(tmp_path, "4:cpu,cpuacct:/docker/abc")  # a path of the host
    group(tmp_path, "cpu,cpuacct", cpu_cfs_quota_us="100000", cpu_cfs_period_us="100000")
    assert cpu_quota(tmp_path) == 1


@pytest.mark.parametrize("text", ["max 100000", "", "max", "100000 0", "-1 100000", "no number"])
def test_no_limit(tmp_path: Path, text: str) -> None:
    assert cpu_quota(tmp_path) is None  # not even the files
    member(tmp_path, "0::/../x", "nonsense", "1:cpu:/y")
    group(tmp_path, "x", cpu_max=text)
    assert cpu_quota(tmp_path) is None


@pytest.mark.parametrize("count", [1, 3])
def test_work_is_done_in_so_many_threads(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    from threading import Barrier, current_thread

    monkeypatch.setenv("OMP_NUM_THREADS", str(count))
    together = Barrier(count)

    def work(_: int) -> str:
        together.wait(10)
        return current_thread().name

    names = set(map_ordered(work, range(3 * count)))
    assert len(names) == count
    assert (current_thread().name in names) == (count == 1)


def test_processes_that_keep_to_one_cpu_take_different_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[set[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {900_001, 900_002})
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, cpus: kept.append(cpus))
    take = threads._own_cpu.__wrapped__
    first = take()
    second = take()  # as another process would
    assert (first[0], second[0], take()) == (900_001, 900_002, None)
    monkeypatch.setattr(threads, "_own_cpu", lambda: second)
    threads.stay_on_one_cpu()
    monkeypatch.setattr(threads, "_own_cpu", lambda: None)  # none is left: it stays where it was
    threads.stay_on_one_cpu()
    assert kept == [{900_002}]
    monkeypatch.setattr(threads, "_own_cpu", lambda: second)
    monkeypatch.setattr(threads, "cpu_quota", lambda: 1.0)  # the container sees to it
    threads.stay_on_one_cpu()
    assert len(kept) == 1
    first[1].close()
    second[1].close()


def test_mindspore_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import mindspore

    from src_mindspore.network import device

    told, kept = [], []
    monkeypatch.setattr(mindspore, "set_context", lambda **what: told.append(what))
    monkeypatch.setattr(device, "stay_on_one_cpu", lambda: kept.append(1))
    for count in (3, 1):
        monkeypatch.setattr(mindspore, "get_context", {"runtime_num_threads": 30}.get)
        device._limit_threads(count)
    device._limit_threads(30)
    assert told == [{"runtime_num_threads": 3}, {"runtime_num_threads": 1}]
    assert kept == [1]
