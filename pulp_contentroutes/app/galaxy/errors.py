"""The reason why a task of ours has refused its work, shown to the user who has asked for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from pulpcore.plugin.exceptions import PulpException

from pulp_contentroutes.galaxy.errors import InvalidCollection


class Refused(PulpException):
    """A refusal: `code` is for programs, `sentence` names the fault and the way out."""

    def __init__(self, code: str, sentence: str) -> None:
        self.error_code = code
        self.sentence = sentence
        super().__init__()

    def __str__(self) -> str:
        return self.sentence


@contextmanager
def name_refusals(but: type[InvalidCollection] | tuple[()] = ()) -> Iterator[None]:
    """Raise an error in a collection or role as Refused, except for errors of the class `but`."""
    try:
        yield
    except but:
        raise
    except InvalidCollection as error:
        raise Refused(error.code, str(error)) from error
