"""The table that ``evaluate.py`` prints stays one that can be read."""

import evaluate


def row(n: int, f1: float) -> dict:
    return {"n": n, "precision": f1, "recall": f1 if n else None, "f1": f1}


def test_of_many_classes_the_worst_are_shown(capsys):
    rows = [row(3, 0.9) for _ in range(5000)]
    rows[4321], rows[17], rows[5] = row(3, 0.1), row(3, 0.5), row(0, 0.0)
    evaluate.print_classes({"per_class": rows}, [f"c{i}" for i in range(5000)])
    first, head, *lines = capsys.readouterr().out.splitlines()
    assert first == f"5,000 classes; the {evaluate.FEW_ROWS} of lowest F1 (all: --json FILE)"
    assert head.startswith("class")
    assert len(lines) == evaluate.FEW_ROWS
    assert [line.split()[0] for line in lines[:3]] == ["c4321", "c17", "c0"]


def test_of_few_classes_all_are_shown_in_their_order(capsys):
    rows = [row(1, 1.0), row(0, 0.0), row(2, 0.5)]
    evaluate.print_classes({"per_class": rows}, ["a", "b", "c"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["class", "a", "b", "c"]


def test_chinese_names_have_two_columns_a_character(capsys):
    rows = [row(1, 1.0), row(2, 0.5)]
    evaluate.print_classes({"per_class": rows}, ["Hat 帽子", "Newspaper"])
    head, hat, newspaper = capsys.readouterr().out.splitlines()
    assert head == "class         n  precision  recall      f1"
    assert hat == "Hat 帽子      1     100.0%  100.0%  100.0%"
    assert newspaper == "Newspaper     2      50.0%   50.0%   50.0%"
