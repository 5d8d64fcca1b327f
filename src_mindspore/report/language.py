"""Texts in English and Chinese: both are in the page, one is shown, which needs no script."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from src_mindspore.report.words import WORDS

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Both:
    """A text in both languages; as HTML it is both, of which the page shows one."""

    en: Markup | str
    zh: Markup | str

    def __html__(self) -> Markup:
        """Escaped where the texts are none of our own."""
        if self.en == self.zh:
            return escape(self.en)
        return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(self.en, self.zh)

    @property
    def plain(self) -> str:
        """For an attribute, which cannot be switched."""
        return str(self.en) if self.en == self.zh else f"{self.en} / {self.zh}"


def words(key: str, **values: Any) -> Both:
    """A text of ``WORDS``.

    Args:
        key: of the text.
        values: for its fields: texts, which are escaped, or ``Both``.

    Raises:
        KeyError: no such text, or a field without a value.
    """
    return Both(*(_filled(key, place, values) for place in range(len(LANGUAGES))))


def _filled(key: str, place: int, values: dict[str, Any]) -> Markup:
    language = LANGUAGES[place]
    own = {k: getattr(v, language) if isinstance(v, Both) else v for k, v in values.items()}
    return Markup(WORDS[key][place]).format(**own)  # noqa: S704 - the text is ours, values escape
