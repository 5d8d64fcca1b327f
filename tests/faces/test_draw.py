"""What is drawn, in which colours and letters, and what is said of it as JSON and in words."""

import json

import numpy as np
import pytest
from helpers import input_spec

from src_mindspore.faces import fonts, text
from src_mindspore.faces.answers import Answers, in_words
from src_mindspore.faces.detector import Faces
from src_mindspore.faces.draw import (
    COLOURS,
    NOT_SURE_COLOUR,
    DrawnFace,
    FacePainter,
    class_colours,
    counted,
    text_size,
)
from src_mindspore.faces.fonts import ADVICE, drawable, label_texts, plain_font
from src_mindspore.faces.label import LabelledFaces
from src_mindspore.faces.text import TextPainter, paste
from src_mindspore.faces.track import SeenFace
from src_mindspore.faces.work import VideoSummary
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError

GREEN, ORANGE = COLOURS[:2]


def spec(*labels: dict, classes=("with_mask", "without_mask")) -> ModelSpec:
    return ModelSpec(tuple(classes), labels or ({},) * len(classes), input_spec(32), "logits", {})


def painter(*texts: str) -> FacePainter:
    return FacePainter(texts, class_colours(len(texts)), TextPainter(plain_font()))


def face(left, top, side=60, label=0, score=0.98, **more) -> DrawnFace:
    box = np.array([left, top, left + side, top + side], np.float32)
    return DrawnFace(box, None, label, score, more.pop("abstained", False), **more)


def share(picture: np.ndarray, colour) -> float:
    return float((picture == colour).all(2).mean())


def test_boxes_have_the_colours_of_their_labels() -> None:
    picture = np.full((240, 320, 3), 10, np.uint8)
    painter("a", "b").draw(picture, [face(40, 150), face(200, 150, label=1)])
    assert tuple(picture[180, 40]) == tuple(picture[180, 100]) == GREEN
    assert tuple(picture[210, 150 - 80]) == GREEN
    assert tuple(picture[180, 200]) == tuple(picture[150, 230]) == ORANGE
    assert tuple(picture[180, 150]) == (10, 10, 10)  # between them


def test_a_guess_is_grey_and_counted_apart() -> None:
    faces = [face(40, 150), face(200, 150, label=1, abstained=True), face(120, 60, label=1)]
    assert counted(faces) == {0: 1, 1: 1, None: 1}
    picture = np.zeros((240, 320, 3), np.uint8)
    painter("a", "b").draw(picture, faces)
    assert tuple(picture[180, 200]) == NOT_SURE_COLOUR


def test_landmarks_are_drawn() -> None:
    picture = np.zeros((240, 320, 3), np.uint8)
    points = np.array([[60, 170], [80, 170], [70, 180], [62, 195], [78, 195]], np.float32)
    painter("a").draw(picture, [face(40, 150)._replace(landmarks=points)])
    assert all(tuple(picture[int(y), int(x)]) == (255, 255, 255) for x, y in points)


def test_landmarks_leave_the_most_of_a_small_face() -> None:
    picture = np.full((240, 320, 3), 90, np.uint8)
    points = np.array([[204, 154], [212, 154], [208, 158], [204, 162], [212, 162]], np.float32)
    painter("a").draw(picture, [face(200, 150, 16)._replace(landmarks=points)])
    inside = picture[152:165, 202:215]
    assert (inside == 255).all(2).sum() == 5
    assert share(inside, (90, 90, 90)) > 0.9


def test_counts_hide_no_label_where_a_corner_is_free() -> None:
    one, two = np.zeros((480, 640, 3), np.uint8), np.zeros((480, 640, 3), np.uint8)
    painter("a").draw(one, [face(5, 30, 100)])  # its label is above it, in the first corner
    painter("a").draw(two, [face(5, 30, 100), face(270, 190, 100)])
    np.testing.assert_array_equal(one[:160, :160], two[:160, :160])
    assert share(one[:40, 560:], GREEN) > 0  # the counts


def test_a_small_picture_shows_its_label_in_place_of_counts() -> None:
    small, wide = np.zeros((75, 60, 3), np.uint8), np.zeros((75, 400, 3), np.uint8)
    for picture in (small, wide):
        painter("with_mask").draw(picture, [face(3, 14, 50)])
    np.testing.assert_array_equal(small[14:], wide[14:, :60])


