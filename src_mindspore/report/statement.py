"""A score in words: never without the number of photos, the split and the model file."""

from typing import Any


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
    if result["selected_on"] == split:
        lines.append(
            f"epoch, temperature and threshold were chosen on photos of {split}: other photos "
            f"will score a little lower"
        )
    return lines
