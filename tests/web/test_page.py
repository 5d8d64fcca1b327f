"""The page in a real browser, with models whose answers are computed here as well."""

import base64
import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium
from heic_photo import HEIC
from playwright.sync_api import Browser, expect
from web_page import CAMERA, CONTRASTS, TEXTS, Visit, visited, write_photos, write_video
from web_site import LABELS, Served, colour_probabilities, colour_spec, served, write_site
from workplace import REPOSITORY

SOURCE = REPOSITORY / "deploy" / "web"
EVIL, ARABIC = "<img src=x onerror=alert(1)>", "زجاجة"
STRANGE = ({"en": EVIL, "zh": EVIL}, {"en": ARABIC}, {"zh": "瓶<b>子"}, {})
CLASSES = ("red", "green", "blue", "grey & more")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> dict[str, Path]:
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    video = write_video(tmp_path_factory.mktemp("camera") / "camera.mjpeg", (640, 480), 30)
    with chromium(*CAMERA, f"--use-file-for-fake-video-capture={video}") as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Served]:
    models = {"colours": colour_spec(), "strange": colour_spec(STRANGE, True, CLASSES)}
    with served(write_site(tmp_path_factory.mktemp("page") / "site", models)) as found:
        yield found


@pytest.fixture(scope="module")
def opened(browser, server) -> Iterator[Visit]:
    with visited(browser, server) as visit:
        yield visit


@pytest.fixture
def visit(opened) -> Iterator[Visit]:
    """The module's one visit, at its beginning; it is quiet, and asks no other address."""
    opened.home()
    opened.faults.clear()
    yield opened
    assert opened.faults == []
    base = opened.page.url
    assert [url for url in opened.requests if not url.startswith((base, f"blob:{base}"))] == []


def strings(visit: Visit) -> dict[str, dict[str, str]]:
    return visit.page.evaluate("async () => (await import('./app/strings.js')).STRINGS")


def share(photo: Path) -> float:
    return float(colour_probabilities(photo, colour_spec()).max())


def test_a_photo_is_answered(visit, photos) -> None:
    page = visit.page
    visit.choose(photos["red"])
    visit.name("Red")
    percent = 100 * share(photos["red"])
    shown = ">99%" if percent >= 99.5 else f"{percent:.0f}%"
    expect(page.locator("#score")).to_have_text(shown)
    expect(page.locator("#group-name")).to_have_text("Warm")
    assert page.locator("#others li").count() == 2
    assert "Red" not in page.locator("#others").inner_text()  # the best one is not said twice
    expect(page.locator("#tip")).to_be_hidden()
    assert page.locator("#photo").get_attribute("alt") == f"The photo: Red, {shown}, group Warm"
    expect(page.locator("#spoken")).to_have_text(f"Red, {shown}, group Warm")
    wide = page.locator("#photo").evaluate("async (e) => (await e.decode(), e.naturalWidth)")
    assert wide == 90
    expect(page.locator("#times")).to_be_hidden()
    page.locator("#time").click()
    expect(page.locator("#time")).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#ms-model")).to_have_text(re.compile(r"^(<1|\d+) ms$"))
    page.locator("#time").click()


def test_not_sure(visit, photos) -> None:
    assert share(photos["mixed"]) < 0.6
    visit.choose(photos["mixed"])
    visit.name("Not sure")
    percent = f"{100 * share(photos['mixed']):.0f}%"
    expect(visit.page.locator("#perhaps")).to_have_text(f"Perhaps: Red · {percent}")
    expect(visit.page.locator("#tip")).to_be_visible()
    expect(visit.page.locator("#group")).to_be_hidden()


# hands two files over in one moment, and notes every name that is shown
DROP = """async ([first, second]) => {
  const name = document.getElementById("name");
  name.textContent = "";
  window.names = [];
  new MutationObserver(() => window.names.push(name.textContent)).observe(name, {childList: true});
  for (const bytes of [first, second]) {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], "a.jpg"));
    document.dispatchEvent(new DragEvent("dragenter", {dataTransfer: data}));
    window.hinted = !document.getElementById("drop").hidden;
    document.dispatchEvent(new DragEvent("drop", {dataTransfer: data, cancelable: true}));
  }
}"""
PASTE = """(bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], "a.jpg"));
  document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data}));
}"""


