"""The page without a network, and from one version to the next, in a real browser."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from browser import chromium
from playwright.sync_api import Browser, Error, expect
from web_page import Visit, visited, write_photos
from web_site import LABELS, Served, colour_spec, served, write_site

KEYS = "async () => (await caches.keys()).map((name) => name.split(' ').pop())"
CRIMSON = ({**LABELS[0], "en": "Crimson"}, *LABELS[1:])
FORGET = """async (end) => {
  const cache = await caches.open((await caches.keys())[0]);
  for (const request of await cache.keys())
    if (request.url.endsWith(end)) await cache.delete(request);
}"""
CHECK_UPDATE = """async () => {
  const registration = await navigator.serviceWorker.ready;
  try { await registration.update(); return 'found'; } catch (error) { return 'failed'; }
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))["red"]


@pytest.fixture(scope="module")
def versions(tmp_path_factory) -> dict[str, Path]:
    """Two versions of a site: the second has another label, and the same model."""
    folder = tmp_path_factory.mktemp("sites")
    return {
        "Red": write_site(folder / "old", {"colours": colour_spec()}),
        "Crimson": write_site(folder / "new", {"colours": colour_spec(CRIMSON)}),
    }


@pytest.fixture
def site(versions, tmp_path) -> Path:
    shutil.copytree(versions["Red"], tmp_path / "site")
    return tmp_path / "site"


def version_of(site: Path) -> str:
    return (site / "service_worker.js").read_text().partition('"')[2].partition('"')[0]


def installed(visit: Visit) -> None:
    """Waits until the page is kept whole, and loads it from there."""
    expect(visit.page.locator("#offline")).to_be_attached()
    visit.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    visit.page.reload()
    visit.ready()
    assert visit.page.evaluate("navigator.serviceWorker.controller !== null")


def says(visit: Visit, photo: Path, name: str) -> None:
    visit.choose(photo)
    visit.name(name)
    visit.home()


def update(site: Path, new: Path) -> None:
    shutil.copytree(new, site, dirs_exist_ok=True)


def become(visit: Visit, version: str) -> None:
    """Waits until this version, and no other, is kept."""
    kept = []
    for _ in range(100):
        with suppress(Error):  # the page has just been loaded anew
            kept = visit.page.evaluate(KEYS)
        if kept == [version]:
            return
        visit.page.wait_for_timeout(100)
    assert kept == [version]


def test_a_page_that_was_served_once_works_without_its_server(browser, site, photo) -> None:
    with ExitStack() as stack:
        serving = ExitStack()
        server: Served = serving.enter_context(served(site))
        visit = stack.enter_context(visited(browser, server))
        installed(visit)
        serving.close()
        reply = visit.page.reload()
        visit.ready()
        says(visit, photo, "Red")
        assert visit.page.evaluate("crossOriginIsolated")
        policy = reply.headers["content-security-policy"]
        meta = visit.page.locator("meta[http-equiv=Content-Security-Policy]")
        assert meta.get_attribute("content") == policy
        assert visit.page.evaluate(KEYS) == [version_of(site)]


@pytest.mark.long
def test_an_update_replaces_the_version_whole(browser, site, versions, photo) -> None:
    with served(site) as server, visited(browser, server) as visit:
        installed(visit)
        old = version_of(site)
        update(site, versions["Crimson"])
        server.asked.clear()
        visit.choose(photo)  # a page with an answer is not idle: it is not replaced under the eyes
        visit.name("Red")
        assert visit.page.evaluate(CHECK_UPDATE) == "found"
        renew = visit.page.locator("#renew-now")
        expect(renew).to_be_visible()
        assert sorted(visit.page.evaluate(KEYS)) == sorted([old, version_of(site)])
        visit.choose(photo)
        visit.name("Red")
        renew.click()
        become(visit, version_of(site))
        visit.ready()
        says(visit, photo, "Crimson")
        asked = {path.partition("?")[0] for path in server.asked}
        # what has not changed is not fetched again: the model, the runtime
        assert asked == {
            "/service_worker.js",
            "/files.js",
            "/models/colours/spec.json",
        }


@pytest.mark.long
def test_a_server_with_half_an_update_changes_nothing(browser, site, versions, photo) -> None:
    with served(site) as server, visited(browser, server) as visit:
        installed(visit)
        old = version_of(site)
        spec = site / "models/colours/spec.json"
        before = spec.read_bytes()
        update(site, versions["Crimson"])
        spec.write_bytes(before)  # the lists are new, this file is not yet
        visit.page.reload()
        visit.ready()
        says(visit, photo, "Red")
        assert old in visit.page.evaluate(KEYS)
        visit.page.reload()
        visit.ready()
        says(visit, photo, "Red")
        update(site, versions["Crimson"])
        with suppress(Error):  # it may be on its way to the new version itself
            visit.page.reload()
        become(visit, version_of(site))
        visit.ready()
        says(visit, photo, "Crimson")


@pytest.mark.long
def test_what_the_browser_dropped_is_fetched_again_in_the_same_version(
    browser, site, photo
) -> None:
    with served(site) as server, visited(browser, server) as visit:
        installed(visit)
        visit.page.evaluate(FORGET, "/spec.json")
        server.asked.clear()
        visit.page.reload()
        visit.ready()
        says(visit, photo, "Red")
        assert "/models/colours/spec.json" in server.asked
        assert "/models/colours/model.onnx" not in server.asked


@pytest.mark.long
@pytest.mark.parametrize("dropped", ["/screen.js", ""], ids=["a file", "everything"])
def test_what_cannot_be_had_any_more_has_the_page_come_from_the_server_whole(
    browser, site, versions, photo, dropped
) -> None:
    with served(site) as server, visited(browser, server) as visit:
        installed(visit)
        update(site, versions["Crimson"])
        source = site / "app/screen.js"
        source.write_text(source.read_text() + "\n")  # so that the old one is gone
        visit.page.evaluate(FORGET, dropped)
        visit.page.reload()
        visit.ready()
        says(visit, photo, "Crimson")
        assert visit.faults == [] or dropped  # a request that fails its check is in the console


@pytest.mark.long
def test_without_service_workers_the_page_works(browser, site, photo) -> None:
    with served(site) as server, visited(browser, server, service_workers="block") as visit:
        says(visit, photo, "Red")
        assert visit.page.evaluate("caches.keys()") == []


@pytest.mark.long
def test_two_pages_of_one_origin_keep_their_own(browser, versions, tmp_path, photo) -> None:
    for name, folder in (("a", "Red"), ("b", "Crimson")):
        shutil.copytree(versions[folder], tmp_path / name)
    with served(tmp_path) as server, visited(browser, server, path="a/") as visit:
        installed(visit)
        visit.page.goto(f"{server.url}b/")
        visit.ready()
        installed(visit)
        assert len(visit.page.evaluate(KEYS)) == 2
        says(visit, photo, "Crimson")
        visit.page.goto(f"{server.url}a/")
        visit.ready()
        says(visit, photo, "Red")
