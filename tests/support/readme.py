"""What the README tells people to type."""

import re

from workplace import REPOSITORY


def readme_text() -> str:
    """The README."""
    return (REPOSITORY / "README.md").read_text(encoding="utf-8")


def readme_commands() -> list[str]:
    """The python commands in its shell blocks, in order."""
    blocks = re.findall(r"```bash\n(.*?)```", readme_text(), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("python ")]
