"""Each block of the guides works when it is pasted into a shell, in the order of the guides."""

from pathlib import Path

import pytest

from tests.harness import guides
from tests.harness.pulp import Pulp
from tests.harness.standalone import requires_nginx


@requires_nginx  # the one port of all URLs
@pytest.mark.domains
def test_the_first_steps_and_guards(pulp: Pulp, tmp_path: Path) -> None:
    home, has_domains = tmp_path / "home", pulp.domain is not None
    pasted = [*guides.FIRST_STEPS, *guides.ACCESS]
    printed = guides.paste(pulp.instance.front, home, pasted, has_domains=has_domains)
    steps, guarded = printed[: len(guides.FIRST_STEPS)], printed[len(guides.FIRST_STEPS) :]
    assert [steps[1], steps[2].splitlines()[-1]] == ["My own file.\n", "My second file."]
    assert '"token":"pcr_' in guarded[0]
    assert guarded[-2].splitlines()[-1] == "My own file."
    assert guarded[-1] == "401\n"


@requires_nginx
@pytest.mark.domains
def test_a_private_galaxy(pulp: Pulp, tmp_path: Path) -> None:
    home = tmp_path / "home"
    guides.make_signing_key(home)
    # Other tests have a team, too.
    pasted = guides.with_names("our", guides.GALAXY)
    guides.paste(pulp.instance.front, home, pasted, has_domains=pulp.domain is not None)
    guides.assert_installed_from_galaxy(home)


@requires_nginx
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("href --data name= $api/repositories/file/file/", "This field may not be blank."),
        ("href $api/repositories/file/file/?name=none", "Nothing is found."),
    ],
    ids=["refused", "not there"],
)
def test_a_request_that_fails_ends_the_example_and_says_why(
    pulp: Pulp, tmp_path: Path, command: str, said: str
) -> None:
    pasted = [f"found=$({command})", "echo 'the next block'"]
    has_domains = pulp.domain is not None
    ended = guides.run(pulp.instance.front, tmp_path / "home", pasted, has_domains=has_domains)
    assert ended.returncode != 0
    assert said in ended.stderr
    assert not ended.stdout
