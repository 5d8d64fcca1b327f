"""Runs that are killed, and disks that fill up, at random moments; see ``benchmarks/faults.py``."""

import re
import subprocess
import sys

import pytest
from workplace import REPOSITORY


@pytest.mark.long
@pytest.mark.parametrize(("kills", "full"), [(2, 1), (50, 20)])
def test_every_run_ends_as_if_nothing_had_been(kills, full):
    command = [sys.executable, REPOSITORY / "benchmarks/faults.py", f"--kills={kills}"]
    done = subprocess.run([*command, f"--full={full}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"\n{kills} kills: " in done.stdout
    assert "\nproblems: 0;" in done.stdout
    (same, runs) = re.search(r"(\d+) of (\d+) runs ended bit-identical", done.stdout).groups()
    assert same == runs
    if "full disks are left out" in done.stdout:
        pytest.skip(done.stdout.splitlines()[0])
    assert f"\n{full} full disks: " in done.stdout