@pytest.mark.parametrize(
    ("size", "places"),
    [
        ((240, 320), [(-30, -30), (300, 220), (0, 0), (130, 100)]),
        ((24, 24), [(2, 2)]),
        ((1, 1), [(0, 0)]),
        ((9, 2000), [(1900, -20)]),
    ],
)
def test_faces_anywhere_in_pictures_of_any_size(size, places) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    before = picture.shape
    painter("a label that is long").draw(picture, [face(*place) for place in places])
    assert picture.shape == before
    assert picture.any()


def test_no_face_leaves_the_picture_as_it_was() -> None:
    picture = np.full((48, 64, 3), 77, np.uint8)
    painter("a").draw(picture, [])
    assert (picture == 77).all()


def test_labels_of_faces_side_by_side_do_not_hide_each_other() -> None:
    row = [face(20 + 62 * n, 100) for n in range(4)]
    alone = np.zeros((240, 320, 3), np.uint8)
    painter("without").draw(alone, row[:1])
    together = np.zeros((240, 320, 3), np.uint8)
    painter("without").draw(together, row)
    panel = share(alone[:60], GREEN)
    one = share(alone, GREEN) - panel
    assert share(together, GREEN) - share(together[:60], GREEN) > 3.5 * one


def test_text_fits_its_box_as_far_as_it_can_be_read() -> None:
    assert text_size(5, 26) == 11
    assert text_size(1000, 26) <= 26
    sizes = {text_size(wanted, 40) for wanted in np.linspace(5, 60, 500)}
    assert len(sizes) == 6  # few are kept


def test_colours_of_many_classes_differ() -> None:
    colours = class_colours(26)
    assert colours[:7] == list(COLOURS)
    assert len(set(colours)) == 26
    apart = [np.abs(np.subtract(a, b)).sum() for i, a in enumerate(colours) for b in colours[:i]]
    assert min(apart) > 20


def test_pieces_of_text_are_made_once_and_not_kept_without_end(monkeypatch) -> None:
    monkeypatch.setattr(text, "KEPT_BYTES", 60_000)
    kept = TextPainter(plain_font())
    first = kept.piece("mask", 20, GREEN)
    assert kept.piece("mask", 20, GREEN) is first
    assert not np.array_equal(first, kept.piece("mask", 20, ORANGE))
    assert {kept.piece(word, 20, GREEN).shape[0] for word in ("a", "Äg", "#1")} == {first.shape[0]}
    assert kept.piece("mask", 20, GREEN) is first
    large = kept.piece("mask", 60, GREEN)
    assert 20_000 < large.nbytes < 40_000
    assert kept.piece("mask", 60, GREEN) is large
    for number in range(100):
        kept.piece(f"#{number}", 20, GREEN)
        assert kept.piece("mask", 60, GREEN) is large  # what is used stays
    assert kept.piece("mask", 20, GREEN) is not first
    assert sum(piece.nbytes for piece in kept._pieces.values()) <= 60_000


def test_a_piece_over_the_border_is_cut() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    piece = np.arange(1, 10, dtype=np.uint8).reshape(3, 3, 1).repeat(3, axis=2)
    paste(picture, piece, -1, 2)
    paste(picture, piece, 3, -2)
    paste(picture, piece, 9, 9)
    expected = [[0, 0, 0, 7], [0, 0, 0, 0], [2, 3, 0, 0], [5, 6, 0, 0]]
    assert picture[..., 0].tolist() == expected


def test_names_by_language() -> None:
    names = spec({"en": "Mask", "zh": "戴口罩"}, {"en": "Bare"})
    assert label_texts(names, "both") == ["Mask 戴口罩", "Bare"]
    assert label_texts(names, "en") == ["Mask", "Bare"]
    assert label_texts(names, "zh") == ["戴口罩", "without_mask"]


def test_chinese_labels_without_a_font_for_them(monkeypatch, caplog) -> None:
    monkeypatch.setattr(fonts, "chinese_fonts", list)
    named = spec({"en": "Mask", "zh": "戴口罩"}, {"zh": "未戴"}, {}, classes=("m", "n", "口罩"))
    texts, font = drawable(named, "zh", None)
    assert (texts, font) == (["Mask", "n", "class 3"], plain_font())
    assert caplog.messages == [
        "no font here has the characters of these labels: 戴口罩, 未戴, 口罩. Drawn in their "
        f"place: Mask, n, class 3. For the labels themselves: {ADVICE}"
    ]
    assert drawable(named, "en", None)[0] == ["Mask", "n", "class 3"]
    caplog.clear()
    assert drawable(spec({"en": "Mask", "zh": "口罩"}, {"en": "None"}), "en", None)[0][0] == "Mask"
    assert not caplog.messages


