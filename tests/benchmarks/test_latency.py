"""The latency benchmark: its figures, its table, the layers it hands on, and the real command."""

import json
import platform
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from benchmarks.latency import TOLERANCE, refuse_other_weights, rows_of, summary, table
from benchmarks.peers.layers import write_layers
from benchmarks.peers.turns import Contestant, Worker
from src_mindspore.lite.library import why_not
from src_mindspore.system.errors import UserError


def test_summary_by_nearest_rank() -> None:
    times = np.random.default_rng(3).permutation(np.arange(1.0, 201.0))
    assert summary(times) == {"min": 1.0, "median": 100.0, "p99": 198.0}
    assert summary([4.0]) == {"min": 4.0, "median": 4.0, "p99": 4.0}
    assert summary([9.0, 1.0, 5.0]) == {"min": 1.0, "median": 5.0, "p99": 9.0}


@pytest.fixture
def report(tmp_path) -> dict:
    """Two engines at one and two threads; the second is slower, and off by 1e-5 at 2 threads."""
    model = tmp_path / "model"
    model.write_bytes(bytes(2_500_000))
    workers, times, scores = [], [], []
    expected = np.array([[0.75, 0.25], [0.125, 0.875]])
    for threads, values in ((1, [4.0, 4.0, 8.0]), (2, [2.0, 2.0, 2.5])):
        for engine, factor in (("onnxruntime", 1.0), ("mindspore-lite", 1.25)):
            who = Contestant(engine, model, threads)
            workers.append(SimpleNamespace(contestant=who, version="7.8"))
            times.append([value * factor for value in values])
            other = engine == "mindspore-lite" and threads == 2
            scores.append(expected + (1e-5 if other else 0.0))
    rows = rows_of(workers, times, scores)
    return {"cpu": "A CPU", "cores": 2, "load_before": 0.25, "photos": 2, "calls": 3, "rows": rows}


def test_rows_are_compared_at_the_same_number_of_threads(report) -> None:
    rows = {(row["engine"], row["threads"]): row for row in report["rows"]}
    assert len(rows) == 4
    assert rows["mindspore-lite", 1]["median"] == 5.0
    assert rows["mindspore-lite", 1]["ratio"] == 1.25
    assert rows["mindspore-lite", 2]["ratio"] == 1.25
    assert rows["onnxruntime", 2]["ratio"] == 1.0
    assert rows["mindspore-lite", 2]["max_difference"] == pytest.approx(1e-5)
    assert rows["mindspore-lite", 1]["max_difference"] == 0.0
    assert all(row["bytes"] == 2_500_000 and row["other_labels"] == 0 for row in rows.values())


def test_table(report) -> None:
    first, head, *lines = table(report).splitlines()
    assert first == "A CPU, 2 cores, load before 0.2; 2 photos, 3 calls each; milliseconds"
    assert head.split()[:7] == ["engine", "version", "threads", "min", "median", "p99", "ratio"]
    assert " ".join(lines[1].split()) == (
        "mindspore-lite 7.8 1 5.00 5.00 10.00 1.25 2.50 0.0e+00 0 of 2"
    )
    assert len(lines) == 4


def test_other_weights_are_refused(report) -> None:
    refuse_other_weights(report)
    for change in ({"max_difference": 2 * TOLERANCE}, {"max_difference": np.nan}):
        with pytest.raises(UserError, match="mindspore-lite disagrees with onnxruntime"):
            refuse_other_weights({**report, "rows": [{**report["rows"][1], **change}]})
    with pytest.raises(UserError, match="1 labels differ"):
        refuse_other_weights({**report, "rows": [{**report["rows"][1], "other_labels": 1}]})


