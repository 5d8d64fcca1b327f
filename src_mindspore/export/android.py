"""The exported model where the Android app is built."""

import shutil
from pathlib import Path

from src_mindspore.spec.model import FILE_NAME
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import atomic_path

ANDROID_ASSETS = Path(__file__).resolve().parents[2] / "deploy/android/app/src/main/assets"


def copy_to_app(out: Path, assets: Path = ANDROID_ASSETS) -> None:
    """Copies the Lite model of an export and its description to where the Android app is built.

    The app's model is called ``model.ms`` whatever its quantisation; the description tells it by
    its content.

    Raises:
        UserError: not exactly one model to copy, or there is no app to copy to.
    """
    found = sorted(out.glob("*.ms"))
    plain = out / "model.ms"
    if len(found) != 1 and plain not in found:
        names = ", ".join(path.name for path in found) or "none"
        raise UserError(f"--android copies model.ms, or the only .ms of {out}; got {names}")
    if not assets.parent.is_dir():
        raise UserError(f"--android copies to {assets}, and {assets.parent} is missing")
    assets.mkdir(exist_ok=True)
    model = plain if plain in found else found[0]
    for source, name in ((model, plain.name), (out / FILE_NAME, FILE_NAME)):
        with atomic_path(assets / name) as temporary:
            shutil.copyfile(source, temporary)
