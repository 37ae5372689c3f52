"""URLs that admit any client that has them to one file, for a few minutes.

For clients that send no credentials: `ansible-galaxy role install` downloads without any.
"""

import hashlib
import hmac
import time
from typing import Final

from yarl import URL

#: In seconds. Clients download a file at once after they have looked it up.
LIFETIME: Final = 600
_LONGEST_TIME: Final = 12


class SignedUrls:
    """Signed URLs; `key` must be the same in every process that signs or checks them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def query_for(self, path: str, now: float | None = None) -> str:
        """Return the query that admits to a path (decoded, as the content app receives it)."""
        expires = int(time.time() if now is None else now) + LIFETIME
        return f"expires={expires}&signature={self._signature(path, expires)}"

    def admit(self, url: URL, now: float | None = None) -> bool:
        """Tell whether a request's URL is a signed one that has not expired."""
        if "signature=" not in url.raw_query_string:
            return False
        text, signature = url.query.get("expires", ""), url.query.get("signature", "")
        if len(text) > _LONGEST_TIME or not (text.isascii() and text.isdigit()):
            return False
        is_over = int(text) <= (time.time() if now is None else now)
        expected = self._signature(url.path, int(text))
        is_ours = hmac.compare_digest(signature.encode(errors="replace"), expected.encode())
        return is_ours and not is_over

    def _signature(self, path: str, expires: int) -> str:
        # The colon is unambiguous: the text before the first colon consists of digits only.
        return hmac.new(self._key, f"{expires}:{path}".encode(), hashlib.sha256).hexdigest()