@pytest.mark.long  # Matplotlib lists the fonts of the machine
def test_chinese_labels_with_a_font_for_them() -> None:
    there = fonts.chinese_fonts()
    if not there:
        pytest.skip(f"no Chinese font is here: {ADVICE}")
    texts, font = drawable(spec({"zh": "戴口罩"}, {"zh": "未戴口罩"}), "zh", None)
    assert texts == ["戴口罩", "未戴口罩"]
    assert font in there
    drawn = TextPainter(font)
    signs = [drawn.piece(sign, 32, GREEN) for sign in "戴口罩未"]
    assert len({sign.tobytes() for sign in signs}) == 4  # and not four times the sign of none


def test_a_font_of_the_users_that_is_none_or_lacks_letters(tmp_path) -> None:
    (tmp_path / "font.ttf").write_text("no font")
    with pytest.raises(UserError, match=r"--font takes a TrueType or OpenType file .*font\.ttf"):
        drawable(spec(), "en", tmp_path / "font.ttf")
    with pytest.raises(UserError, match=r"lacks characters of the labels: 口, 罩; one that has"):
        drawable(spec(classes=("口罩", "b")), "en", plain_font())


def found(*rows: tuple[float, float]) -> LabelledFaces:
    boxes = np.array([[n, 2, n + 10, 14.06] for n in range(len(rows))], np.float32)
    points = np.zeros((len(rows), 5, 2), np.float32)
    scores = np.linspace(0.9, 0.5, len(rows)).astype(np.float32)
    return LabelledFaces(Faces(boxes, scores, points), np.array(rows).reshape(-1, 2))


def test_what_is_said_of_a_photo() -> None:
    answers = Answers(("a", "b"), 0.8)
    said = answers.photo("x.jpg", (64, 48), found((0.9, 0.1), (0.3, 0.7)))
    assert json.loads(json.dumps(said)) == {
        "path": "x.jpg",
        "width": 64,
        "height": 48,
        "faces": [
            {
                "box": [0.0, 2.0, 10.0, 14.1],
                "face_score": 0.9,
                "landmarks": [[0.0, 0.0]] * 5,
                "label": "a",
                "score": 0.9,
                "abstained": False,
            },
            {
                "box": [1.0, 2.0, 11.0, 14.1],
                "face_score": 0.5,
                "landmarks": [[0.0, 0.0]] * 5,
                "label": "b",
                "score": 0.7,
                "abstained": True,
            },
        ],
        "counts": {"a": 1},
        "abstained": 1,
    }
    assert [f.label for f in answers.drawn_photo(found((0.9, 0.1), (0.3, 0.7)))] == [1, 0]
    assert answers.photo("y", (1, 1), found())["faces"] == []


def test_what_is_said_of_a_frame() -> None:
    box, voted = np.array([1, 2, 3, 4], np.float32), np.array([0.4, 0.6])
    seen = [
        SeenFace(7, box, None, 0.9, True, np.array([0.8, 0.2]), voted),
        SeenFace(8, box, None, 0.9, False, None, voted),
    ]
    said = Answers(("a", "b"), 0.5).frame("v.mp4", 3, 0.123456, seen)
    assert (said["frame"], said["time"], said["counts"]) == (3, 0.1235, {"b": 2})
    first, second = said["faces"]
    labels = ("number", "label", "score", "voted_label", "voted_score", "detected", "abstained")
    assert [first[key] for key in labels] == [7, "a", 0.8, "b", 0.6, True, False]
    assert [second[key] for key in labels] == [8, None, None, "b", 0.6, False, False]
    assert first["landmarks"] is None


def test_in_words() -> None:
    names = {"a": "Mask", "b": "b"}
    assert in_words({}, 0, names) == "no face"
    assert in_words({"a": 1}, 0, names) == "1 face: 1 Mask"
    assert in_words({"a": 2, "b": 1}, 3, names) == "6 faces: 2 Mask, 1 b, 3 not sure"


def test_a_video_in_words_counts_in_the_order_of_the_classes() -> None:
    labels = {1: ("b", True), 2: ("a", False), 3: ("a", True)}
    words = VideoSummary("v.mp4", 3, 6.0, labels).in_words({"a": "Mask", "b": "Bare"})
    assert words == ("v.mp4  3 frames in 6.0 s (0.5 a second), 3 faces: 1 Mask, 1 Bare, 1 not sure")
    assert "(40 a second)" in VideoSummary("v.mp4", 20, 0.5).in_words({})
    assert "  1 frame in 0.5 s (2.0 a second), no face" in VideoSummary("v", 1, 0.5).in_words({})
