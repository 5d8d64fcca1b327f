"""benchmarks/faces_video.py on a few frames."""

import json

import pytest


@pytest.mark.long
def test_every_way_draws_every_face(workplace, run_folder, shared_data) -> None:
    data = shared_data / "face_mask_4095"
    done = workplace.call(
        f"benchmarks/faces_video.py runs/mine --data {data} --frames 12 --rounds 1 "
        "--json video.json"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(": 24 faces drawn") == 4
    report = json.loads((workplace.folder / "video.json").read_text())
    assert all(len(rounds) == 1 for rounds in report["seconds"].values())
    assert all(0 < value <= 1 for value in report["following"].values())
    assert "| CenterFace, --every 5 | " in done.stdout
