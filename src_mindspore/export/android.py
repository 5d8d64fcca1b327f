"""The exported model where the Android app is built."""

import shutil
from pathlib import Path

from src_mindspore.export.output import COMMAND
from src_mindspore.spec.model import FILE_NAME
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import Manifest

ANDROID_ASSETS = Path(__file__).resolve().parents[2] / "deploy/android/app/src/main/assets"
MODEL = "model.ms"  # whatever its quantisation, which the description tells by its content


def check_app(names: list[str], assets: Path = ANDROID_ASSETS) -> None:
    """Refuses what ``copy_to_app`` would, before the export.

    Args:
        names: of the files that will be exported.
        assets: where to.

    Raises:
        UserError: not exactly one model to copy, no app to copy to, or files of others there.
    """
    _model_of(names, "the files of this export")
    if not assets.parent.is_dir():
        raise UserError(f"--android copies to {assets}, and {assets.parent} is missing")
    _files(assets).refuse_others((MODEL, FILE_NAME), "move or delete them")


def copy_to_app(out: Path, assets: Path = ANDROID_ASSETS) -> None:
    """Copies the Lite model of an export and its description to where the Android app is built.

    Raises:
        UserError: see ``check_app``.
    """
    found = sorted(path.name for path in out.glob("*.ms"))
    model = _model_of(found, str(out))
    check_app([model], assets)
    assets.mkdir(exist_ok=True)
    app = _files(assets)
    for source, name in ((out / model, MODEL), (out / FILE_NAME, FILE_NAME)):
        with app.path(name) as temporary:
            shutil.copyfile(source, temporary)


def _files(assets: Path) -> Manifest:
    """The list of them lies beside the folder: what is in it goes into the app."""
    return Manifest(assets, COMMAND, kept_in=assets.parent)


def _model_of(names: list[str], place: str) -> str:
    """The name of the model for the app."""
    found = [name for name in names if name.endswith(".ms")]
    if MODEL not in found and len(found) != 1:
        got = ", ".join(found) or "none"
        raise UserError(f"--android copies {MODEL}, or the only .ms of {place}; got {got}")
    return MODEL if MODEL in found else found[0]
