"""The ways in which clients may get content: unguarded, with a token and with a password."""

from dataclasses import dataclass

from tests.harness.rest import Rest, basic, new_name

#: Parameters of the tests of clients.
OPEN, TOKEN, PASSWORD = "open", "token", "password"
#: A space cannot be written into every client's configuration.
_USER_PASSWORD = "the-readers-own-password"


@dataclass(frozen=True)
class Access:
    """A guard, as an href, and credentials that it accepts; no guard needs none."""

    name: str
    guard: str | None = None
    user: str = ""
    password: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": basic(self.user, self.password)} if self.guard else {}

    def url(self, url: str) -> str:
        """Return a URL with the credentials in it."""
        credentials = f"{self.user}:{self.password}@" if self.guard else ""
        return url.replace("://", f"://{credentials}", 1)


def create_accesses(admin: Rest) -> dict[str, Access]:
    """Create a guard of each kind, and a user for it; return the ways by their names."""
    token, rbac = admin.guard("contentroutes/token"), admin.guard("core/rbac")
    user = admin.create("users/", username=new_name(), password=_USER_PASSWORD)["username"]
    admin.add_role(rbac, "core.rbaccontentguard_downloader", users=[user])
    found = (
        Access(OPEN),
        Access(TOKEN, token, "token", str(admin.token()["token"])),
        Access(PASSWORD, rbac, user, _USER_PASSWORD),
    )
    return {each.name: each for each in found}
