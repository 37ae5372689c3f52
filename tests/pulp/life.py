"""A Pulp in which everything of the plugin is used, and the checks that hold all its life."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.harness.galaxy import create_galaxy, role_archive
from tests.harness.http1 import Answer, Route
from tests.harness.pulp import Pulp
from tests.harness.rest import Rest, new_name

FILES = {"hello.txt": b"hello"}


@dataclass(frozen=True)
class Used:
    """The objects in use, and the routes to them."""

    pulp: Pulp
    rest: Rest
    stock: Route
    #: Base paths of FILES, and the href of the first one's distribution.
    public: str
    public_href: str
    guarded: str
    #: A token that may read the guarded content.
    token: str
    #: Further routes to the content, through web servers.
    fronts: Sequence[Route] = ()

    def public_file(self, **headers: str) -> Answer:
        return self.stock.get(f"{self.public}/hello.txt", **headers)

    def guarded_file(self, **headers: str) -> Answer:
        return self.stock.get(f"{self.guarded}/hello.txt", **headers)

    def check(self) -> None:
        """Check that every list answers, content is right, and guards hold."""
        assert self.rest.find_failures() == {}
        self.check_content()

    def check_content(self) -> None:
        for route in (self.stock, *self.fronts):
            assert route.get(f"{self.public}/hello.txt").body == FILES["hello.txt"]
            assert route.get(f"{self.guarded}/hello.txt").status in (401, 403)

    def check_token(self) -> None:
        answer = self.guarded_file(Authorization=f"Bearer {self.token}")
        assert answer.body == FILES["hello.txt"]


def use_everything(pulp: Pulp, fronts: Sequence[Route] = (), **public: str) -> Used:
    """Use every feature that makes rows of ours; `public` has values of the public distribution."""
    rest = pulp.rest
    token = str(rest.token(scope="publish")["token"])
    galaxy = create_galaxy(rest)
    galaxy.add(token)
    assert galaxy.add_role(role_archive(), version="1.0.0")["state"] == "completed"
    publication = pulp.publication(pulp.repository(FILES))
    open_to_all = pulp.distribution(publication=publication, **public)
    guarded = pulp.distribution(
        publication=publication, content_guard=rest.guard("contentroutes/token")
    )
    rest.create(
        "contentroutes/routes/",
        name=new_name(),
        mount=f"/{new_name()}/",
        action="serve",
        targets=[{"distribution": open_to_all["pulp_href"]}],
    )
    used = Used(
        pulp,
        rest,
        pulp.stock,
        public=open_to_all["base_path"],
        public_href=open_to_all["pulp_href"],
        guarded=guarded["base_path"],
        token=token,
        fronts=fronts,
    )
    used.check_token()
    return used
