"""A comparison as Markdown: what was asked, how good each is, at which cost, and what it tells."""

from collections.abc import Mapping, Sequence
from typing import Any

from src_mindspore.comparison.statistics import shown_p
from src_mindspore.evaluation.calibration import MIN_PHOTOS
from src_mindspore.system.terminal import in_markdown, markdown_list, shown_name, some

MILLION = 1e6


def markdown(report: Mapping[str, Any]) -> str:
    """The whole report.

    Args:
        report: what ``compare.json`` holds, see ``report.report_of``.
    """
    blocks = [
        f"# {', '.join(map(_cell, report['rows']))}",
        markdown_list(report["about"]),
        score_table(report),
        cost_table(report),
        markdown_list(lines_of_words(report)),
        markdown_list(notes(report)),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def lines_of_words(report: Mapping[str, Any]) -> list[str]:
    """The verdict on every recipe but the first, in plain words."""
    return [row["difference"]["verdict"] for row in report["rows"] if row["difference"]]


def score_table(report: Mapping[str, Any]) -> str:
    """The table of scores alone."""
    return _table(_SCORES, report["rows"])


def cost_table(report: Mapping[str, Any]) -> str:
    """The table of costs alone."""
    return _table(_COSTS, report["rows"])


def notes(report: Mapping[str, Any]) -> list[str]:
    """What has to be known to read the tables."""
    seeds = len(report["seeds"])
    spread = f"mean of {seeds} seeds ± their standard deviation; " if seeds > 1 else ""
    lines = [
        f"errors: {spread}of {report['scored']:,} photos, each scored once a seed by a model that "
        f"has not seen it or its like; accuracy with its 95 % interval (Wilson)",
        "difference: errors less those of the first, ± standard error over groups of photos that "
        "are alike; p: paired randomisation test over these groups, of the errors of all seeds "
        "(one photo a group and one seed: McNemar's exact test); McNemar: the exact test by photo, "
        "of each seed",
        "NLL: mean negative log-likelihood; ECE: expected calibration error, 15 bins; with T: "
        "divided by a temperature that was fitted on the other folds",
    ]
    lines += _other_loss(report["rows"])
    lines += [_average(row, report) for row in report["rows"] if row.get("members")]
    if engine := report.get("engine"):
        lines.append(engine)
    if places := report["always_wrong"]:
        lines.append(
            f"wrong in every recipe and seed, so that their labels are worth a look: {len(places)} "
            f"photos: {some(places)}"
        )
    return lines


def _other_loss(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whose NLL is another number than that of the others."""
    sigmoid = [_name(row) for row in rows if row["kind"] == "sigmoid_logits"]
    if not sigmoid or len(sigmoid) == len(rows):
        return []
    return [
        f"NLL of {some(sigmoid)}, with sigmoid outputs, is the binary cross entropy, mean over the "
        f"classes; it cannot be compared with that of the others, which is of the class alone"
    ]


def _average(row: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """How a row of an average came about."""
    names = some([shown_name(name) for name in row["members"]])
    if report["scored"] < MIN_PHOTOS:
        how = f"without temperatures, of which fewer than {MIN_PHOTOS} photos have none"
    else:
        how = (
            "each after a temperature that was fitted on the other folds, as an exported average "
            "has those of its runs; with T: divided by a further one"
        )
    return (
        f"{_name(row)}: the mean of the probabilities of {names}, {how}; parameters, "
        f"multiply-adds, bytes and seconds are sums, and so is the time of a photo"
    )


def _name(row: Mapping[str, Any]) -> str:
    return shown_name(row["name"])


def _cell(row: Mapping[str, Any]) -> str:
    return in_markdown(_name(row))


def _errors(row: Mapping[str, Any]) -> str:
    if row["errors_sd"] is None:
        return str(row["errors"][0])
    return f"{row['errors_mean']:.1f} ± {row['errors_sd']:.1f}"


def _accuracy(row: Mapping[str, Any]) -> str:
    low, high = row["accuracy_interval"]
    return f"{row['accuracy']:.2%} ({low:.1%} to {high:.1%})"


def _scaled(row: Mapping[str, Any]) -> str:
    scaled = row["temperature"]
    return f"{scaled['loss']:.3f}, {scaled['ece']:.3f}" if scaled else "–"


def _difference(row: Mapping[str, Any]) -> str:
    found = row["difference"]
    if not found:
        return "–"
    return (
        f"{found['errors']:+.1f} ± {found['error']:.1f} "
        f"({found['points']:+.2f} ± {found['points_error']:.2f} points)"
    )


def _p(row: Mapping[str, Any]) -> str:
    return shown_p(row["difference"]["p"]).removeprefix("p = ") if row["difference"] else "–"


def _mcnemar(row: Mapping[str, Any]) -> str:
    if not row["difference"]:
        return "–"
    return ", ".join(shown_p(p).removeprefix("p = ") for p in row["difference"]["mcnemar"])


def _number(key: str, form: str, unit: float = 1.0) -> Any:
    """A column of ``costs``; a dash where it was not measured."""

    def text(row: Mapping[str, Any]) -> str:
        value = row["costs"].get(key)
        return "–" if value is None else format(value / unit, form)

    return text


_SCORES = {
    "recipe": _cell,
    "errors": _errors,
    "accuracy": _accuracy,
    "macro F1": lambda row: f"{row['macro_f1']:.2%}",
    "NLL": lambda row: f"{row['loss']:.3f}",
    "ECE": lambda row: f"{row['ece']:.3f}",
    "with T: NLL, ECE": _scaled,
    "difference": _difference,
    "p": _p,
    "McNemar": _mcnemar,
}
_COSTS = {
    "recipe": _cell,
    "parameters, million": _number("parameters", ".2f", MILLION),
    "multiply-adds, million": _number("multiply_adds", ".0f", MILLION),
    "`.ms`, MB": _number("ms_bytes", ".2f", MILLION),
    "photos a second": _number("photos_per_second", ".0f"),
    "training, s a fold": lambda row: f"{row['seconds']:.1f}",
}


def _table(columns: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [list(columns), *([text(row) for text in columns.values()] for row in rows)]
    cells.insert(1, ["---"] * len(columns))
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)
