"""What is said of the files that are no photos to us: how many, which, and what to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from src_mindspore.photos.listing import CLOUD, FORMAT_OF, Listing
from src_mindspore.system.terminal import some
from src_mindspore.video.names import SUFFIXES as FILMS


@dataclass(frozen=True)
class Kind:
    """Files that a person may take for photos, or that hold photos, by the ends of their names."""

    what: str
    advice: str
    ends: tuple[str, ...]


KINDS = (
    Kind(
        "camera raw files",
        "export them as JPEG with the program that develops them",
        (
            *(".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2"),
            *(".dng", ".orf", ".rw2", ".raf", ".pef", ".srw", ".raw", ".rwl"),
            *(".3fr", ".fff", ".iiq", ".kdc", ".dcr", ".mrw", ".x3f", ".erf"),
            *(".mef", ".mos", ".gpr"),
        ),
    ),
    Kind(
        "pictures in formats that are not read",
        "convert them to JPEG or PNG, for example: magick FILE FILE.png",
        (
            *(".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".jxl", ".jxr"),
            *(".hdp", ".wdp", ".psd", ".psb", ".svg", ".svgz", ".pdf", ".eps"),
            *(".ps", ".ai", ".ico", ".icns", ".cur", ".tga", ".dds", ".exr"),
            *(".hdr", ".pcx", ".xcf", ".qoi", ".pfm", ".fits", ".fit", ".dcm"),
            *(".nii", ".heics", ".insp", ".jps", ".djvu", ".wmf", ".emf"),
        ),
    ),
    Kind(
        "films",
        "take pictures out of them, for example: ffmpeg -i FILM -vf fps=1 %04d.jpg",
        FILMS,
    ),
    Kind(
        "archives",
        "unpack them if they hold photos",
        (
            *(".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"),
            *(".zst", ".parquet", ".tfrecord", ".lmdb"),
        ),
    ),
    Kind(
        "photos that are not on this disk, or not to their end",
        "download them",
        (CLOUD, ".crdownload", ".part", ".partial", ".download", ".filepart"),
    ),
)
ACCEPTED = ", ".join(sorted(FORMAT_OF))


def by_kind(others: Sequence[str]) -> tuple[list[tuple[Kind, list[str]]], list[str]]:
    """Sorts out paths of files that are no photos: those of a kind above, and the rest."""
    left, kinds = list(others), []
    for kind in KINDS:
        found = [path for path in left if path.lower().endswith(kind.ends)]
        if found:
            kinds.append((kind, found))
            left = [path for path in left if not path.lower().endswith(kind.ends)]
    return kinds, left


def sentences(listing: Listing) -> Iterator[str]:
    """A sentence for each thing below a folder that is neither photo nor rubbish."""
    kinds, others = by_kind(listing.others)
    for kind, paths in kinds:
        yield f"{kind.what}, not used: {_counted(paths)}; {kind.advice}"
    for what, paths in (
        ("other files, not used", others),
        ("links to nothing, not used", listing.broken),
        ("links to folders, not entered", listing.links),
        ("folders that these commands wrote, not used", listing.outputs),
    ):
        if paths:
            yield f"{what}: {_counted(paths)}"


def closed_folders(listing: Listing) -> str:
    """The folders that cannot be listed, and why; empty where there is none."""
    return some([f"{path} ({reason})" for path, reason in listing.closed])


def _counted(paths: Sequence[str]) -> str:
    return f"{len(paths)} ({some(paths)})"
