"""Which exports are refused, and the table that people see; real files are in test_commands.py."""

import pytest

from src_mindspore.export.parity import parity_table, refuse_disagreement
from src_mindspore.system.errors import UserError

CHECKPOINT = {
    "name": "model.ckpt",
    "quant": "none",
    "bytes": 9_100_000,
    "sha256": "0" * 64,
    "runtime": "MindSpore 2.10.0",
    "top1": 0.95,
    "max_difference": 0.0,
    "other_labels": 0,
}
ONNX = {
    **CHECKPOINT,
    "name": "model.onnx",
    "bytes": 9_246_115,
    "runtime": "ONNX Runtime 1.23.2",
    "max_difference": 4.5e-6,
}
INT8 = {
    **CHECKPOINT,
    "name": "model_int8.ms",
    "quant": "int8",
    "bytes": 3_011_480,
    "runtime": "MindSpore Lite 2.0.0 x86_64",
    "top1": 0.945,
    "max_difference": 0.21,
    "other_labels": 2,
}


def unchecked(row: dict) -> dict:
    kept = {k: v for k, v in row.items() if k not in ("top1", "max_difference", "other_labels")}
    return {**kept, "reason": "no compiler"}


def report(*rows: dict) -> dict:
    return {"split": "val", "n": 200, "files": [CHECKPOINT, *rows]}


def test_agreement_is_accepted():
    at_the_limit = {**ONNX, "max_difference": 1e-4}
    refuse_disagreement(report(ONNX, at_the_limit, INT8, unchecked(ONNX)), max_drop=0.5)
    refuse_disagreement(report({**INT8, "top1": 0.97}), max_drop=0)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"max_difference": 1.01e-4},
            "probabilities differ by up to 1.0e-04 (limit 1e-04), 0 of 200 photos get",
        ),
        ({"other_labels": 1}, "differ by up to 4.5e-06 (limit 1e-04), 1 of 200 photos get another"),
    ],
)
def test_a_float32_file_that_disagrees(change, text):
    with pytest.raises(UserError) as caught:
        refuse_disagreement(report({**ONNX, **change}), max_drop=100)
    message = str(caught.value)
    assert message.startswith("model.onnx (ONNX Runtime 1.23.2) disagrees with the checkpoint: ")
    assert text in message
    assert message.endswith("nothing was exported")


def test_a_quantised_file_that_lost_too_much():
    with pytest.raises(UserError) as caught:
        refuse_disagreement(report({**INT8, "top1": 0.94}), max_drop=0.5)
    assert str(caught.value) == (
        "model_int8.ms (MindSpore Lite 2.0.0 x86_64) has top-1 94.00%, the checkpoint 95.00% "
        "(n=200): a loss of 1.00 points, and 0.5 are allowed (--max-drop); nothing was exported"
    )
    refuse_disagreement(report({**INT8, "top1": 0.94}), max_drop=1)


def test_a_quantised_file_must_be_scored():
    with pytest.raises(UserError, match=r"^model_int8\.ms must be scored before .* no compiler$"):
        refuse_disagreement(report(unchecked(INT8)), max_drop=100)


def test_parity_table():
    assert parity_table(report(ONNX, INT8, unchecked(INT8))).splitlines() == [
        "file           runtime                         MB   top-1  difference  "
        "other labels (val, n=200)",
        "model.ckpt     MindSpore 2.10.0              9.10  95.00%     0.0e+00             0",
        "model.onnx     ONNX Runtime 1.23.2           9.25  95.00%     4.5e-06             0",
        "model_int8.ms  MindSpore Lite 2.0.0 x86_64   3.01  94.50%     2.1e-01             2",
        "model_int8.ms  MindSpore Lite 2.0.0 x86_64   3.01  not checked: no compiler",
    ]


def test_photos_that_give_no_score():
    table = parity_table(report({**ONNX, "top1": None}))
    assert table.splitlines()[2] == (
        "model.onnx  ONNX Runtime 1.23.2   9.25       -     4.5e-06             0"
    )
