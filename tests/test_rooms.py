"""Which room of src_mindspore may import which: no import runs upwards, there are no circles."""

import ast

import pytest
from workplace import REPOSITORY

PACKAGE = REPOSITORY / "src_mindspore"
# Each room may import those named beside it, and `system`, which may import nothing of ours.
# A room stands below all that import it: the table is read from the ground up.
ROOMS = {
    "system": "",
    "compiled": "",
    "backbones": "",
    "lr": "",
    "backbone": "backbones",
    "config": "",
    "spec": "",
    "lite": "",
    "plots": "",
    "demo_photos": "",
    "head": "backbone",
    "video": "",
    "photos": "spec video",
    "web": "spec",
    "pages": "photos spec",
    "weights": "backbone backbones",
    "dataset": "photos spec",
    "network": "compiled backbone backbones head",
    "runs": "config spec weights photos",
    "features": "network photos spec backbone backbones dataset",
    "evaluation": "network lite weights photos spec runs config",
    "faces": "evaluation network photos plots spec video",
    "cache": "features evaluation",
    "doctor": "pages dataset photos features weights network spec",
    "export": "config evaluation lite runs network photos spec web",
    "training": "compiled lr backbone config spec plots head photos weights dataset network runs "
    "features evaluation doctor",
    "comparison": "config training doctor dataset photos evaluation plots network features runs "
    "export lite spec weights backbone backbones head",
    "report": "pages training doctor dataset photos features evaluation plots runs network head "
    "backbone config spec",
    "relabel": "pages comparison training doctor dataset photos evaluation runs config spec",
    "drawn_masks": "comparison doctor dataset photos faces",
    "search": "config lr comparison training features photos dataset backbone evaluation plots "
    "runs",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(parts: tuple[str, ...]) -> str:
    return parts[0] if parts else ""


def imported(path) -> set[str]:
    """The rooms that a file imports, also inside of functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            first, *rest = node.module.split(".")
            if first == "src_mindspore":
                found |= {rest[0]} if rest else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.split(".")[1]
                for alias in node.names
                if alias.name.startswith("src_mindspore.")
            }
        assert not (isinstance(node, ast.ImportFrom) and node.level), "imports are absolute"
    return found


def test_every_room_is_in_the_table() -> None:
    there = {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in FILES}
    assert there - {"__init__"} == set(ROOMS)


def test_the_table_runs_from_the_ground_up() -> None:
    order = list(ROOMS)
    for room, allowed in ROOMS.items():
        for below in allowed.split():
            assert order.index(below) < order.index(room), (room, below)


@pytest.mark.parametrize("path", FILES, ids=[str(f.relative_to(PACKAGE)) for f in FILES])
def test_a_file_imports_only_what_its_room_may(path) -> None:
    room = path.relative_to(PACKAGE).with_suffix("").parts[0]
    allowed = {room, *ROOMS.get(room, "").split(), *({"system"} if room != "system" else ())}
    if room == "system":
        allowed = {"system"}
    assert imported(path) <= allowed | {"ONEDNN_VARIABLE", "ONEDNN_CAP_FROM_USER"}
