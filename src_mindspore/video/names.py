"""Which files are taken for videos, by their names."""

SUFFIXES = (
    *(".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".3gp", ".3g2"),
    *(".mts", ".m2ts", ".wmv", ".mpg", ".mpeg", ".flv", ".ogv", ".insv"),
)


def is_video(name: str) -> bool:
    """Whether a file of this name is taken for a video."""
    return name.lower().endswith(SUFFIXES)
