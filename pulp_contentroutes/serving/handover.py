"""Why a request is left to Pulp's own handler: every reason once, with its sentence."""

import enum


class Handover(enum.Enum):
    """A request that Pulp's own handler answers; the value is the reason, as a sentence.

    `reason` names it in measurements, in the header `X-Contentroutes` and in docs/fast-path.md.
    """

    # Known from the request.
    METHOD = "The method is neither GET nor HEAD."
    OTHER_HANDLER = "The URL is below none of the prefixes that the fast path answers."
    ODD_PATH = "No content can have the path, or its domain is encoded oddly: Pulp decides."
    LIST_OF_DISTRIBUTIONS = "The URL names no distribution: Pulp lists them."
    PLUGIN_ROUTE = "The URL is a plugin's own, and names no file that is stored for good."
    # Known from the worker.
    OFF = "The fast path is off, or has not checked the database yet."
    DATABASE_UNAVAILABLE = "PostgreSQL did not answer, or not in time."
    FAULT = "The fast path failed; the log says how."
    # Known from the distribution.
    SEVERAL_DISTRIBUTIONS = "Base paths of distributions are below the path, or overlap in it."
    DISTRIBUTION_TYPE = "Distributions of this type answer requests in a way of their own."
    DISTRIBUTION_HOOK = "The distribution's plugin may answer this path itself."
    INCOMPLETE = "The publication or the repository version is not complete."
    OBJECT_STORAGE = "The artifacts of the domain are not in the file system."
    REDIRECT = "The path is a base path without its slash: Pulp redirects."
    CHECKPOINT = "No checkpoint has exactly this timestamp: Pulp redirects, lists or refuses."
    # Known from the guard.
    AUTHENTICATION = "Only Pulp can authenticate the client, or knows what the content guard asks."
    GUARD_GONE = "The content guard was deleted meanwhile."
    # Known from the path.
    DIRECTORY = "The path is a directory without an index.html: Pulp lists it, or redirects."
    NOT_DOWNLOADED = "The content is still at its upstream."
    SEVERAL_FILES = "Several content units have this path."
    REMOTE = "Nothing is stored at the path, and the remote of the distribution may have it."
    NOTHING_SERVED = "The distribution has neither a publication nor a repository."
    FILE_GONE = "The file of the artifact is not in the file system any more."

    @property
    def reason(self) -> str:
        return self.name.lower().replace("_", "-")
