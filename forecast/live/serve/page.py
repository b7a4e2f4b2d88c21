"""The one page: files of what it says, how it looks, what it hears and how it draws, put together.

It is the same for every stream, but for a number that is used once: the policy allows the style
and the script that bear it, events from where the page came from, and nothing else. Names reach
the page as events, and it shows them as text.
"""

import secrets
from pathlib import Path

from forecast.report.document import DARK, LIGHT

FOLDER = Path(__file__).parent
# with every answer: nobody keeps, guesses at, frames, or reads from elsewhere what is here
CAREFUL = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Connection": "close",
}
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def written(name: str) -> str:
    """What one of the files of the page holds."""
    return (FOLDER / name).read_text(encoding="utf-8")


class LivePage:
    """The page, read once.

    Examples
    --------
    >>> html, policy = LivePage().fresh()
    >>> html.startswith(b"<!doctype html>"), "connect-src 'self'" in policy
    (True, True)
    """

    def __init__(self) -> None:
        colours = f":root{{{LIGHT}}}\n@media (prefers-color-scheme: dark) {{:root{{{DARK}}}}}\n"
        self._html = (
            written("page.html")
            .replace("STYLE", colours + written("page.css"))
            .replace("SCRIPT", written("drawing.js") + written("page.js"))
        )

    def fresh(self) -> tuple[bytes, str]:
        """The page as HTML, and the policy that goes with it this once."""
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"{NOTHING}; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
            "connect-src 'self'; img-src data:"
        )
        return self._html.replace("NONCE", nonce).encode(), policy
