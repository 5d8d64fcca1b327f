"""What makes two configs the same recipe."""

from src_mindspore.config.load import load_config
from src_mindspore.runs.digest import digest_of

HEAD = "finetune_stage: {epochs: 0}\n"


def test_what_decides_no_logits_is_not_in_the_digest(write) -> None:
    plain = digest_of(load_config(write("a.yaml", HEAD)), False)
    same = (
        "data.split=[0.5, 0.5]",
        "calibration.precision=0.9",
        "save_every=3",
        "features.cache_dir=elsewhere",
        "finetune_stage.lr.max=0.5",  # the stage has no epochs
        "head_stage.patience=3",  # the last epoch counts
        "input.shorter_side=300",  # nothing is cropped
    )
    others = ("head_stage.lr.max=0.5", "seed=7", "features.views=2", "head.dropout=0.5")
    for change in (*same, *others):
        changed = digest_of(load_config(write("a.yaml", HEAD), [change]), False)
        assert (changed == plain) == (change in same), change


def test_patience_counts_where_an_epoch_is_chosen(write) -> None:
    one, other = (load_config(write("a.yaml", HEAD), [f"head_stage.patience={n}"]) for n in (0, 3))
    assert digest_of(one, False) == digest_of(other, False)
    assert digest_of(one, True) != digest_of(other, True)


def test_weights_are_told_by_their_content(write) -> None:
    files = [write(f"{name}.ckpt", text) for name, text in (("a", "1"), ("b", "1"), ("c", "2"))]
    one, copy, other = (
        digest_of(load_config(write("a.yaml", HEAD), [f"backbone.weights={file}"]), False)
        for file in files
    )
    assert one == copy != other


def test_teachers_are_told_by_what_they_teach(write, tmp_path) -> None:
    (tmp_path / "run").mkdir()
    student = write(
        "student.yaml", "finetune_stage: {epochs: 1}\ndistill: {teachers: [t.yaml, run]}"
    )

    def digest(teacher: str, weights: str) -> str:
        write("t.yaml", teacher)
        write("run/model.ckpt", weights)
        return digest_of(load_config(student), True)

    first = digest("seed: 2", "weights")
    assert digest("seed: 2\nsave_every: 3", "weights") == first
    assert digest("seed: 3", "weights") != first
    assert digest("seed: 2", "other") != first
    assert digest("seed: 2", "weights") == first