def base64_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_of_two_photos_dropped_quickly_the_last_is_answered(visit, photos) -> None:
    visit.page.evaluate(DROP, [base64_of(photos["red"]), base64_of(photos["blue"])])
    visit.name("Blue")
    assert visit.page.evaluate("window.hinted")
    expect(visit.page.locator("#drop")).to_be_hidden()
    visit.page.evaluate(PASTE, base64_of(photos["red"]))
    visit.name("Red")
    assert visit.page.evaluate("window.names") == ["Blue", "Red"]


def test_the_same_photo_twice(visit, photos) -> None:
    for _ in range(2):
        visit.choose(photos["blue"])
        visit.name("Blue")
        assert visit.page.locator("#file").input_value() == ""
        visit.page.locator("#away").click()
        expect(visit.page.locator("#answer")).to_be_hidden()


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    data = zlib.compress(b"")
    idat = b"IDAT" + data
    chunks = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    chunks += struct.pack(">I", len(data)) + idat + struct.pack(">I", zlib.crc32(idat))
    return b"\x89PNG\r\n\x1a\n" + chunks + end


def test_what_is_no_photo_gets_a_sentence_and_the_page_goes_on(visit, photos) -> None:
    texts = strings(visit)
    jpeg = photos["red"].read_bytes()
    large = {"limit": "100", "unit": "megapixels"}, {"limit": "100", "unit": "百万像素"}
    heic = ({"format": "HEIC"},) * 2
    for content, code, values in (
        (b"", "not_a_photo", ({}, {})),
        (b"a letter" * 100, "not_a_photo", ({}, {})),
        (jpeg[: len(jpeg) // 2], "truncated", ({}, {})),
        (png_header(20_000, 10_000), "too_large", large),
        (HEIC, "no_decoder", heic),
        (b"II*\0" + bytes(100), "no_decoder", ({"format": "TIFF"},) * 2),
    ):
        visit.choose({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": content})
        visit.fault(texts["en"][f"fault_{code}"].format(**values[0]))
        expect(visit.page.locator("#fault-retry")).to_be_hidden()
        visit.page.locator("#language").click()
        visit.fault(texts["zh"][f"fault_{code}"].format(**values[1]))
        visit.page.locator("#language").click()
    visit.choose(photos["red"])
    visit.name("Red")
    expect(visit.page.locator("#fault")).to_be_hidden()


def test_why_there_is_no_camera(visit) -> None:
    texts = strings(visit)["en"]
    # the way of a real refusal is in test_the_browser_refuses_the_camera
    visit.page.evaluate(
        """() => {
          window.asked = navigator.mediaDevices.getUserMedia;
          navigator.mediaDevices.getUserMedia =
            () => Promise.reject(new DOMException("", window.refusal));
        }"""
    )
    for name, code, retry in (
        ("NotAllowedError", "camera_refused", True),
        ("NotReadableError", "camera_busy", True),
        ("NotFoundError", "camera_none", False),
    ):
        visit.page.evaluate(f"window.refusal = '{name}'")
        visit.page.locator("#shutter").click()
        visit.fault(texts[f"fault_{code}"])
        assert visit.page.locator("#fault-retry").is_visible() == retry
        visit.page.locator("#fault-close").click()
    visit.page.evaluate("() => { navigator.mediaDevices.getUserMedia = window.asked; }")


def test_a_model_that_is_not_there(visit, server, photos) -> None:
    server.missing.add("models/strange/model.onnx")
    try:
        visit.page.locator("#models").select_option("strange")
        visit.fault("The server does not have the file model.onnx.")
    finally:
        server.missing.clear()
    visit.page.locator("#fault-retry").click()
    visit.ready()
    expect(visit.page.locator("#fault")).to_be_hidden()
    visit.choose(photos["red"])
    visit.name(EVIL)
    noted = [line for line in visit.faults if "404" in line]
    assert noted == visit.faults, "more than the server's answer"
    visit.faults.clear()


def test_a_worker_that_dies_is_replaced(visit, photos) -> None:
    worker = visit.page.workers[0]
    worker.evaluate("setTimeout(() => { throw new Error('as if it had died') })")
    visit.page.wait_for_timeout(50)
    visit.choose(photos["red"])
    visit.name("Red")
    assert visit.page.workers[0] is not worker


def test_names_are_text(visit, photos) -> None:
    page = visit.page
    page.locator("#models").select_option("strange")
    visit.ready()
    visit.choose(photos["red"])
    visit.name(EVIL)
    assert page.locator("img").count() == 1
    names = page.locator("#others li span:first-child").all_inner_texts()
    assert set(names) <= {ARABIC, "瓶<b>子", "grey & more"}
    assert all(e.get_attribute("dir") == "auto" for e in page.locator("#others span[dir]").all())
    expect(page.locator("#group")).to_be_hidden()


def states(visit: Visit, photos: dict[str, Path]) -> Iterator[str]:
    """The page in all that it shows without a camera."""
    visit.home()
    yield "welcome"
    visit.choose(photos["red"])
    visit.name("Red")
    visit.page.locator("#time").click()
    yield "photo"
    visit.page.locator("#time").click()
    visit.choose(photos["mixed"])
    visit.name("Not sure")
    yield "not sure"
    visit.choose({"name": "a.txt", "mimeType": "text/plain", "buffer": b"text"})
    expect(visit.page.locator("#fault")).to_be_visible()
    for part in ("install", "renew"):
        visit.page.evaluate(f"document.getElementById('{part}').hidden = false")
    yield "fault"
    for part in ("install", "renew"):
        visit.page.evaluate(f"document.getElementById('{part}').hidden = true")


def known_texts(texts: dict[str, str], language: str) -> str:
    """A pattern of all that the page may say in a language."""
    groups = {label["group"][language] for label in LABELS if "group" in label}
    names = [*(label.get(language, label["en"]) for label in LABELS), *groups]
    own = "|".join([*names, "[<>]?[0-9]+%?", "colours", "strange"])
    known = "|".join(re.sub(r"\\{\w+\\}", f"({own})", re.escape(t)) for t in texts.values())
    return f"({known}|{own})( · ({own}))?"


def test_every_text_is_translated_readable_and_fits(visit, photos) -> None:
    texts = strings(visit)
    patterns = {language: known_texts(texts[language], language) for language in texts}
    for state in states(visit, photos):
        for width in (320, 390):
            visit.page.set_viewport_size({"width": width, "height": 640})
            wide = visit.page.evaluate("document.documentElement.scrollWidth")
            assert wide == width, state
        for language in ("en", "zh"):
            if language == "zh":
                visit.page.locator("#language").click()
            shown = visit.page.evaluate(TEXTS)
            assert len(shown) > 5
            for text in shown:
                assert re.fullmatch(patterns[language], text), (state, language, text)
        for scheme in ("light", "dark"):
            visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for text, contrast in visit.page.evaluate(CONTRASTS):
                assert contrast >= 4.5, (state, scheme, text, contrast)
        visit.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        visit.page.locator("#language").click()
    visit.page.set_viewport_size({"width": 390, "height": 844})


FOCUSED = """() => {
  const style = getComputedStyle(document.activeElement);
  return [document.activeElement.id, style.outlineStyle, Number.parseFloat(style.outlineWidth)];
}"""


BEGIN = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""


def test_the_keyboard_reaches_everything_in_order(visit, photos) -> None:
    page = visit.page
    for photo, order in (
        (None, ["models", "language", "choose", "shutter"]),
        ("red", ["away", "models", "language", "time", "choose", "shutter"]),
    ):
        if photo:
            visit.choose(photos[photo])
            visit.name("Red")
        page.evaluate(BEGIN)
        reached = []
        for _ in order:
            page.keyboard.press("Tab")
            name, outline, width = page.evaluate(FOCUSED)
            reached.append(name)
            assert outline == "solid", name
            assert width >= 2, name
        assert reached == order
    page.keyboard.press("Escape")
    expect(page.locator("#photo")).to_be_hidden()
    assert page.evaluate(FOCUSED)[0] == "shutter"


def test_both_lists_of_texts_are_equal_and_all_are_used(visit) -> None:
    texts = strings(visit)
    codes = visit.page.evaluate("async () => (await import('./core/fault.js')).CODES")
    places = {code: re.findall(r"\{\w+\}", texts["en"][code]) for code in texts["en"]}
    assert places == {code: re.findall(r"\{\w+\}", texts["zh"][code]) for code in texts["zh"]}
    assert {key for key in texts["en"] if key.startswith("fault_")} == {f"fault_{c}" for c in codes}
    code = "".join(path.read_text() for path in [SOURCE / "index.html", *SOURCE.glob("app/*.js")])
    code = code.replace((SOURCE / "app" / "strings.js").read_text(), "")
    unused = [key for key in texts["en"] if f'"{key}"' not in code and not key.startswith("fault_")]
    assert unused == []


def test_a_steady_answer(visit) -> None:
    """The mean of the last 0.7 s; another class must be ahead by 0.08 to be shown."""
    frames = [
        (0, 0.9), (100, 0.9), (200, 0.1), (300, 0.1), (400, 0.1),
        (500, 0.5), (600, 0.5), (2000, 0.53), (2900, 0.6), (2910, 0.57),
    ]  # fmt: skip
    shown = visit.page.evaluate(
        """async (frames) => {
          const { Steady } = await import("./app/steady.js");
          const steady = new Steady(0.6);
          return frames.map(([time, p]) => {
            const { index, means, abstained } = steady.add(Float32Array.of(p, 1 - p), time);
            return [index, means[index], abstained];
          });
        }""",
        frames,
    )
    index, sure, expected = None, None, []
    for n, (now, _) in enumerate(frames):
        near = [p for time, p in frames[: n + 1] if now - time < 700]
        mean = sum(near) / len(near)
        means = (mean, 1 - mean)
        first = index is None
        if first or means[1 - index] > means[index] + 0.08:
            index = int(means[1] > means[0]) if first else 1 - index
        edge = 0.6 if first else 0.6 + (-0.02 if sure else 0.02)
        sure = means[index] >= edge
        expected.append([index, pytest.approx(means[index], abs=1e-6), not sure])
    assert shown == expected
    assert {row[0] for row in shown} == {0, 1}
    assert {row[2] for row in shown} == {True, False}


def test_one_frame_waits_for_the_model_and_no_more(visit) -> None:
    """A model that takes 300 ms is asked again within it, late in it; one that fails is told of."""
    asked, waiting, failures = visit.page.evaluate(
        """async () => {
          const { Live } = await import("./app/live.js");
          const canvas = document.createElement("canvas");
          canvas.getContext("2d");
          const video = document.createElement("video");
          video.srcObject = canvas.captureStream(0); // shows no frame by itself
          Object.defineProperty(video, "readyState", { value: 2 });
          video.requestVideoFrameCallback = (go) => setTimeout(go, 10);
          window.createImageBitmap = async () => ({ close() {} });
          const asked = [], waiting = [], failures = [];
          let free = 0, at_work = 0;
          const client = { frame() {
            const now = performance.now();
            asked.push(free - now); // ms until the model is free
            waiting.push(++at_work);
            free = Math.max(now, free) + 300;
            const count = asked.length;
            return new Promise((done, failed) => setTimeout(() => {
              at_work -= 1;
              if (count === 5) failed("broken");
              const answer = { probabilities: Float32Array.of(1, 0), top: [], abstained: false };
              done({ answer, size: [9, 9], ms: { decode: 0, prepare: 100, model: 200 } });
            }, free - now));
          } };
          let shown = 0;
          const box = { x: 0, y: 0, width: 9, height: 9 };
          await new Promise((end) => {
            const live = new Live(video, client, () => box, () => { shown += 1; }, (error) => {
              failures.push(error, shown);
              setTimeout(end, 700); // nothing goes on after it
            });
            live.start(null);
          });
          return [asked, waiting, failures];
        }"""
    )
    assert failures == ["broken", 4]
    assert len(asked) == 6  # the one that waited when the fifth failed
    assert max(waiting) == 2
    early = asked[2:]  # the first answer says how long one takes
    assert max(early) <= 60 + 5, asked


def test_the_frame_is_what_the_model_sees(visit) -> None:
    plain = {"size": [32, 32], "resize": {"rule": "stretch", "size": [32, 32]}, "crop": None}
    cut = {
        "size": [32, 32],
        "resize": {"rule": "shorter_side", "size": [40, 40]},
        "crop": {"size": [32, 32]},
    }
    stage, free = {"width": 390, "height": 500}, {"x": 20, "y": 70, "width": 350, "height": 400}
    found = visit.page.evaluate(
        """async ([stage, free, rules]) => {
          const { viewfinder } = await import("./app/frame.js");
          return rules.map((input) => viewfinder(stage, free, {width: 1280, height: 720}, input));
        }""",
        [stage, free, [plain, cut]],
    )
    # the video is as high as the stage: 500 / 720 of a CSS pixel for each of its own
    scale = 500 / 720
    assert found[0]["frame"] == pytest.approx({"x": 20, "y": 95, "width": 350, "height": 350})
    assert found[0]["source"]["width"] == round(350 / scale) == found[0]["source"]["height"]
    assert found[0]["source"]["x"] == round((1280 - 350 / scale) / 2)
    assert found[0]["source"]["y"] == round(95 / scale)
    # four fifths of what is handed over are seen, and that is what the frame shows
    assert found[1]["frame"]["width"] == pytest.approx(0.8 * found[1]["source"]["width"] * scale, 1)
    inner = found[1]["frame"]
    assert inner["width"] == inner["height"] <= 350
    middle = found[1]["source"]["x"] + found[1]["source"]["width"] / 2
    assert middle == pytest.approx(640, abs=1)


def test_faces_are_followed_and_counted(visit) -> None:
    """A face keeps its steady answer while it moves; several are said by their number."""
    tracked, words = visit.page.evaluate(
        """async (labels) => {
          const { inWhole, Tracks } = await import("./app/tracks.js");
          const { wordsOfFaces } = await import("./app/words.js");
          const { Language } = await import("./app/language.js");
          const about = { labels, classes: ["r", "g", "b", "y"] };
          const face = (x, shares) => ({
            box: [x, 0, x + 100, 100], score: 1,
            answer: { top: [], abstained: false, probabilities: Float32Array.from(shares) },
          });
          const tracks = new Tracks(0.6);
          const red = [0.9, 0.1, 0, 0], green = [0, 1, 0, 0];
          const frames = [
            [[0, red], [300, green]], [[300, green], [10, red]], [[20, green], [310, green]], [],
          ].map((found, n) => tracks.follow(found.map((one) => face(...one)), 100 * n));
          const language = new Language("en");
          const said = frames.map(({ faces }) =>
            wordsOfFaces({ faces, ms: {} }, about, language, 3));
          const moved = inWhole([face(5, red)], { x: 7, y: 9 })[0].box;
          const tops = frames.map(({ faces, changed }) =>
            [changed, faces.map(({ answer }) => [answer.top[0].index, answer.abstained])]);
          const texts = said.map((one) => [one.name, one.rows.map((r) => r.text), one.tip]);
          return [[tops, moved], texts];
        }""",
        list(LABELS),
    )
    tops, moved = tracked
    assert moved == [12, 9, 112, 109]
    assert tops[0] == [True, [[0, False], [1, False]]]
    assert tops[1] == [False, [[1, False], [0, False]]]  # they came in another order
    # the mean of the red one is 0.6 now: it stays red, one green frame does not turn it
    assert tops[2] == [False, [[0, False], [1, False]]]
    assert words[0] == words[1] == ["2 faces", ["1", "1"], ""]
    assert words[3] == ["No face", [], "face_tip"]


def test_groups_and_languages(visit) -> None:
    labels = [*LABELS, {"en": "x", "group": {"en": "Warm", "zh": "暖色"}}]
    looks, first = visit.page.evaluate(
        """async (labels) => {
          const { groupLooks } = await import("./app/groups.js");
          const { firstLanguage } = await import("./app/language.js");
          const tags = [[null, ["zh-TW"]], [null, ["fr", "zh"]], [null, ["de"]], ["en", ["zh"]]];
          return [groupLooks(labels), tags.map(([kept, all]) => firstLanguage(kept, all))];
        }""",
        labels,
    )
    assert looks == [0, 1, 1, -1, 0]
    assert first == ["zh", "zh", "en", "en"]


def test_the_camera(browser, server, photos) -> None:
    chinese = {"locale": "zh-CN", "color_scheme": "dark", "permissions": ["camera"]}
    with visited(browser, server, **chinese) as visit:
        page = visit.page
        page.locator("#shutter").click()
        visit.name(re.compile("^(红色|蓝色)$"))
        one = page.locator("#name").inner_text()
        visit.name({"红色": "蓝色", "蓝色": "红色"}[one])  # as the film goes on
        frame, stage, panel = page.evaluate(
            """["frame", "stage", "panel"].map(
              (id) => document.getElementById(id).getBoundingClientRect().toJSON())"""
        )
        assert page.locator("#others li").count() == 2
        assert frame["width"] == pytest.approx(frame["height"])
        assert frame["left"] >= stage["left"]
        assert frame["bottom"] <= panel["top"]
        page.locator("#shutter").click()
        expect(page.locator("#still")).to_be_visible()
        frozen = page.locator("#name").inner_text()
        page.wait_for_timeout(1200)  # as long as one colour of the film lasts
        assert page.locator("#name").inner_text() == frozen
        page.locator("#still").click()
        expect(page.locator("#video")).to_be_visible()
        # a page that nobody sees has no camera
        hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
        told = "document.dispatchEvent(new Event('visibilitychange'))"
        page.evaluate(hide % "true" + told)
        assert page.locator("#video").evaluate("e => e.srcObject") is None
        page.evaluate(hide % "false" + told)
        visit.name(re.compile("^(红色|蓝色)$"))
        page.reload()  # the second visit begins with the camera
        expect(page.locator("#video")).to_be_visible()
        visit.name(re.compile("^(红色|蓝色)$"))
        page.keyboard.press("Escape")
        expect(page.locator("#welcome")).to_be_visible()
        assert page.locator("#video").evaluate("e => e.srcObject") is None
        assert visit.faults == []


@pytest.mark.long
def test_the_browser_refuses_the_camera(server, photos) -> None:
    """As it does by itself: where nobody allows it, and where there is none."""
    for options, code in (([CAMERA[0]], "camera_refused"), ([], "camera_none")):
        with chromium(*options) as browser, visited(browser, server) as visit:
            visit.page.locator("#shutter").click()
            visit.fault(strings(visit)["en"][f"fault_{code}"])
            visit.choose(photos["red"])
            visit.name("Red")
            assert visit.faults == []


@pytest.mark.long
@pytest.mark.parametrize("size", [(320, 480), (390, 844), (740, 360), (1280, 800)])
def test_nothing_overlaps(browser, server, photos, size) -> None:
    """What is in the panel lies below one another, at every size, with the times opened."""
    width, height = size
    boxes = """() => [...document.querySelectorAll("#panel > *, #answer > *, #actions > *")]
      .filter((e) => e.checkVisibility() && !e.matches(".unseen"))
      .map((e) => [e.id || e.className, e.parentElement.id, e.getBoundingClientRect().toJSON()])"""
    view = {"viewport": {"width": width, "height": height}, "has_touch": True}
    with visited(browser, server, **view) as visit:
        for state in states(visit, photos):
            for _ in range(2):
                shown = visit.page.evaluate(boxes)
                for n, (name, parent, box) in enumerate(shown):
                    assert box["right"] <= width, (state, name)
                    if name == "actions" and height < 481:
                        continue  # it stays in sight, above what is scrolled
                    for other, owner, place in shown[n + 1 :]:
                        if owner != parent or (height < 481 and other == "actions"):
                            continue
                        apart = (
                            box["bottom"] <= place["top"] + 0.5
                            or place["bottom"] <= box["top"] + 0.5
                            or box["right"] <= place["left"] + 0.5
                            or place["right"] <= box["left"] + 0.5
                        )
                        assert apart, (state, name, other)
                visit.page.locator("#language").click()


def test_plain_http_without_storage(browser, server, photos) -> None:
    no_storage = (
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no') }})"
    )
    with visited(browser, server, host="pocketlens.test", init=no_storage) as visit:
        page = visit.page
        assert not page.evaluate("isSecureContext")
        expect(page.locator("#insecure")).to_be_visible()
        expect(page.locator("#shutter")).to_have_text("Take a photo")
        with page.expect_file_chooser() as chooser:
            page.locator("#shutter").click()
        assert chooser.value.element.get_attribute("capture") == "environment"
        chooser.value.set_files(photos["blue"])
        visit.name("Blue")
        expect(page.locator("#offline")).to_be_hidden()
        assert visit.faults == []


def test_the_first_lines_of_the_page(server) -> None:
    """Modules are asked for at once, and the policy is that of the service worker."""
    html = (SOURCE / "index.html").read_text()
    assert not re.search(r"\sstyle=|<style|\son\w+=", html)
    preloaded = set(re.findall(r'rel="modulepreload" href="(.+?)"', html))
    wanted, todo = set(), ["main.js"]
    while todo:
        file = SOURCE / todo.pop()
        code = file.read_text()
        for name in re.findall(r'^(?:import|export) .*?from "(.+?)";', code, re.M | re.S):
            path = (file.parent / name).resolve().relative_to(SOURCE).as_posix()
            if path not in wanted:
                wanted.add(path)
                todo.append(path)
    assert preloaded == wanted
    policy = re.search(r'Content-Security-Policy" content="(.+?)"', html).group(1)
    worker = (SOURCE / "service_worker.js").read_text()
    listed = worker.partition('"Content-Security-Policy":')[2].partition('"Cross-Origin')[0]
    assert "".join(re.findall(r'"(.+?)"', listed)) == policy
    manifest = json.loads((SOURCE / "manifest.webmanifest").read_text())
    assert manifest["start_url"] == manifest["scope"] == "./"
