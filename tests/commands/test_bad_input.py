"""What users give by mistake, and what others might give them: one message, nothing touched."""

import io
import json
import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from helpers import load_data_set, noise, write_photos
from mindspore.train import mind_ir_pb2
from mindspore.train.checkpoint_pb2 import Checkpoint
from onnx import TensorProto, helper

from src_mindspore.config.load import load_config
from src_mindspore.evaluation.file_checks import check_mindir, check_onnx
from src_mindspore.evaluation.predict import image_paths
from src_mindspore.features.partial_entry import open_partial
from src_mindspore.features.store import Layout, read_header
from src_mindspore.photos.decode import open_photo
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import MAX_YAML, open_file, read_json
from src_mindspore.system.terminal import shown
from src_mindspore.system.write import check_writable, write_json
from src_mindspore.weights.array_files import read_arrays

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"
YAML = [
    (BOMB, r"aliases \(\*a\) are not read: write it out.*line 2"),
    ("a: &a {x: *a}", r"aliases \(\*a\) are not read"),
    ("input: " + "[" * 40 + "]" * 40, "nested more than 32 deep"),
    ("[" * 100_000, "nested more than 32 deep"),
    ("seed: 1\nseed: 2", "the key 'seed' is there twice.*line 2"),
    ("seed: 0x" + "f" * 5000, "a number has more than 1000 digits"),
    ("seed: " + "9" * 5000, "a number has more than 1000 digits"),
    ("finetune_stage: {budget: {seconds: .inf}}", "must be a number above 0 or null; got inf"),
    ("finetune_stage: {budget: {seconds: 1" + "0" * 400 + "}}", "must be a number above 0 or null"),
    ("head: {hidden: [1000000000000]}", "up to 16 whole numbers, 1 to 65536; got"),
    ('data: {dir: "a\\0b"}', "a text has a zero or half a character"),
    ('data: {dir: "~nobody-at-all/x"}', "is no path"),
    ("seed:\t1\n\tx: 2", "is not YAML: .*cannot start any token"),
    ("x: !!python/object/apply:os.system [touch owned]", "could not determine a constructor"),
    ("seed: !!int x", "is not YAML"),
    ("seed: !!timestamp x", "is not YAML"),
    ("base: [1]", "base names another config file, 16 in a row at most; got"),
]


@pytest.mark.parametrize(("source", "text"), YAML, ids=range(len(YAML)))
def test_configs(tmp_path, source, text):
    path = tmp_path / "a.yaml"
    path.write_text(source)
    with pytest.raises(UserError, match=text) as info:
        load_config(path)
    assert len(str(info.value)) < 2000
    assert [p.name for p in tmp_path.iterdir()] == ["a.yaml"]


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("seed", "--set takes KEY.SUB=VALUE; got 'seed'"),
        ("=1", "unknown key ; the nearest is"),
        ("a..b=1", "unknown key a; the nearest is"),
        ("seed.x=1", r"seed must be .*; got \{'x': 1\}"),
        ("seed=" + "[" * 3000, "--set seed is not YAML: .*nested more than 32 deep"),
        ("x" * 100_000 + "=[", "is not YAML"),
    ],
    ids=range(6),
)
def test_overrides(tmp_path, override, text):
    (tmp_path / "a.yaml").touch()
    with pytest.raises(UserError, match=text) as info:
        load_config(tmp_path / "a.yaml", [override])
    assert len(str(info.value)) < 2000


