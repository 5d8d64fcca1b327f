"""Recipes with teachers, as they are typed: on toy networks, and the shipped ones."""

import json

import pytest
from lite_fakes import fetched_or_skip
from workplace import Workplace

from src_mindspore.weights.imagenet import IMAGENET, pretrained_file

SAME = """
base: garbage.yaml
backbone: {{weights: imagenet, width_mult: 1}}
features: {{views: 2, cache_dir: {cache}}}
"""
STUDENT = (
    SAME
    + """
distill: {{teachers: [beside.yaml, other.yaml], components: 5}}
finetune_stage: {{epochs: 1, from_block: -1}}
"""
)
BESIDE = SAME + "head: {{normalisation: rms}}\nfinetune_stage: {{epochs: 0}}\n"
OTHER = """
base: garbage.yaml
features: {{views: 2, cache_dir: {cache}}}
finetune_stage: {{epochs: 0}}
"""


def test_a_student_and_its_teachers_go_over_the_photos_once_a_network(workplace: Workplace) -> None:
    fetched_or_skip(pretrained_file)
    cache = workplace.folder / "taught"
    for name, text in (("student", STUDENT), ("beside", BESIDE), ("other", OTHER)):
        (workplace.folder / "configs" / f"{name}.yaml").write_text(text.format(cache=cache))
    done = workplace.call("train.py --config configs/student.yaml --data photos --run runs/student")
    assert done.returncode == 0, done.stderr
    said = done.stderr
    assert said.index("teacher 1 of 2: beside.yaml") < said.index("teacher 2 of 2: other.yaml")
    assert "distillation: 5 principal components of the features of 1 teachers" in said
    lines = (workplace.folder / "runs" / "student" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["stage"] for line in lines] == ["head", "head", "finetune"]
    entries = [json.loads(file.read_text()) for file in cache.glob("*/about.json")]
    # an entry a network and split, and what the page of the fine-tuned network looks at
    assert sorted(entry["split"] for entry in entries) == [*["train"] * 3, *["val"] * 2]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "teachers", "others"),  # networks that are not the student's own
    [
        ("garbage_taught", 4, 3),
        ("garbage_taught_lite0", 4, 3),
        ("photos_taught", 3, 2),
        ("mask", 2, 1),
        ("masks_small_taught", 1, 1),
    ],
)
def test_a_shipped_recipe_is_taught(
    workplace: Workplace, name: str, teachers: int, others: int
) -> None:
    for backbone in IMAGENET:
        fetched_or_skip(lambda backbone=backbone: pretrained_file(backbone))
    done = workplace.run(f"train.py --config configs/{name}.yaml --data photos --run runs/{name}")
    assert done.returncode == 0, done.stderr
    assert f"teacher {teachers} of {teachers}: " in done.stderr
    assert f"principal components of the features of {others} teachers" in done.stderr
    lines = (workplace.folder / "runs" / name / "log.jsonl").read_text().splitlines()
    stages = {json.loads(line)["stage"] for line in lines}
    assert stages == ({"finetune"} if name == "masks_small_taught" else {"head", "finetune"})