def rebuilt(path, size: int) -> onnx.ModelProto:
    """The layers that ``write_layers`` wrote, as an ONNX model again."""
    arrays = np.load(path)
    nodes, weights = [], []
    for number, layer in enumerate(json.loads(str(arrays["layers"]))):
        inputs = ["image" if i < 0 else f"v{i}" for i in layer["inputs"]]
        for kind in ("weight", "bias"):
            if f"{kind}_{number}" in arrays:
                name = f"{kind}_{number}"
                weights.append(numpy_helper.from_array(arrays[name], name))
                inputs.append(name)
        if layer["kind"] in ("conv", "depthwise"):
            rule = {"auto_pad": "SAME_UPPER"} if layer["pads"] == "same" else {}
            rule = rule or {"pads": layer["pads"]}
            groups = layer["shape"][-1] if layer["kind"] == "depthwise" else 1
            strides = [layer["stride"]] * 2
            node = helper.make_node("Conv", inputs, [""], group=groups, strides=strides, **rule)
        elif layer["kind"] == "dense":
            node = helper.make_node("Gemm", inputs, [""], transB=1)
        elif layer["kind"] == "mean":
            node = helper.make_node("ReduceMean", inputs, [""], axes=[2, 3], keepdims=0)
        else:
            operator = {"add": "Add", "softmax": "Softmax", "sigmoid": "Sigmoid"}[layer["kind"]]
            node = helper.make_node(operator, inputs, [""])
        node.output[0] = f"v{number}"
        nodes.append(node)
        if layer["activation"] != "none":
            node.output[0] = f"raw{number}"
            limits = ["zero", "six" if layer["activation"] == "relu6" else ""]
            nodes.append(helper.make_node("Clip", [f"raw{number}", *limits], [f"v{number}"]))
    weights += [numpy_helper.from_array(np.float32(v), n) for v, n in ((0, "zero"), (6, "six"))]
    image = helper.make_tensor_value_info("image", 1, [1, 3, size, size])
    out = helper.make_tensor_value_info(nodes[-1].output[0], 1, layer["shape"])
    graph = helper.make_graph(nodes, "rebuilt", [image], [out], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


def outputs(model: bytes, image: np.ndarray) -> np.ndarray:
    """What ONNX Runtime computes."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": image})[0]


def assert_same_network(model: onnx.ModelProto, folder, size: int) -> None:
    """``model`` and the layers read from it give the same numbers."""
    onnx.save(model, folder / "model.onnx")
    write_layers(folder / "model.onnx", folder / "layers.npz")
    image = np.random.default_rng(5).uniform(-1, 1, (1, 3, size, size)).astype(np.float32)
    expected = outputs(model.SerializeToString(), image)
    got = outputs(rebuilt(folder / "layers.npz", size).SerializeToString(), image)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_layers_are_the_exported_network(run_folder, tmp_path) -> None:
    model = onnx.load(run_folder / "export" / "model.onnx")
    assert_same_network(model, tmp_path, 64)
    layers = json.loads(str(np.load(tmp_path / "layers.npz")["layers"]))
    kinds = [layer["kind"] for layer in layers]
    # MobileNetV2: a stem, 17 depthwise, 16 expanding, 17 projecting and a last convolution
    assert (kinds.count("conv"), kinds.count("depthwise"), kinds.count("add")) == (35, 17, 10)


def small_model(*nodes: onnx.NodeProto, result: str, shape: list[int]) -> onnx.ModelProto:
    """A model of an 8x8 image, with a kernel ``w`` (4, 3, 3, 3) and batch-norm arrays of 4."""
    rng = np.random.default_rng(11)
    arrays = {"w": rng.normal(size=(4, 3, 3, 3)), "bias": rng.normal(size=4)}
    arrays |= {name: rng.uniform(0.5, 2, 4) for name in ("gamma", "beta", "mean", "variance")}
    weights = [numpy_helper.from_array(a.astype(np.float32), n) for n, a in arrays.items()]
    image = helper.make_tensor_value_info("image", 1, [1, 3, 8, 8])
    out = helper.make_tensor_value_info(result, 1, shape)
    graph = helper.make_graph(nodes, "small", [image], [out], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


CONV = {"strides": [2, 2], "dilations": [1, 1], "kernel_shape": [3, 3], "group": 1}


def test_symmetric_padding_and_relu(tmp_path) -> None:
    """At stride 2 it is another network than TensorFlow's padding."""
    model = small_model(
        helper.make_node("Conv", ["image", "w"], ["c"], pads=[1, 1, 1, 1], **CONV),
        helper.make_node(
            "BatchNormalization", ["c", "gamma", "beta", "mean", "variance"], ["b"], epsilon=1e-5
        ),
        helper.make_node("Relu", ["b"], ["r"]),
        helper.make_node("ReduceMean", ["r"], ["out"], axes=[2, 3], keepdims=0),
        result="out",
        shape=[1, 4],
    )
    assert_same_network(model, tmp_path, 8)
    layers = json.loads(str(np.load(tmp_path / "layers.npz")["layers"]))
    assert layers[0]["pads"] == [1, 1, 1, 1]
    assert layers[0]["activation"] == "relu"


@pytest.mark.parametrize(
    ("nodes", "shape", "named"),
    [
        ([helper.make_node("Conv", ["image", "w", "bias"], ["out"], **CONV)], [1, 4, 3, 3], "Conv"),
        (
            [
                helper.make_node("Conv", ["image", "w"], ["c"], **CONV),
                helper.make_node("Flatten", ["c"], ["out"]),
            ],
            [1, 36],
            "Flatten",
        ),
        (
            [
                helper.make_node("Conv", ["image", "w"], ["c"], **CONV),
                helper.make_node("Relu", ["c"], ["r"]),
                helper.make_node("Add", ["c", "r"], ["out"]),
            ],
            [1, 4, 3, 3],
            "Relu",
        ),
        ([helper.make_node("Erf", ["image"], ["out"])], [1, 3, 8, 8], "Erf"),
    ],
)
def test_what_cannot_be_written_is_named(nodes, shape, named, tmp_path) -> None:
    onnx.save(small_model(*nodes, result="out", shape=shape), tmp_path / "model.onnx")
    with pytest.raises(UserError, match=f"for its {named} .*leave tensorflow-lite out"):
        write_layers(tmp_path / "model.onnx", tmp_path / "layers.npz")


def test_an_engine_that_dies_says_why(tmp_path) -> None:
    np.save(tmp_path / "images.npy", np.zeros((1, 3, 8, 8), np.float32))
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    with (
        pytest.raises(UserError, match=r"(?s)onnxruntime with 1 threads ended .*INVALID_PROTOBUF"),
        Worker(Contestant("onnxruntime", broken, 1), tmp_path / "images.npy"),
    ):
        pass


def test_the_command(workplace, run_folder) -> None:
    if lacking := why_not(platform.machine()):
        pytest.skip(lacking)
    file = workplace.folder / "latency.json"
    done = workplace.run(
        "benchmarks/latency.py runs/mine/export --photos photos/val --threads 1 --rounds 2"
        f" --engines onnxruntime,mindspore-lite --json {file}"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    assert (report["photos"], report["calls"]) == (24, 40)
    assert [row["engine"] for row in report["rows"]] == ["onnxruntime", "mindspore-lite"]
    for row in report["rows"]:
        assert 0 < row["min"] <= row["median"] <= row["p99"]
        assert row["max_difference"] <= TOLERANCE
        assert row["other_labels"] == 0
    assert len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--engines tensorflow-lite", "always with onnxruntime"),
        ("--engines onnxruntime,openvino", "--engines takes some of"),
        ("--threads 0", "--threads takes numbers from 1 to 64; got '0'"),
        ("--rounds 0", "--rounds must be 1 or more; got 0"),
        ("--photos nowhere", "nowhere does not exist"),
    ],
)
def test_unusable_arguments(workplace, run_folder, arguments, message) -> None:
    arguments = f"benchmarks/latency.py runs/mine/export --photos photos/val {arguments}"
    done = workplace.call(arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_model_is_named(workplace, run_folder) -> None:
    done = workplace.call("benchmarks/latency.py runs/mine --photos photos/val")
    assert done.returncode == 2
    assert "runs/mine/model.onnx is missing" in done.stderr
