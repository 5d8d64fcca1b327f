"""A search on paper: the table of single changes, the best head, its config, a picture."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from src_mindspore.comparison.statistics import shown_p
from src_mindspore.config.load import resolved_yaml
from src_mindspore.plots.parallel import draw_parallel
from src_mindspore.search.kept import BEST, FIGURES, PLOT, REPORT, SearchFolder
from src_mindspore.search.settings import in_words, nested
from src_mindspore.system.terminal import markdown_list, shown_name, some

# Axes of the picture, by attribute of HeadSettings
AXES = {
    "reduction": "pooling",
    "normalisation": "normalisation",
    "views": "views",
    "hidden": "hidden",
    "hidden_activation": "activation",
    "dropout": "dropout",
    "optimizer": "optimiser",
    "lr_max": "lr",
    "decay": "decay",
    "warmup_epochs": "warm-up",
    "weight_decay": "weight decay",
    "batch_size": "batch",
    "class_weights": "class weights",
    "label_smoothing": "smoothing",
    "activation": "output",
}
NUMBERS = ("lr_max", "weight_decay")  # axes with a scale; the others have a place for each value


def write_report(
    report: Mapping[str, Any], folder: SearchFolder, config: Path, aside: Mapping[str, Any]
) -> None:
    """Writes table, figures, picture and the best config.

    Args:
        report: of ``figures.report_of``.
        folder: where to.
        config: the file that was searched around, which the best config names as its base.
        aside: keys that take away what of it was not searched, by name.
    """
    folder.files.write_json(FIGURES, report)
    with folder.files.path(REPORT) as path:
        path.write_text(markdown(report), encoding="utf-8", errors="backslashreplace")
    with folder.files.path(BEST) as path:
        text = best_config(report, os.path.relpath(config.resolve(), folder.path.resolve()), aside)
        path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
    with folder.files.path(PLOT) as path:
        lines = [(_values(head), head["errors"], head["complete"]) for head in report["heads"]]
        draw_parallel(
            path, list(AXES.values()), [AXES[n] for n in NUMBERS], lines, report["scored"]
        )


def _values(head: Mapping[str, Any]) -> list[Any]:
    """Of a head on every axis."""
    found = []
    for name in AXES:
        value = head["settings"][name]
        if name == "hidden":
            value = " ".join(map(str, value)) or "none"
        if name == "hidden_activation" and not head["settings"]["hidden"]:
            value = "none"
        if name == "activation":
            value = "sigmoid" if value == "sigmoid" else "softmax"
        found.append(value)
    return found


def best_config(report: Mapping[str, Any], base: str, aside: Mapping[str, Any]) -> str:
    """The best head as YAML for ``train.py``: what differs from the config that was searched.

    Args:
        report: of ``figures.report_of``.
        base: path of that config, as seen from this one's folder.
        aside: keys that take away what of it was not searched, by name.
    """
    best, honest = report["best"], report["honest"]
    low, high = honest["accuracy_interval"]
    said = [
        f"The best of {report['tried']} heads, found by tune.py: {best['errors']} errors of "
        f"{report['scored']:,} in cross-validation, {report['base']['errors']} before.",
        f"These errors chose it, and flatter: on folds that did not choose, {honest['errors']} "
        f"({honest['accuracy']:.2%}, {low:.1%} to {high:.1%}).",
        *(["The head alone is trained, as it was searched."] if aside else []),
    ]
    table = {"base": base, **nested({**best["changes"], **aside})}
    return "".join(f"# {line}\n" for line in said) + resolved_yaml(table)


def markdown(report: Mapping[str, Any]) -> str:
    """The whole report."""
    blocks = [
        "# A search of heads",
        markdown_list(report["about"]),
        "## Each change alone",
        table(report),
        "## The best",
        markdown_list(words(report)),
        "## How to read it",
        markdown_list(notes(report)),
    ]
    return "\n\n".join(blocks) + "\n"


def table(report: Mapping[str, Any]) -> str:
    """What each change alone did, a row each, in groups."""
    lines = [
        "| | change | errors | accuracy | NLL | difference | p | seconds |",
        "|---|---|---|---|---|---|---|---|",
        _row("", "the config as it is", report["base"]),
    ]
    group = ""
    for row in report["rows"]:
        lines.append(_row("" if row["group"] == group else row["group"], row["label"], row))
        group = row["group"]
    return "\n".join(lines)


def _row(group: str, label: str, row: Mapping[str, Any]) -> str:
    found = row.get("difference")
    loss = "diverged" if row["loss"] is None else f"{row['loss']:.3f}"
    cells = [
        group,
        label,
        str(row["errors"]),
        f"{row['accuracy']:.2%}",
        loss,
        f"{found['errors']:+.0f} ± {found['error']:.1f}" if found else "–",
        _p(found),
        f"{row['seconds']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _p(found: Mapping[str, Any] | None) -> str:
    """Bold where it holds although so many were compared."""
    if not found:
        return "–"
    text = shown_p(found["p"]).removeprefix("p ").removeprefix("= ")
    return f"**{text}**" if found["p_holm"] < 0.05 else text


def words(report: Mapping[str, Any]) -> list[str]:
    """What was found, in plain words."""
    best, honest, base = report["best"], report["honest"], report["base"]
    low, high = honest["accuracy_interval"]
    found = honest["difference"]
    choices = honest["choices"]
    same, others = choices.count(best["label"]), set(choices) - {best["label"]}
    lines = [
        f"the best of {report['tried']} heads by all folds: {in_words(best['changes'])}; it makes "
        f"{best['errors']} errors, which flatter, since they chose it; the config makes "
        f"{base['errors']}",
        f"scored on folds that did not choose: {honest['errors']} errors of {report['scored']:,}, "
        f"{honest['accuracy']:.2%} ({low:.1%} to {high:.1%}), {found['errors']:+.0f} ± "
        f"{found['error']:.1f} to the config",
        honest["verdict"],
        f"without a fold the same head is chosen in {same} of {len(choices)} cases"
        + (f"; else: {some(sorted(others), 3, sign='; ')}" if others else ""),
    ]
    if report["left_out"]:
        left_out = some(report["left_out"], 4, sign="; ")
        lines.append(f"not tried, for which --minutes or --heads has to be more: {left_out}")
    return [shown_name(line) for line in lines]


def notes(report: Mapping[str, Any]) -> list[str]:
    """What has to be known to read it."""
    told = " ± ".join(["errors less those of the config", "standard error over groups of photos"])
    return [
        f"every photo is scored once, by a head trained on the other folds ({report['folds']}); "
        f"NLL: mean negative log-likelihood, without a temperature; seconds: of all folds, on one "
        f"thread",
        f"difference: {told} that are alike; p: paired randomisation test over these groups; bold: "
        f"below 0.05 after Holm for all rows. About one row in twenty is below 0.05 by chance, and "
        f"all have one seed: compare.py --seeds 3 tells more of two configs",
        f"the other {report['tried'] - 1 - len(report['rows'])} heads were drawn, half of them "
        f"near the config, and halved: of "
        f"{', '.join(map(str, report['rungs']))} epochs each, the better third goes on; errors "
        f"decide, then NLL",
        "scored on folds that did not choose: for each fold all choices, halving included, are "
        "made by the other folds, and what they choose is scored on it",
    ]