def test_what_is_no_file_is_neither_waited_for_nor_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    large = tmp_path / "large.yaml"
    with large.open("wb") as stream:
        stream.truncate(1 << 40)
    for path, text in (
        (tmp_path / "pipe.jpg", "must be a file, but is a pipe or device"),
        (Path("/dev/zero"), "must be a file, but is a pipe or device"),
        (tmp_path, "must be a file, but is a folder"),
        (tmp_path / "none", "no such file"),
        (tmp_path / "none\0", "is no file name"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ):
        for read in (open_file, open_photo, load_config, read_json):
            with pytest.raises(UserError, match=f"{text}|is no path"):
                read(path)
    with pytest.raises(UserError, match=f"up to {MAX_YAML:,} bytes are read; it is larger"):
        load_config(large)
    with pytest.raises(UserError, match="files of up to 1,073,741,824 bytes are read; got"):
        open_photo(large)


def test_pipes_and_dangling_links_among_photos(tmp_path, caplog):
    write_photos(tmp_path, ["a/1.png", "a/2.png", "b/1.png", "b/2.png"])
    os.mkfifo(tmp_path / "a" / "pipe.jpg")
    (tmp_path / "b" / "gone.jpg").symlink_to("nowhere")
    (tmp_path / "b" / "linked.png").symlink_to(tmp_path / "a/1.png")
    (tmp_path / "b" / "round").symlink_to(tmp_path)
    assert [p.name for p in image_paths([tmp_path / "a"])] == ["1.png", "2.png"]
    with pytest.raises(UserError, match=r"pipe\.jpg is neither file nor folder"):
        image_paths([tmp_path / "a" / "pipe.jpg"])
    (tmp_path / "b" / "linked.png").unlink()
    data = load_data_set(tmp_path, fractions=(0.5, 0.5))
    assert len(data.records("all")) == 4
    assert caplog.messages[-3:] == [
        f"{tmp_path}: other files, not used: 1 (a/pipe.jpg)",
        f"{tmp_path}: links to nothing, not used: 1 (b/gone.jpg)",
        f"{tmp_path}: links to folders, not entered: 1 (b/round)",
    ]


@pytest.mark.parametrize("name", ["../outside", "", ".", "a/b", "a\0b", "\udcff"])
def test_classes_that_are_no_folder_names(tmp_path, name):
    write_photos(tmp_path, ["a/1.png", "a/2.png"])
    write_photos(tmp_path.parent, ["outside/1.png"])
    with pytest.raises(UserError, match="a class is the name of a folder, in UTF-8"):
        load_data_set(tmp_path, ["a", name])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, more: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + pixels + chunk(b"IEND", b"")


def jpeg_of_size(side: int) -> bytes:
    stream = io.BytesIO()
    noise(0, 64, 64).save(stream, "JPEG")
    place = stream.getvalue().index(b"\xff\xc0") + 5
    size = struct.pack(">HH", side, side)
    return stream.getvalue()[:place] + size + stream.getvalue()[place + 4 :]


PACKED = zlib.compress(bytes(200 << 20), 9)
TEXT_BOMBS = {
    "any": chunk(b"zTXt", b"a\0\0" + PACKED),
    "profile": chunk(b"zTXt", b"Raw profile type exif\0\0" + PACKED),
    "xmp": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + PACKED),
}
BOMBS = [
    (jpeg_of_size(65_500), "pixels"),
    (png(50_000, 50_000), "pixels"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an image that can be read"),
]


@pytest.mark.parametrize(("content", "text"), BOMBS, ids=["jpeg", "png", "program"])
def test_images_that_are_larger_than_they_look(tmp_path, content, text):
    assert len(content) < 1_000_000
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(UserError, match=text):
        open_photo(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", TEXT_BOMBS)
def test_a_text_that_is_larger_than_it_looks_is_not_unpacked(tmp_path, name):
    content = png(10, 10, TEXT_BOMBS[name])
    assert len(content) < 1_000_000
    (tmp_path / "a.png").write_bytes(content)
    tracemalloc.start()
    assert open_photo(tmp_path / "a.png").size == (10, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_a_name_cannot_speak_to_the_terminal():
    name = "a\x1b[2J\x07\u202egpj.\x9bphoto\udcff\n纸\u3000é\u200d"
    assert shown(name) == r"a\x1b[2J\x07\u202egpj.\x9bphoto\xff" + "\n纸\u3000é\u200d"
    assert shown(name, keep="") == r"a\x1b[2J\x07\u202egpj.\x9bphoto\xff\n纸　é" + "\u200d"


def test_results_are_not_written_over_what_is_no_file(tmp_path):
    for path, text in (
        (tmp_path, "is a folder or device"),
        (Path("/dev/null"), "is a folder or device"),
        (tmp_path / "none" / "x.json", "there is no folder"),
    ):
        with pytest.raises(UserError, match=text):
            check_writable(path)
    with pytest.raises(UserError, match="is a folder or device"):
        write_json(Path("/dev/null"), {})
    write_json(tmp_path / "a.json", ["caf\udce9"])
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == ["caf\udce9"]


def test_a_checkpoint_with_a_wrong_checksum_or_too_many_axes(tmp_path):
    message = Checkpoint()
    value = message.value.add(tag="x")
    value.tensor.tensor_type, value.tensor.tensor_content = "Float32", bytes(4)
    value.tensor.dims.extend([1])
    content, path = message.SerializeToString(), tmp_path / "a.ckpt"
    path.write_bytes(content + b"crc_num" + zlib.crc32(content).to_bytes(10, "big"))
    assert read_arrays(path)["x"] == 0
    path.write_bytes(content + b"crc_num" + bytes(10))
    with pytest.raises(UserError, match="its content is not what its checksum is of"):
        read_arrays(path)
    value.tensor.dims.extend([1] * 40)
    path.write_bytes(message.SerializeToString())
    with pytest.raises(UserError, match="damaged: x of shape"):
        read_arrays(path)


def small_onnx(path: Path, **changes: str) -> Path:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    if "external" in changes:
        weight.ClearField("float_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=changes["external"])
    node = helper.make_node("Add", ["x", "w"], ["y"], domain=changes.get("domain", ""))
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy"]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [weight])
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


def test_an_onnx_that_reads_other_files_or_brings_operators(tmp_path):
    check_onnx(small_onnx(tmp_path / "a.onnx"))
    for location in ("../../etc/passwd", "beside.bin"):
        with pytest.raises(UserError, match="weights in other files are not read"):
            check_onnx(small_onnx(tmp_path / "b.onnx", external=location))
    with pytest.raises(UserError, match=r"only the operators of the ONNX standard .* \['evil'\]"):
        check_onnx(small_onnx(tmp_path / "c.onnx", domain="evil"))
    (tmp_path / "d.onnx").write_bytes(onnx.ModelProto().SerializeToString() or b"\x08\x01")
    with pytest.raises(UserError, match="is not an ONNX file: it has no graph"):
        check_onnx(tmp_path / "d.onnx")


def test_a_mindir_that_holds_programs(tmp_path, run_folder):
    good = mind_ir_pb2.ModelProto()
    good.ParseFromString((run_folder / "export/model.mindir").read_bytes())
    path = tmp_path / "a.mindir"

    def refused(change, text: str) -> None:
        model = mind_ir_pb2.ModelProto()
        model.CopyFrom(good)
        change(model)
        path.write_bytes(model.SerializeToString())
        with pytest.raises(UserError, match=text):
            check_mindir(path)

    refused(lambda m: m.primitives.add(name="x", op_type="PyExecute"), r"one has \['PyExecute'\]")
    refused(lambda m: m.graph.node.add(op_type="REF::Custom:9"), r"one has \['REF::Custom:9'\]")
    refused(lambda m: m.functions.add(name="f"), "functions and preprocessors")
    assert len(good.graph.parameter) > 100
    refused(lambda m: m.graph.parameter[0].dims.append(7), "damaged: .* has .* bytes")
    refused(
        lambda m: setattr(m.graph.parameter[0].external_data, "location", "/etc/passwd"),
        "weights in other files are not read",
    )


LAYOUT = Layout(4, 1, {"a": ((3,), np.dtype("f4"))})


def npy(path: Path, array: np.ndarray, cut: int = 0) -> Path:
    np.save(path, array, allow_pickle=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size - cut])
    return path


def test_damaged_cache_entries(tmp_path):
    path, good = tmp_path / "a.npy", np.ones((4, 3), np.float32)
    assert read_header(npy(path, good))[0] == (4, 3)
    assert len(LAYOUT.open(tmp_path, "a")) == 4
    for array, cut, text in (
        (good, 4, "it has 172 bytes, not those of"),
        (np.array([[None] * 3] * 4), 0, "its header says"),
        (good.astype(int), 0, "its header says"),
        (np.asfortranarray(good), 0, "its header says"),
        (good[:3], 0, "it holds .*, not 4 rows of"),
        (good.astype(np.float16), 0, "it holds .* float16, not 4 rows of"),
        (good, 100, "delete its folder to have it made anew"),
    ):
        npy(path, array, cut)
        with pytest.raises(UserError, match=rf"a\.npy is damaged \(.*{text}|{text}"):
            LAYOUT.open(tmp_path, "a")


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[" * 5000, b"\xff", LAYOUT.to_json().replace("4", "-4").encode()],
    ids=range(5),
)
def test_a_damaged_journal_is_left_as_it_is(tmp_path, line):
    open_partial(tmp_path / "entry", LAYOUT).close()
    journal = tmp_path / ".entry.partial" / "done"
    journal.write_bytes(line + b"\n0 0\n")
    with pytest.raises(UserError, match=r"done is damaged \(.*\); delete .* to begin it anew"):
        open_partial(tmp_path / "entry", LAYOUT)
    assert journal.read_bytes() == line + b"\n0 0\n"


def test_chunks_that_do_not_exist_are_not_done(tmp_path):
    partial = open_partial(tmp_path / "entry", LAYOUT)
    with (tmp_path / ".entry.partial" / "done").open("ab") as stream:
        stream.write(b"\n7 7\n\n" + b"9" * 5000 + b" " + b"9" * 5000 + b"\n")
    assert not partial.complete
    assert partial.missing == 4
    partial.close()
