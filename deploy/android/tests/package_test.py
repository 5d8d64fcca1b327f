#!/usr/bin/env python3
"""Checks the app's manifest, resources and Java where there is no Android SDK.

Example:
    apt-get install aapt android-framework-res openjdk-17-jdk-headless
    pip install -r requirements-dev.txt
    python deploy/android/tests/package_test.py

With an SDK, give its ``--android-jar``; then resources and Java are checked against that. Without
one, resources are linked against Debian's android-framework-res (Android 10) and Java is compiled
against declarations made from the Python package chaquopy-stubs-android (see android_stubs.py).

Exit status 0 when all checks passed, 1 when one failed, 2 when something is missing.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from android_stubs import Stubs

ANDROID = Path(__file__).resolve().parent.parent
MAIN = ANDROID / "app/src/main"
LIBRARY = ANDROID / "classifier/src/main"
FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
STUBS = "chaquopy-stubs-android"
NS = "{http://schemas.android.com/apk/res/android}"
JAVAC = ["javac", "--release", "8", "-encoding", "UTF-8"]


class CheckError(Exception):
    """A check failed; the text says what was expected and what was got."""


def require(condition: object, message: str) -> None:
    """Raises CheckError with the message unless the condition holds."""
    if not condition:
        raise CheckError(message)


def run(*command: object) -> str:
    """Runs a program and returns what it printed; its messages are the error's text."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def properties() -> dict[str, str]:
    """The versions in gradle.properties."""
    lines = (ANDROID / "gradle.properties").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


def link(work: Path, framework: Path) -> Path:
    """Compiles and links manifest and resources as the Gradle plugin does; returns the package."""
    manifest = work / "AndroidManifest.xml"
    text = (MAIN / "AndroidManifest.xml").read_text(encoding="utf-8")
    manifest.write_text(
        text.replace("<manifest ", '<manifest package="org.pocketlens.app" ', 1), encoding="utf-8"
    )
    run("aapt2", "compile", "--dir", MAIN / "res", "-o", work / "res.zip")
    versions, linked, package = properties(), work / "linked.apk", work / "app.apk"
    run(
        *("aapt2", "link", "-o", linked, "--manifest", manifest, "-I", framework),
        *("--java", work / "gen", "-A", MAIN / "assets", "-0", "ms"),
        *("--min-sdk-version", versions["versionMinSdk"]),
        *("--target-sdk-version", versions["versionTargetSdk"]),
        *("--version-code", versions["versionAppCode"]),
        *("--version-name", versions["versionApp"]),
        work / "res.zip",
    )
    return linked.rename(package)  # what failed leaves no package


def check_permissions(package: Path) -> None:
    """The packed app asks for nothing, INTERNET least of all."""
    said = run("aapt2", "dump", "badging", package)
    asked = re.findall(r"^(?:uses-)?permission.*$", said, re.MULTILINE)
    require(not asked, f"expected no permissions; got {asked}")
    versions = properties()
    for key, name in (("sdkVersion", "versionMinSdk"), ("targetSdkVersion", "versionTargetSdk")):
        require(f"{key}:'{versions[name]}'" in said, f"{key} is not {versions[name]}")
    require("launchable-activity: name='org.pocketlens.app.MainActivity'" in said, "no launcher")


def check_components() -> None:
    """Every component of the manifest is a class, and every one says whether it is exported."""
    root = ET.parse(MAIN / "AndroidManifest.xml").getroot()  # noqa: S314 (our own file)
    components = [e for tag in ("activity", "provider") for e in root.iter(tag)]
    require(len(components) == 2, f"expected 2 components; got {len(components)}")
    for element in components:
        path = MAIN / "java" / (element.attrib[f"{NS}name"].replace(".", "/") + ".java")
        require(path.is_file(), f"the manifest names {path.name}, which does not exist")
        require(f"{NS}exported" in element.attrib, f"{path.stem} does not say android:exported")
    authority = next(root.iter("provider")).attrib[f"{NS}authorities"]
    source = (MAIN / "java/org/pocketlens/app/CameraFile.java").read_text(encoding="utf-8")
    require(f'"{authority}"' in source, f"CameraFile.java does not have {authority}")


def strings(folder: str) -> dict[str, str]:
    """The texts of one language."""
    root = ET.parse(MAIN / "res" / folder / "strings.xml").getroot()  # noqa: S314
    return {e.attrib["name"]: e.text or "" for e in root.iter("string")}


def check_languages() -> None:
    """Both languages have the same keys and placeholders; every key is used; none is typed in."""
    english, chinese = strings("values"), strings("values-zh")
    require(english.keys() == chinese.keys(), f"differ: {english.keys() ^ chinese.keys()}")
    for key, text in english.items():
        places = [sorted(re.findall(r"%\d\$s", t)) for t in (text, chinese[key])]
        require(places[0] == places[1], f"{key}: placeholders {places[0]} and {places[1]}")
        if key not in ("app_name", "language"):
            require(
                re.search("[\u3000-\u9fff\uff00-\uffef]", chinese[key]), f"{key} is not in Chinese"
            )
    files = [*MAIN.rglob("*.java"), *(MAIN / "res").glob("layout*/*.xml")]
    everything = "\n".join(f.read_text(encoding="utf-8") for f in files)
    everything += (MAIN / "AndroidManifest.xml").read_text(encoding="utf-8")
    for key in english:
        used = re.search(rf"(R\.string\.|@string/){key}\b", everything)
        require(used, f"the text {key} is not used")
    typed = re.findall(r'android:(?:text|contentDescription)="(?!@)[^"]*"', everything)
    require(not typed, f"texts outside strings.xml: {typed}")


