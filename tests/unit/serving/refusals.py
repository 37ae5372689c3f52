"""The answers to clients that are not admitted."""

from aiohttp import ClientResponse

from pulp_contentroutes.serving.access.guards import GuardNeeds

NEEDS_TOKEN = "401: Unauthorized. Send a valid API token of Pulp: passwords are not accepted here."

#: Guard → the answer to a client without credentials. For a 401, a browser would ask its user for a
#: password, which header and certificate guards do not look at.
REFUSAL = {
    GuardNeeds.REQUEST: "403: Forbidden",
    GuardNeeds.REQUEST_SLOWLY: "403: Forbidden",
    GuardNeeds.URL: "403: Forbidden",
    GuardNeeds.TOKEN: NEEDS_TOKEN,
    GuardNeeds.PULP: "401: Unauthorized",
}


def likeness(answer: ClientResponse) -> tuple[object, ...]:
    return answer.status, [field for field in answer.raw_headers if field[0] != b"Date"]
