"""Errors of rooms below get the settings that would help."""

from pathlib import Path

import pytest

from src_mindspore.features.errors import CacheError, NoRoomError
from src_mindspore.system.errors import UserError
from src_mindspore.system.memory import batch_of
from src_mindspore.training.limits import AGAIN, settings_named

DISK = NoRoomError(Path("cache"), 3_000_000, 2_000_000)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            DISK,
            "the feature cache in cache needs 3 MB; 2 MB are free. Fewer features.views or another "
            "features.cache_dir would do",
        ),
        (CacheError("no cache"), "no cache; another features.cache_dir would do"),
        (UserError("as it is"), "as it is"),
    ],
)
def test_the_setting_is_named(error: UserError, text: str) -> None:
    with pytest.raises(UserError) as info, settings_named():
        raise error
    assert str(info.value) == text


@pytest.mark.parametrize(
    ("work", "setting"),
    [("features", "features.batch_size"), ("finetune", "finetune_stage.batch_size")],
)
def test_whose_batch_it_is(work: str, setting: str) -> None:
    with pytest.raises(UserError) as info, settings_named(AGAIN), batch_of(work, 4):
        raise MemoryError
    assert str(info.value) == (
        f"there is no memory for a batch of 4 ({work}: MemoryError): a smaller {setting} than 4 is "
        "needed, in a new run (--run), which uses the cached features again; or less other work on "
        "this machine, and --resume"
    )
