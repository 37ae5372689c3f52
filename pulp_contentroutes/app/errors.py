"""Why a task of ours has refused its work; shown to whoever has asked for it."""

from contextlib import contextmanager

from pulpcore.plugin.exceptions import PulpException

from pulp_contentroutes.galaxy.errors import InvalidCollection


class Refused(PulpException):
    """`code` is for programs, `sentence` names what is wrong and the way out."""

    def __init__(self, code, sentence):
        self.error_code = code
        self.sentence = sentence
        super().__init__()

    def __str__(self):
        return self.sentence


@contextmanager
def refusals_named(but=()):
    """Make of what is wrong with a collection or role a Refused, except for errors of a class."""
    try:
        yield
    except but:
        raise
    except InvalidCollection as error:
        raise Refused(error.code, str(error)) from error
