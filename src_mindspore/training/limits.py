"""What the machine has no room for, said with the settings of a config that would help.

The rooms below say what was missing: to them a batch is a number and a cache is a folder.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from src_mindspore.features.errors import CacheError, NoRoomError
from src_mindspore.system.errors import UserError
from src_mindspore.system.memory import NoMemoryError

AGAIN = (  # for whoever trains a run
    ", in a new run (--run), which uses the cached features again; or less other work on this "
    "machine, and --resume"
)


@contextmanager
def settings_named(again: str = "") -> Iterator[None]:
    """Adds to such an error which setting would help.

    Args:
        again: how to go on with another batch size.

    Raises:
        UserError: in place of ``NoMemoryError`` and ``CacheError``.
    """
    try:
        yield
    except NoMemoryError as error:
        owner = "features" if error.work == "features" else f"{error.work}_stage"
        raise UserError(
            f"{error}: a smaller {owner}.batch_size than {error.size} is needed{again}"
        ) from None
    except NoRoomError as error:
        raise UserError(
            f"{error}. Fewer features.views or another features.cache_dir would do"
        ) from None
    except CacheError as error:
        raise UserError(f"{error}; another features.cache_dir would do") from None
