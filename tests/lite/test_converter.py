"""Conversion to .ms: which converter is taken, what it is given, and how it may fail."""

import os
import sys

import pytest
from lite_fakes import SUCCEED, fake_converter

from src_mindspore.lite import converter_choice
from src_mindspore.lite.converter import ConversionError, convert_to_ms
from src_mindspore.system.errors import UserError

FAKE_MODULE = """
__version__ = "2.6.0"
class FmkType: ONNX, MINDIR = "onnx", "mindir"
class ModelType: MINDIR_LITE = "lite"
class Converter:
    save_type = weight_fp16 = None
    def convert(self, fmk_type, model_file, output_file, weight_file="", config_file=""):
        assert self.save_type == "lite"
        if fmk_type == "mindir":
            raise RuntimeError("this version cannot read the file")
        with open(output_file + ".ms", "w") as stream:
            stream.write(f"{fmk_type} by module {self.weight_fp16} {config_file != ''}")
"""


@pytest.fixture
def models(tmp_path):
    for name in ("model.onnx", "model.mindir"):
        (tmp_path / name).write_bytes(b"a model")
    return tmp_path / "model.onnx", tmp_path / "model.mindir"


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """No converter named, on the path or as a module."""
    for name in ("POCKETLENS_CONVERTER", "MSLITE_HOME", "LD_LIBRARY_PATH", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def on_path(monkeypatch, folder):
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_order_of_preference(tmp_path, models, monkeypatch):
    onnx, mindir = models
    out = tmp_path / "out" / "model.ms"
    argument = fake_converter(tmp_path / "argument")
    environment = fake_converter(tmp_path / "environment")
    path = fake_converter(tmp_path / "path")
    module = tmp_path / "module"
    module.mkdir()
    (module / "mindspore_lite.py").write_text(FAKE_MODULE)
    monkeypatch.setenv("PYTHONPATH", str(module))
    got = convert_to_ms(out, onnx, mindir)
    assert (got.tool, got.source) == ("mindspore_lite 2.6.0", onnx)
    assert out.read_text() == "onnx by module None False"
    assert "mindspore_lite" not in sys.modules
    on_path(monkeypatch, path.parent)
    assert convert_to_ms(out, onnx, mindir).tool == f"converter_lite ({path})"
    monkeypatch.setenv("POCKETLENS_CONVERTER", str(environment))
    convert_to_ms(out, onnx, mindir)
    assert out.read_text() == f"MINDIR by {environment}\n"
    got = convert_to_ms(out, onnx, mindir, converter=str(argument))
    assert out.read_text() == f"MINDIR by {argument}\n"
    assert (got.path, got.source) == (out, mindir)
    assert got.log == "CONVERT RESULT SUCCESS:0\n"
    assert got.seconds > 0
    assert out.stat().st_mode & 0o777 == 0o644


def test_what_converter_lite_is_given(tmp_path, models, monkeypatch):
    onnx, mindir = models
    package = tmp_path / "mindspore-lite-2.6.0-linux-x64"
    tool = fake_converter(package / "tools" / "converter" / "converter")
    (package / "tools" / "converter" / "lib").mkdir()
    (package / "runtime" / "lib").mkdir(parents=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/before")
    out = tmp_path / "model.ms"
    got = convert_to_ms(out, onnx, mindir, converter=str(tool), config_text="[a]\nb=1\n", fp16=True)
    assert got.tool == f"converter_lite 2.6.0 ({tool})"
    arguments = (tool.parent / "arguments").read_text().splitlines()
    assert arguments[:2] == ["--fmk=MINDIR", f"--modelFile={mindir}"]
    assert arguments[2].startswith(f"--outputFile={tmp_path}/.convert-")
    assert arguments[3:5] == ["--saveType=MINDIR_LITE", "--fp16=on"]
    assert arguments[5].startswith("--configFile=")
    assert len(arguments) == 6
    assert (tool.parent / "config").read_text() == "[a]\nb=1\n"
    environment = (tool.parent / "environment").read_text()
    assert environment == f"LD={package}/tools/converter/lib:{package}/runtime/lib:/before\n"


def test_a_converter_that_cannot_read_the_mindir_gets_the_onnx(tmp_path, models, caplog):
    onnx, mindir = models
    body = '[ "$fmk" = ONNX ] || { echo "maximum mind ir version: 1"; exit 255; }\n' + SUCCEED
    tool = fake_converter(tmp_path / "bin", body)
    got = convert_to_ms(tmp_path / "model.ms", onnx, mindir, converter=str(tool))
    assert got.source == onnx
    assert "did not convert" in caplog.text
    assert "model.mindir: exit status 255" in caplog.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('echo "[ERROR] no such operator: Fold"; exit 7\n', ["exit status 7", "Fold"]),
        ("exit 255\n", ["exit status 255\n", "(it printed nothing)"]),
        ("echo last words; kill -SEGV $$\n", ["killed by SIGSEGV", "last words"]),
        ("exit 134\n", ["exit status 134 (128 + SIGABRT)"]),
        ('echo x >"$out.mindir"\n', ["reported success, but wrote", "model.mindir", "no .ms"]),
        (': >"$out.ms"\n', ["the file it wrote is empty"]),
        (
            'echo x >"$out.ms"; echo "CONVERT RESULT FAILED:-1 Common error"\n',
            ["it printed CONVERT RESULT FAILED:-1"],
        ),
        ('echo x >"$out.ms"; sleep 60 & sleep 60\n', ["not finished after", "was ended"]),
    ],
)
def test_failures_tell_how_and_leave_nothing(tmp_path, models, body, expected):
    onnx, _ = models
    tool = fake_converter(tmp_path / "bin", body)
    out = tmp_path / "out" / "model.ms"
    out.parent.mkdir()
    out.write_text("the file of an earlier run")
    timeout = 0.5 if "sleep" in body else 60
    with pytest.raises(ConversionError) as caught:
        convert_to_ms(out, onnx, converter=str(tool), timeout=timeout)
    text = str(caught.value)
    for part in [f"did not convert {onnx}: ", f"{tool} --fmk=ONNX", *expected]:
        assert part in text
    assert [p.name for p in out.parent.iterdir()] == ["model.ms"]
    assert out.read_text() == "the file of an earlier run"


