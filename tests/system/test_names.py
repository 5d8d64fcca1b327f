"""Names of the same letters and other bytes."""

import pytest

from src_mindspore.system.names import alike, as_spelt, canonical, matched
from src_mindspore.system.terminal import apart, some

NFC, NFD = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("wanted", "there", "expected"),
    [
        ([NFC, "a"], [NFD, "a"], {NFC: NFD, "a": "a"}),
        ([NFC], [NFC, NFD], {NFC: NFC}),  # it is there itself
        ([NFC, NFD], [NFC, NFD], {NFC: NFC, NFD: NFD}),
        ([NFC, NFD], [NFD], {NFD: NFD}),  # one folder is not two classes
        (["\u212b"], ["\u00c5", "A\u030a"], {}),  # either could be meant
        (["e\u0301\u0323", "e\u0323\u0301"], ["\u1eb9\u0301"], {}),
        (["b"], ["a"], {}),
        (["\udce9"], ["\udce9", "x"], {"\udce9": "\udce9"}),  # no UTF-8 at all
    ],
)
def test_matching(wanted, there, expected):
    assert matched(wanted, there) == expected


def test_what_only_looks_the_same_is_shown_by_its_characters():
    assert apart([NFC, "a", NFD]) == ["caf\\xe9", "a", "cafe\\u0301"]
    assert apart([NFC, "a"]) == [NFC, "a"]
    assert apart([NFC], beside=[NFD]) == ["caf\\xe9"]
    assert some([NFC, "a", NFD], limit=1) == "caf\\xe9 and 2 more"
    assert alike([NFC, "a", NFD, NFC]) == [[NFD, NFC]]
    assert canonical(NFD) == NFC


def test_a_path_as_the_disk_spells_it(tmp_path):
    (tmp_path / NFD).mkdir()
    (tmp_path / NFD / f"{NFC}.png").touch()
    asked = [f"{NFC}/{NFD}.png", f"{NFD}/{NFC}.png", f"{NFC}/none.png", "a/b.png"]
    there = f"{NFD}/{NFC}.png"
    assert as_spelt(tmp_path, asked) == {asked[0]: there, asked[1]: there}
