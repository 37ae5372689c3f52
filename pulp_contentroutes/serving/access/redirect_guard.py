"""The redirect guard of pulpcore, decided without normalising the URL: a third of such a request.

pulpcore signs `<path>?expires=<time>` of the normalised URL
(`pulpcore.app.models.ContentRedirectContentGuard`). Most URLs are normal as they are.
"""

import hashlib
import hmac
import re
from typing import Final

#: `source_fingerprint` of the guard's `permit` and `_get_digest`, the same in pulpcore 3.105-3.123.
FINGERPRINT: Final = "d91f616ca80717a328005c76b46a290cb51031ff86a75987113951b109c8296c"
#: A host that does not change what the URL is parsed into.
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?")
#: A URL that normalising returns as it is: no percent-encoding, no empty and no dot segment.
_SIGNED: Final = re.compile(
    r"(?P<signed>(?:/[A-Za-z0-9_~:@-][A-Za-z0-9._~:@-]*)+\?expires=(?P<expires>[0-9]{1,12}))"
    r"&validate_token=(?P<salt>(?:[0-9a-f]{2}){1,64}):(?P<digest>[0-9a-f]{64})"
)


def is_certain_to_admit(secret: bytes, host: str, target: str, now: float) -> bool:
    """Tell whether the guard with this secret admits a request; False means that it must be asked.

    `target` is the path and the query of the request, as they were sent; `now` in seconds.
    """
    found = _SIGNED.fullmatch(target)
    if found is None or int(now) > int(found["expires"]) or _HOST.fullmatch(host) is None:
        return False
    text = bytes.fromhex(found["salt"]) + found["signed"].encode() + secret
    digest = hashlib.sha256(text).hexdigest()
    return hmac.compare_digest(digest, found["digest"])
