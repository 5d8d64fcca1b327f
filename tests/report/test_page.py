"""The page of a real run: what is in it, and in a browser what it does."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from browser import LOOKS, Opened, chromium, opened

from src_mindspore.photos.records import Record
from src_mindspore.report import embeddings
from src_mindspore.report.finished_run import read_run
from src_mindspore.report.gallery import WRONG
from src_mindspore.report.write import page_of
from src_mindspore.runs.read import read_metrics

SECTIONS = ("verdict", "classes", "confusion", "photos", "training", "reliability", "data", "files")
EVIL, ARABIC = "<img src=x onerror=alert(1)>", "زجاجة"


@pytest.fixture(scope="module")
def odd_run(workplace, telling_run, tmp_path_factory) -> Path:
    """A run whose first two classes have names that are markup, and that run from right to left."""
    run = tmp_path_factory.mktemp("odd") / "run"
    shutil.copytree(telling_run, run)
    spec = json.loads((run / "spec.json").read_text())
    spec["labels"][0] = {"en": EVIL, "zh": EVIL}
    spec["labels"][1] = {"en": ARABIC, "zh": "瓶<b>子"}
    (run / "spec.json").write_text(json.dumps(spec))
    done = workplace.call(f"-m src_mindspore.report {run} --data more")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"page: {run}/report.html\n"
    return run


def test_training_and_export_leave_the_page(telling_run) -> None:
    text = (telling_run / "report.html").read_text()
    assert '<meta name="pocketlens" content="training">' not in text
    assert "<td>model.ms</td>" in text  # of the export, which came after training
    metrics = read_metrics(telling_run)
    n = metrics["val"]["n"]
    assert f"<b>{100 * metrics['val']['top1']:.2f} %</b> of {n} validation photos right" in text
    written = json.loads((telling_run / "written.json").read_text())
    assert "report.html" in written["files"]
    assert "report.html" in written["reserved"]


def test_every_cell_has_as_many_photos_as_it_counts(telling_run) -> None:
    text = (telling_run / "report.html").read_text()
    table = read_metrics(telling_run)["val"]["confusion"]
    links = dict(re.findall(r'<a href="#(cell-\d+-\d+)">(\d+)</a>', text))
    counts = {
        f"cell-{i}-{j}": str(n) for i, row in enumerate(table) for j, n in enumerate(row) if n
    }
    assert links == counts
    for name, count in counts.items():
        body = text.partition(f'id="{name}"')[2].partition("</details>")[0]
        assert len(re.findall(r"<article|<figure", body)) == int(count), name


def test_the_features_of_training_are_found_again(workplace, telling_run, monkeypatch) -> None:
    """The network of a run that trained a head alone is that of its cached features."""

    def extracted(*_, **__):
        raise AssertionError("the photos went through the network once more")

    monkeypatch.setattr(embeddings, "cached_features", extracted)
    done = workplace.call("-m src_mindspore.report runs/telling")
    assert done.returncode == 0, done.stderr
    assert "read from the cache" in done.stderr
    text = (telling_run / "report.html").read_text()
    assert "it looked like these" in text
    assert "data:image/png" in text  # where the network looked: the maps add up to its logits


def test_refusals(workplace, telling_run, odd_run) -> None:
    page = odd_run / "report.html"
    before = page.read_bytes()
    for command, message in (
        ("nowhere", "nowhere is no run folder"),
        (f"{odd_run} --data nowhere", "the data folder nowhere does not exist"),
        (f"{odd_run} --data more", "has changed since: report.html; move or delete it"),
    ):
        if "more" in command:
            page.write_bytes(before + b"mine")
        done = workplace.call(f"-m src_mindspore.report {command}")
        assert done.returncode == 2, done.stderr
        assert message in done.stderr
        assert done.stderr.count("error:") == 1
    assert page.read_bytes() == before + b"mine"
    page.write_bytes(before)


def check_sections(found: Opened) -> None:
    for section in SECTIONS:
        assert found.page.locator(f"#{section}").is_visible(), section
    wide = found.page.evaluate("document.documentElement.scrollWidth")
    assert wide == found.page.viewport_size["width"], "the page is wider than the window"


def test_in_a_browser(odd_run) -> None:
    with chromium() as browser, opened(browser, odd_run / "report.html", 400, "dark") as found:
        page = found.page
        check_sections(found)
        # a cell opens its photos
        link = page.locator("table.confusion a[href^='#cell-']").first
        cell = link.get_attribute("href")
        assert not page.locator(f"{cell} >> visible=true").count()
        link.click()
        found.seen(cell)
        page.evaluate("document.querySelector('details:has(:target)').open = false")
        link.click()  # the same once more
        found.seen(cell)
        # names are text, in both languages
        first = page.locator("#class-0 td").first
        assert first.inner_text() == EVIL
        assert page.locator("img[src='x']").count() == 0
        assert page.locator("#class-1 td").first.inner_text() == ARABIC
        page.locator("label[for=zh]").click()
        assert page.locator("#class-1 td").first.inner_text() == "瓶<b>子"
        assert page.locator("nav a").first.inner_text() == "类别"
        assert page.evaluate("document.documentElement.lang") == "zh"
        found.quiet()


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_at_every_width_and_light(odd_run, width: int, scheme: str) -> None:
    with chromium() as browser:
        for language, first in (("en", "Classes"), ("zh-CN", "类别")):
            file = odd_run / "report.html"
            with opened(browser, file, width, scheme, language) as found:
                check_sections(found)
                assert found.page.locator("nav a").first.inner_text() == first
                back = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert (sum(map(int, re.findall(r"\d+", back))) > 380) == (scheme == "light")
                found.quiet()


@pytest.mark.long
def test_without_script_the_page_shows_the_same(odd_run) -> None:
    file = odd_run / "report.html"
    with chromium() as browser, opened(browser, file, script=False) as found:
        check_sections(found)
        link = found.page.locator("table.confusion a[href^='#cell-']").first
        link.click()
        found.seen(link.get_attribute("href"))
        found.page.locator("label[for=zh]").click()
        assert found.page.locator("nav a").first.inner_text() == "类别"
        found.quiet()


@pytest.mark.long
def test_on_paper_everything_is_open(odd_run) -> None:
    with chromium() as browser, opened(browser, odd_run / "report.html") as found:
        closed = "document.querySelectorAll('details:not([open])').length"
        before = found.page.evaluate(closed)
        assert before
        found.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert found.page.evaluate(closed) == 0
        found.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert found.page.evaluate(closed) == before
        assert found.page.pdf()[:5] == b"%PDF-"


@pytest.mark.long
def test_the_page_of_ten_thousand_photos(workplace, telling_run, tmp_path) -> None:
    """It shows a part, says so, and is below 10 MB; each photo here is there many times."""
    run = read_run(telling_run, workplace.folder / "more")
    shutil.copytree(run.data.root, tmp_path / "many")
    records = []
    for i in range(10_000):
        record = run.data.splits["val"][i % len(run.data.splits["val"])]
        place = Path(record.path).with_name(f"{i}{Path(record.path).suffix}")
        (tmp_path / "many" / place).hardlink_to(tmp_path / "many" / record.path)
        records.append(Record(str(place), record.label))
    splits = {**run.data.splits, "val": tuple(records)}
    data = replace(run.data, root=tmp_path / "many", splits=splits, known_digests=None)
    text = page_of(replace(run, data=data))
    assert len(text) < 10e6
    shown, of = re.search(r"(\d+) of (\d+) photos are shown", text).groups()
    assert int(shown) == WRONG < int(of)
    assert "the figures are not those of metrics.json" in text
    (tmp_path / "report.html").write_text(text)
    with chromium() as browser, opened(browser, tmp_path / "report.html") as found:
        check_sections(found)
        found.quiet()


@pytest.mark.long
def test_from_the_worst_class_to_its_wrong_labels_in_two_clicks(workplace, shared_data) -> None:
    """Three hats lie in the folder of the basketballs: they are what two clicks lead to."""
    data = workplace.folder / "mislabelled"
    for split, count in (("train", 20), ("val", 5)):
        for name in ("00_01", "00_03", "00_07", "01_07", "03_03"):
            source = shared_data / "garbage_26x100" / split / name
            (data / split / name).mkdir(parents=True)
            for photo in sorted(source.iterdir())[:count]:
                shutil.copy(photo, data / split / name)
    moved = []
    for photo in sorted((data / "val" / "00_01").iterdir())[:3]:
        place = photo.rename(data / "val" / "00_07" / f"moved-{photo.name}")
        moved.append(place.relative_to(data).as_posix())
    settings = (
        "backbone.weights=imagenet backbone.width_mult=1 input.size=160 features.views=0 "
        "head_stage.epochs=20 head_stage.lr.max=0.01 finetune_stage.epochs=0"
    )
    done = workplace.call(
        "train.py --config configs/demo.yaml --data mislabelled --run runs/mislabelled --set "
        + settings.replace(" ", " --set ")
    )
    assert done.returncode == 0, done.stderr
    file = workplace.folder / "runs/mislabelled/report.html"
    with chromium() as browser, opened(browser, file) as found:
        page = found.page
        page.locator("#worst").click()
        row = page.locator("tr:target")
        assert row.locator("td").first.get_attribute("title") == "00_07"
        row.locator("a").first.click()
        found.seen("div:target")
        cell = page.locator("div:target")
        assert sorted(cell.locator(".path").all_inner_texts()) == sorted(moved)
        # what they look like is hats: the alike training photos say so, and the page for most
        for card in cell.locator(".card").all():
            assert card.locator(".near li.said").count() >= 3
        assert cell.locator(".badge").count() >= 2
        found.quiet()
