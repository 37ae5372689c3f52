"""Archives of roles are accepted if clients install them."""

from typing import Any

from hypothesis import strategies as st

from pulp_contentroutes.galaxy.role import read_role
from tests.clients.oracle import Oracle
from tests.clients.verdicts import (
    KINDS,
    TARGETS,
    add_all,
    check_for_all,
    expect_same_verdict,
    refusal_of,
    some,
)
from tests.unit.galaxy.archives import packed

ROLE_NAMES = st.sampled_from(
    [
        "r/x",
        "r/tasks/main.yml",
        "r/./y",
        "r/a/../z",
        "x",
        "/x",
        "../x",
        "r/../x",
        "r/l",
        "r/l/x",
        "r/meta/main.yml",
        "r/a\nb",
        "r/" + "x" * 256,
        "r/tests/r/meta/main.yml",
        "./r/x",
    ]
)
ROLE_TARGETS = TARGETS | st.sampled_from(["x", "meta", "r/x", "../../x", "../r/x", "meta/main.yml"])
MAIN = b"galaxy_info: {author: x, description: y}\n"
ROLES = st.tuples(
    st.sampled_from(["r/meta/main.yml", "r/meta/main.yaml", "r/x.yml"]),
    st.lists(st.tuples(ROLE_NAMES, KINDS, ROLE_TARGETS), max_size=3),
)


@some
def test_a_role_is_taken_if_clients_install_it(oracles: list[Oracle], examples: int) -> None:
    def check(made: tuple[str, Any]) -> None:
        name, members = made
        data = packed({name: MAIN}, lambda tar: add_all(tar, members)).read()
        theirs = [oracle.problem_of_role(data) for oracle in oracles]
        expect_same_verdict(refusal_of(read_role, data), theirs)

    check_for_all(examples * 2, ROLES, check)