def check_accessible() -> None:
    """Pictures and progress have a description, or are said to need none."""
    for path in (MAIN / "res").glob("layout*/*.xml"):
        for element in ET.parse(path).iter():  # noqa: S314
            if element.tag in ("ImageView", "ImageButton", "ProgressBar"):
                said = f"{NS}contentDescription" in element.attrib
                silent = element.attrib.get(f"{NS}importantForAccessibility") == "no"
                require(said or silent, f"{path.name}: {element.tag} has no description")


def check_contrast() -> None:
    """Text has a contrast of 4.5 to what it stands on (WCAG 2.1, 1.4.3), by day and by night."""
    for folder in ("values", "values-night"):
        root = ET.parse(MAIN / "res" / folder / "colors.xml").getroot()  # noqa: S314
        light = {e.attrib["name"]: luminance(e.text or "") for e in root.iter("color")}
        pairs = [(t, "background") for t in ("text", "text_quiet", "accent", "error")]
        for text, ground in [*pairs, ("on_accent", "accent")]:
            low, high = sorted((light[text], light[ground]))
            ratio = (high + 0.05) / (low + 0.05)
            require(ratio >= 4.5, f"{folder}: {text} on {ground} has a contrast of {ratio:.2f}")


def luminance(colour: str) -> float:
    """Relative luminance of "#AARRGGBB", 0..1 (WCAG 2.1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (3, 5, 7)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def check_versions() -> None:
    """README.md names every version that gradle.properties sets, and no build file does."""
    readme = (ANDROID / "README.md").read_text(encoding="utf-8")
    for key, value in properties().items():
        if key.startswith("version") and not key.startswith("versionApp"):
            require(f"`{key}` | {value} |" in readme, f"README.md does not say {key} {value}")
    for path in [*ANDROID.glob("*.gradle"), *ANDROID.glob("*/build.gradle")]:
        code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        typed = re.findall(r"\d+\.\d+(?:\.\d+)*", code)
        require(not typed, f"{path.name} has versions of its own: {typed}")


def stub_classes(work: Path, sources: list[Path]) -> Path:
    """Compiled declarations of Android's classes."""
    package = distribution(STUBS)
    count = Stubs(Path(str(package.locate_file(""))), sources).write(work / "stubs")
    print(f"     {count} Android classes declared from {STUBS} {package.version}")
    classes = work / "stub_classes"
    classes.mkdir()
    run(*JAVAC, "-nowarn", "-d", classes, *sorted((work / "stubs").rglob("*.java")))
    return classes


def check_java(work: Path, jar: Path | None) -> None:
    """The Java of both modules compiles; every warning is an error."""
    sources = sorted([*(MAIN / "java").rglob("*.java"), *(LIBRARY / "java").rglob("*.java")])
    path = jar or stub_classes(work, sources)
    generated = (work / "gen").rglob("*.java")
    classes = work / "classes"
    classes.mkdir()
    strict = ["-Xlint:all,-options", "-Werror", "-cp", path, "-d", classes]
    run(*JAVAC, *strict, *sources, *generated)


def missing(android_jar: Path | None) -> list[str]:
    """What is not here, each with the command that brings it."""
    wanted = {"aapt2": "aapt", "javac": "openjdk-17-jdk-headless"}
    lacking = [f"{p}: apt-get install {wanted[p]}" for p in wanted if shutil.which(p) is None]
    if android_jar is not None:
        return lacking + ([] if android_jar.is_file() else [str(android_jar)])
    if not FRAMEWORK.is_file():
        lacking.append(f"{FRAMEWORK}: apt-get install android-framework-res")
    try:
        distribution(STUBS)
    except PackageNotFoundError:
        lacking.append(f"{STUBS}: pip install -r requirements-dev.txt")
    return lacking


def main() -> int:
    """Runs all checks; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--android-jar", type=Path, help="of an SDK: platforms/android-NN/")
    args = parser.parse_args()
    framework = args.android_jar or FRAMEWORK
    if lacking := missing(args.android_jar):
        print(f"missing: {'; '.join(lacking)}", file=sys.stderr)
        return 2
    failed = passed = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        checks: dict[str, Callable[[], object]] = {
            "manifest and resources": lambda: link(work, framework),
            "no permissions": lambda: check_permissions(work / "app.apk"),
            "components": check_components,
            "languages": check_languages,
            "descriptions for screen readers": check_accessible,
            "contrast": check_contrast,
            "versions": check_versions,
            "Java": lambda: check_java(work, args.android_jar),
        }
        for name, check in checks.items():
            try:
                check()
                passed += 1
                print(f"ok   {name}")
            except CheckError as error:
                failed += 1
                print(f"FAILED {name}: {error}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
