"""A score in words: never without the number of photos, the split and the model file."""

from typing import Any

PARTS = {  # of `photos.identity`, beside those that were trained or chosen on
    "test": "the run's test photos: nothing was chosen on them",
    "left_out": "photos that the run left out of training, as evaluated ones are like them",
    "excluded": "photos that the run was told to leave out (data.exclude)",
    "new": "new: the run had none of them",
}


def statement(result: dict[str, Any]) -> list[str]:
    """Lines for people about a split.

    Args:
        result: of ``score.figures``.
    """
    low, high = result["top1_interval"]
    split, model = result["split"], result["model"]
    lines = [
        f"{split} top-1 {result['top1']:.2%} (n={result['n']}, 95% interval {low:.1%} to "
        f"{high:.1%})  top-5 {result['top5']:.2%}  macro F1 {result['macro_f1']:.2%}",
        f"{split} loss {result['loss']:.4f}  calibration error {result['ece']:.4f} "
        f"({len(result['reliability'])} bins of equal width), {result['ece_adaptive']:.4f} (of "
        f"equal number), temperature {result['temperature']:.3f}",
    ]
    if kept := result["abstaining"]:
        said = "none"
        if kept["answered"]:
            low, high = kept["precision_interval"]
            said = (
                f"{kept['right']} right: precision {kept['precision']:.2%} (95% interval "
                f"{low:.1%} to {high:.1%})"
            )
        lines.append(
            f"{split} answered {kept['answered']} of {kept['n']} ({kept['coverage']:.2%}) with a "
            f"score of {kept['threshold']:.4f} or more, {said}"
        )
    lines.append(f"of {model['file']}, sha256 {model['sha256'][:16]}, {model['runtime']}")
    return [*lines, *_identity(result)]


def _identity(result: dict[str, Any]) -> list[str]:
    """What is known of the scored photos, told by their content; see ``photos.identity``."""
    n, split = result["n"], result["split"]
    # metrics.json of earlier versions says nothing of it, and is about the run's own photos
    seen = result.get("identity", {"checked": True, split: n})
    if not seen["checked"]:
        return [f"whether the model has seen these photos cannot be told: {seen['reason']}"]
    lines = []
    if trained := seen.get("train"):
        lines.append(
            f"WARNING: {trained} of {n} photos are ones that the model was trained on: this score "
            f"says little about other photos"
        )
    if chosen := seen.get("val") if result["selected_on"] else None:
        which = "these photos" if chosen == n else f"{chosen} of these {n} photos"
        lines.append(
            f"epoch, temperature and threshold were chosen on {which} (val of the run): other "
            f"photos will score a little lower"
        )
    for part, text in PARTS.items():
        if count := seen.get(part):
            lines.append(f"{'all' if count == n else f'{count} of'} {n} photos are {text}")
    return lines
