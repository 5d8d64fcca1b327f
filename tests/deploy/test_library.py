"""The C++ library's own tests, its fuzzing under the sanitizers, and its use of memory."""

import re

import pytest

LEAK = 20_000  # bytes a call, less than half of the model's input tensor


@pytest.fixture(scope="module")
def photos(workplace) -> list:
    """Drawn photos: JPEG and PNG, with transparency, grey, turned."""
    return sorted((workplace.folder / "photos" / "val").glob("*/*"))


@pytest.mark.parametrize(
    # the sanitizers make hashing slow, so the smaller model is for them
    ("build", "run"),
    [
        ("cpp_plain", "telling_run"),
        pytest.param("cpp_sanitized", "run_folder", marks=pytest.mark.long),
    ],
)
def test_header_and_units_with_a_model(request, build: str, run: str):
    model = request.getfixturevalue(run) / "export" / "model.ms"
    done = request.getfixturevalue(build).ctest(
        "^(header|units)$", POCKETLENS_TEST_MODEL=str(model)
    )
    assert done.returncode == 0, done.stdout[-8000:]
    assert re.search(r"^100% tests passed.* out of 2$", done.stdout, re.M)
    assert re.search(r"test cases: +\d{2,} \| +\d{2,} passed \| 0 failed", done.stdout)
    assert "names no model" not in done.stdout  # what a test says that has left itself out


def fuzzed(build, run_folder, photos, seed: int, rounds: int) -> dict[str, dict[str, int]]:
    """How often each kind of damage ended with each status."""
    model = run_folder / "export" / "model.ms"
    # it stops by itself after ten minutes of a processor, which may take longer by the clock
    done = build.run("fuzz", seed, rounds, model, *photos, seconds=7200)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert int(re.match(r"(\d+) rounds in \d+ s\n", done.stdout)[1]) == rounds
    counts: dict[str, dict[str, int]] = {}
    for kind, status, count in re.findall(r"^  (\S+) +(PL_\S+) +(\d+)$", done.stdout, re.M):
        counts.setdefault(kind, {})[status] = int(count)
    return counts


def check_fuzzed(counts: dict[str, dict[str, int]], rounds: int) -> None:
    """Every kind of damage was done, some of it survivable; no damaged model got anywhere."""
    assert sum(sum(statuses.values()) for statuses in counts.values()) == rounds
    assert set(counts) == {"model", "photo", "pixels", "spec.json"}
    assert set(counts["model"]) == {"PL_MODEL_MISMATCH"}
    for kind, refusal in (
        ("photo", "PL_BAD_IMAGE"),
        ("pixels", "PL_BAD_ARGUMENT"),
        ("spec.json", "PL_BAD_SPEC"),
    ):
        assert counts[kind]["PL_OK"] > 0, kind
        assert counts[kind][refusal] > 0, kind


@pytest.mark.long
def test_damaged_files_end_with_a_status(cpp_sanitized, run_folder, photos):
    check_fuzzed(fuzzed(cpp_sanitized, run_folder, photos, seed=1, rounds=3000), 3000)


@pytest.mark.long
def test_damaged_files_end_with_a_status_60000_times(cpp_sanitized, run_folder, photos):
    check_fuzzed(fuzzed(cpp_sanitized, run_folder, photos, seed=2, rounds=60_000), 60_000)


@pytest.mark.long
def test_fuzzing_says_what_is_wrong_with_the_model(cpp_sanitized, tmp_path):
    done = cpp_sanitized.run("fuzz", 1, 10, tmp_path / "model.ms")
    assert done.returncode == 1
    assert str(tmp_path / "spec.json") in done.stderr


def growth(text: str) -> dict[str, float]:
    """MB by which the calls, and the open/close cycles, grew."""
    found = re.findall(
        r"^\d+ (\D+): [\d.]+ MB before, [\d.]+ MB after, ([+-][\d.]+) MB$", text, re.M
    )
    return {what: float(mb) for what, mb in found}


@pytest.mark.parametrize(
    ("calls", "cycles"), [(1000, 50), pytest.param(20_000, 1000, marks=pytest.mark.long)]
)
def test_memory_does_not_grow(cpp_plain, telling_run, photos, calls: int, cycles: int):
    model = telling_run / "export" / "model.ms"
    done = cpp_plain.run("soak", calls, cycles, model, *photos, seconds=7200)
    assert done.returncode == 0, done.stdout
    assert set(growth(done.stdout)) == {"calls", "open/close cycles"}


def test_growing_memory_is_found(cpp_plain, run_folder, photos):
    model = run_folder / "export" / "model.ms"
    done = cpp_plain.run("soak", "--leak", LEAK, 1000, 1, model, *photos)
    assert done.returncode == 1, done.stdout
    assert growth(done.stdout)["calls"] > 8
    assert growth(done.stdout)["open/close cycles"] <= 8
