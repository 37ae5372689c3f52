"""Source code of Pulp and its plugins: recognised before its behaviour is taken for known."""

import hashlib
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def source_fingerprint(functions: Iterable[Callable[..., Any]]) -> str:
    """Return the SHA-256, in hexadecimal, of the source of functions and classes.

    Raise OSError if there is no source.
    """
    sources = "\n".join(map(inspect.getsource, functions))
    return hashlib.sha256(sources.encode()).hexdigest()