def test_both_failures_are_told(tmp_path, models):
    tool = fake_converter(tmp_path / "bin", 'echo "bad $fmk"; exit 1\n')
    with pytest.raises(ConversionError, match=r"(?s)bad MINDIR.*bad ONNX"):
        convert_to_ms(tmp_path / "model.ms", *models, converter=str(tool))


def test_a_converter_stays_on_the_cpus_of_so_many_threads(tmp_path, models, monkeypatch):
    if os.cpu_count() == 1:
        pytest.skip("there is one CPU only")
    ask = "import os; os.sched_setaffinity(0, range(os.cpu_count())); "
    ask += "print(len(os.sched_getaffinity(0)), 'CPUs')"
    body = f'{sys.executable} -I -S -c "{ask}"\n{SUCCEED}'
    tool = str(fake_converter(tmp_path / "bin", body))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    got = convert_to_ms(tmp_path / "model.ms", models[0], converter=tool)
    assert got.log == "1 CPUs\nCONVERT RESULT SUCCESS:0\n"


def test_wrong_arguments(tmp_path, models, monkeypatch):
    onnx, _ = models
    with pytest.raises(UserError, match=r"must end in \.ms, got .*model\.bin"):
        convert_to_ms(tmp_path / "model.bin", onnx)
    with pytest.raises(UserError, match=r"must be a file, got .*nowhere\.onnx"):
        convert_to_ms(tmp_path / "model.ms", tmp_path / "nowhere.onnx")
    with pytest.raises(UserError, match=r"converter must name an executable .*'/no/such/tool'"):
        convert_to_ms(tmp_path / "model.ms", onnx, converter="/no/such/tool")
    monkeypatch.setenv("POCKETLENS_CONVERTER", "no_such_tool")
    with pytest.raises(UserError, match="POCKETLENS_CONVERTER must name an executable"):
        convert_to_ms(tmp_path / "model.ms", onnx)


def test_other_machines_are_told_what_to_do(tmp_path, models, monkeypatch):
    monkeypatch.setattr(converter_choice.platform, "machine", lambda: "aarch64")
    with pytest.raises(UserError, match=r"runs on x86-64 Linux, and this is aarch64.*POCKETLENS_C"):
        convert_to_ms(tmp_path / "model.ms", *models)
