"""The features that heads are trained on and tried on, without a head: of all photos at once."""

from src_mindspore.backbone import POOLED
from src_mindspore.dataset import DataSet
from src_mindspore.features.store import Rows
from src_mindspore.network.device import seed_everything
from src_mindspore.training.limits import settings_named
from src_mindspore.training.materials import plain_values, training_features
from src_mindspore.training.part import SCORED, whole_materials
from src_mindspore.training.recipes import Recipe


@settings_named()
def pooled_features(recipe: Recipe, whole: DataSet) -> dict[str, tuple[Rows, Rows]]:
    """What fits of the recipe would read, see ``part.extract``; computed where it is not cached.

    Args:
        recipe: of ``recipe_of``; its head reads pooled features.
        whole: all photos, not divided.

    Returns:
        By reduction the cached views (photos, views + 1, C), the plain one first, and the plain
        view as it is scored, (photos, 1, C), in the order of ``whole.records("all")``; NaN for a
        photo that cannot be read any more.

    Raises:
        UserError: see ``cached_features``.
    """
    seed_everything(recipe.options.seed)  # where the frozen layers are random, those of a run
    materials = whole_materials(recipe, whole)
    names = sorted(POOLED)
    views = training_features(
        materials.classifier, names, materials.input, recipe.options, materials
    )
    found = {}
    for name in names:
        plain = plain_values(SCORED, name, recipe.options, materials)
        # both are of all photos in their order
        found[name] = views[name].rows, plain.rows.rows
    return found
