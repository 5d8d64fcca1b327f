"""How fast the page of a run opens in a browser: to the first paint, and to the load event.

``python benchmarks/page.py RUN`` opens ``RUN/report.html`` in Debian's Chromium without a window,
each time in a new profile, at the widths of a phone and of a desktop, and prints the medians in
milliseconds: first contentful paint and the end of the load event by the browser's own clock
(W3C Navigation Timing Level 2, Paint Timing), and the time of the whole call by this process.
"""

import argparse
import shutil
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

WIDTHS = (400, 1400)  # pixels
ASKED = 1000.0  # ms from the navigation to the load event
TIMES = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return [paint ? paint.startTime : NaN, page.loadEventEnd];
}"""


def opened(browser: Browser, url: str, width: int) -> tuple[float, float, float]:
    """Opens a page once.

    Returns:
        Milliseconds to the first contentful paint, to the end of the load event, and of the call.
    """
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    try:
        page = context.new_page()
        began = time.perf_counter()
        page.goto(url, wait_until="load")
        whole = 1000 * (time.perf_counter() - began)
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        paint, load = page.evaluate(TIMES)
    finally:
        context.close()
    return paint, load, whole


def main() -> int:
    """See the text above; 1 where the load event ends later than asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder, or a page")
    parser.add_argument("--rounds", type=int, default=9, help="at each width (default: 9)")
    args = parser.parse_args()
    file = args.run / "report.html" if args.run.is_dir() else args.run
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not file.is_file() or chromium is None:
        parser.error(f"{file} and chromium are needed")
    print(f"{file}, {file.stat().st_size / 1e6:.2f} MB, {args.rounds} rounds each")
    print("| width | first paint, ms | load event, ms | slowest | whole call, ms |")
    print("|---|---|---|---|---|")
    slow = False
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in WIDTHS:
            url = file.resolve().as_uri()
            opened(browser, url, width)  # the browser itself has to wake up
            rounds = [opened(browser, url, width) for _ in range(args.rounds)]
            paint, load, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
            slowest = max(row[1] for row in rounds)
            print(f"| {width} | {paint:.0f} | {load:.0f} | {slowest:.0f} | {whole:.0f} |")
            slow = slow or load > ASKED
        browser.close()
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
