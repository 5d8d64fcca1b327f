"""Text as Windows saves it."""

import pytest

from src_mindspore.system.errors import UserError
from src_mindspore.system.read import decoded, read_json, read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path, encoding):
    path = tmp_path / "spec.json"
    path.write_bytes('{"a": "é纸"}'.encode(encoding))
    assert read_json(path) == {"a": "é纸"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a: é".encode("latin-1"), r"must be text in UTF-8; byte 3 is 0xe9"),
        (b"\xff\xfea\0\0", r"must be text in UTF-16, as its mark says; byte 4 is 0x00"),
        ("classes: {}".encode("utf-16-le"), r"must be text in UTF-8; it has zero bytes, as UTF-16"),
    ],
)
def test_text_that_is_none(tmp_path, content, text):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(UserError, match=text):
        read_text(tmp_path / "f", 100)


def test_names_that_are_no_text_can_be_kept():
    assert decoded(b"caf\xe9", "names", "surrogateescape") == "caf\udce9"
