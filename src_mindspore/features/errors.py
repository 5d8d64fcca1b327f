"""Why a feature cache cannot be used: the facts, as this room knows no settings that would help."""

from pathlib import Path

from src_mindspore.system.errors import UserError


class CacheError(UserError):
    """The folder of the cache cannot be written."""


class NoRoomError(CacheError):
    """What an entry needs is more than the disk has.

    Args:
        cache: its folder.
        needed: bytes.
        free: bytes.
    """

    def __init__(self, cache: Path, needed: int, free: int) -> None:
        super().__init__(
            f"the feature cache in {cache} needs {needed / 1e6:,.0f} MB; "
            f"{free / 1e6:,.0f} MB are free"
        )
