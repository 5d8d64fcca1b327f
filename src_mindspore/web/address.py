"""How the folder of the page is served, and how a phone gets to it."""

import importlib.util
import socket
import sys
from pathlib import Path
from shlex import quote

PORT = 8000  # of python -m http.server, where nobody says otherwise
EXTRA = "requirements-web.txt"
_ANYWHERE = ("192.0.2.1", 9)  # RFC 5737: belongs to nobody; a datagram socket sends nothing there


def serving_lines(folder: Path) -> list[str]:
    """What to type, where to look, and what a browser asks for; a QR code at a terminal."""
    lines = [
        f"serve it:  python -m http.server {PORT} -d {quote(str(folder))}",
        f"here:      http://localhost:{PORT}/",
    ]
    address = local_address()
    if address:
        lines.append(f"a phone in the same network:  http://{address}:{PORT}/")
    lines.append(
        "Choosing or taking a photo works everywhere; the moving picture of the camera, and the "
        "page without a\nnetwork, take https (any static host has it) or localhost: browsers ask "
        "for it."
    )
    if address and sys.stdout.isatty():
        lines += _qr_lines(f"http://{address}:{PORT}/")
    return lines


def local_address() -> str | None:
    """This computer's IPv4 address in its network; None where it has none but its own loop."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)  # chooses the way, and with it the address; nothing is sent
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") or address == "0.0.0.0" else address  # noqa: S104


def _qr_lines(address: str) -> list[str]:
    """Half blocks, dark on light whatever the terminal's colours are."""
    if importlib.util.find_spec("segno") is None:
        return [f"(a QR code of it, to point the phone at: pip install -r {EXTRA})"]
    import segno

    rows = [list(row) for row in segno.make_qr(address).matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    blocks = {(0, 0): " ", (0, 1): "▄", (1, 0): "▀", (1, 1): "█"}
    return [
        "\x1b[30;107m"
        + "".join(blocks[bool(a), bool(b)] for a, b in zip(upper, lower, strict=True))
        + "\x1b[0m"
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
