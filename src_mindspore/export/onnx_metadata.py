"""What ``spec.json`` says, inside of an ONNX file too: a file that was sent alone explains itself.

The metadata is a copy for whoever finds the file; our own commands read the ``spec.json``.
"""

import json
from dataclasses import asdict
from pathlib import Path

import onnx

from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.write import naming

# keys of `spec.json` by that of the metadata; its list of files cannot be in one of them
KEYS = {
    "spec_format": "format",
    "classes": "classes",
    "labels": "labels",
    "input": "input",
    "output": "output",
    "calibration": "calibration",
}


def spec_metadata(spec: ModelSpec) -> dict[str, str]:
    """By key the JSON text of that part of the spec."""
    table = asdict(spec) | {"input": spec.input.to_dict()}
    return {key: json.dumps(table[part], ensure_ascii=False) for key, part in KEYS.items()}


def describe_onnx(path: Path, spec: ModelSpec) -> None:
    """Writes the metadata into an ONNX file; its graph stays as it is."""
    model = onnx.load(path)
    onnx.helper.set_model_props(model, spec_metadata(spec))
    with naming(path):
        onnx.save(model, path)
