"""The Chinese README says what the English one says: same commands, numbers, links and tables."""

import pytest
from translation import differences, numbers, sections
from workplace import REPOSITORY

# the line under the title that leads to the other language
SWITCHES = {"README.md": "[中文](README.zh.md)", "README.zh.md": "[English](README.md)"}

ENGLISH = """# Title

Train on 1,996 photos with `train.py
--data DIR`, see [this](docs/heads.md): 95 % (-27.3 ± 9.5).

```bash
make demo     # about 5 minutes, see `make test`
```

## Numbers

| what | share |
|---|---|
| `a` | 5 % |
| `b` | 6 % |

- One of 8e-6.
- Another.

![curves](docs/curves.png)
"""
CHINESE = """# 标题

用 `train.py --data DIR` 在 1996 张照片上训练，见[这里](docs/heads.md)：95%（-27.3 ± 9.5）。

```bash
make demo     # 约 5 分钟，见 `make test`
```

## 数字

| 内容 | 比例 |
|---|---|
| `a` | 5% |
| `b` | 6% |

- 8e-6 之一。
- 另一项。

![曲线](docs/curves.png)
"""


def test_the_chinese_readme_says_what_the_english_one_says() -> None:
    texts = []
    for name, switch in SWITCHES.items():
        title, _, rest = (REPOSITORY / name).read_text(encoding="utf-8").partition("\n\n")
        assert rest.startswith(f"{switch}\n\n"), f"{name}: no {switch} under its title"
        texts.append(f"{title}\n\n\n\n{rest.removeprefix(switch)[2:]}")  # lines keep their numbers
    found = differences(*texts)
    assert not found, "README.zh.md is not README.md in Chinese:\n" + "\n".join(found)


def test_a_translation_does_not_differ() -> None:
    assert differences(ENGLISH, CHINESE) == []
    assert [(x.level, x.title, len(x.blocks)) for x in sections(CHINESE)] == [
        (1, "标题", 2),
        (2, "数字", 4),
    ]


def test_numbers_of_a_text() -> None:
    text = "MobileNetV2, SHA-256; 1,996 and 1996.5 %, `x3` [4](5.md), ±0.9 (-9.2), 2.10.0, 6e-7."
    said = ["2", "256", "1996", "1996.5%", "4", "±0.9", "-9.2", "2.10.0", "6e-7"]
    assert list(numbers(text)) == said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1996", "1986", "numbers: missing 1996; added 1986"),
        ("95%", "95", "numbers: missing 95%; added 95"),
        ("-27.3", "27.3", "numbers: missing -27.3; added 27.3"),
        ("约 5 分钟", "约 6 分钟", "numbers: missing 5; added 6"),
        ("--data DIR", "--data D", "missing train.py --data DIR; added train.py --data D"),
        ("`make test`", "测试", "inline code: missing make test"),
        ("docs/heads.md", "docs/head.md", "links: missing docs/heads.md; added docs/head.md"),
        ("![曲线]", "[曲线]", "links: missing !docs/curves.png; added docs/curves.png"),
        ("make demo ", "make demos ", "code block 1, 'make demo     #' became 'make demos     #'"),
        ("# 约 5 分钟，见 `make test`", "", "'make demo     #' became 'make demo'"),
        ("```bash", "```sh", "code block 1, 'bash' became 'sh'"),
        ("| 5% |", "| 6% |", "table 1, line 3, column 2: numbers: missing 5%; added 6%"),
        ("| `b` | 6% |\n", "", "table 1, lines: 4 became 3"),
        ("| 6% |", "| 6% | |", "table 1, line 4: 2 columns became 3"),
        ("- 另一项。\n", "", "differ, number 3: item (line 18) and paragraph (line 18)"),
        ("## 数字\n\n", "", "headings: 2 in the original, 1 in the translation"),
        ("## 数字", "### 数字", 'differ in level: ## "Numbers" (line 10) and ### "数字" (line 9)'),
        ("- 另一项。", "- Another one.", "in English: 'Another one.'"),
        ("之一", "all these six little English words 之一", "in English: 'all these six little"),
    ],
)
def test_what_differs_is_said(old: str, new: str, message: str) -> None:
    assert CHINESE.count(old) == 1
    found = differences(ENGLISH, CHINESE.replace(old, new))
    assert message in "\n".join(found)


def test_the_section_is_named() -> None:
    found = differences(ENGLISH, CHINESE.replace("8e-6", "8e-5"))
    where = '"Numbers" (line 10), in the translation "数字" (line 9): '
    assert found == [where + "numbers: missing 8e-6; added 8e-5"]


def test_a_block_without_end_is_an_error() -> None:
    with pytest.raises(ValueError, match="the fenced block of line 5 has no end"):
        sections(CHINESE.replace("`make test`\n```", "`make test`"))
