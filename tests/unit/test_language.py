"""What `make lint` says of names, before it says it of ours."""

from pathlib import Path

import pytest

from tests.language import find_participles, is_participle


@pytest.mark.parametrize("name", ["opened", "_opened", "known", "made", "_asked"])
def test_a_bare_participle_is_no_name_of_a_function(name: str) -> None:
    assert is_participle(name)


@pytest.mark.parametrize("name", ["open", "is_opened", "get_open", "find_changed", "read", "need"])
def test_verbs_and_questions_are(name: str) -> None:
    assert not is_participle(name)


def test_values_may_be_called_so(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text(
        "@property\ndef ended(self): ...\n@pytest.fixture(scope='module')\ndef used(): ...\n"
        "class A:\n    async def opened(self): ...\n"
    )
    assert list(find_participles(file)) == [(6, "opened")]
