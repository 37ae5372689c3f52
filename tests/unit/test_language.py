"""The checks of `make lint` for names and sentences, on examples."""

import pytest

from tests.language import find_clauses, find_participles, is_participle, prose_of


@pytest.mark.parametrize("name", ["opened", "_opened", "known", "made", "_asked"])
def test_a_bare_participle_is_no_name_of_a_function(name: str) -> None:
    assert is_participle(name)


@pytest.mark.parametrize("name", ["open", "is_opened", "get_open", "find_changed", "read", "need"])
def test_verbs_and_questions_are(name: str) -> None:
    assert not is_participle(name)


def test_values_may_be_called_so() -> None:
    source = (
        "@property\ndef ended(self): ...\n@pytest.fixture(scope='module')\ndef used(): ...\n"
        "class A:\n    async def opened(self): ...\n"
    )
    assert list(find_participles(source)) == [(6, "opened")]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("What is gone is told.\n", ["What is gone is told. "]),
        ("It ends. Whoever asks: waits.\n", ["Whoever asks: waits."]),
        ("Nobody answers.", ["Nobody"]),
        ("What is a route? A prefix.\n", []),
        ("Tell what is gone.\n", []),
    ],
)
def test_a_sentence_names_its_subject(sentence: str, expected: list[str]) -> None:
    found = list(find_clauses(sentence))
    assert [each.strip() for each in found] == [each.strip() for each in expected]


def test_docstrings_and_comments_are_prose_and_code_is_not() -> None:
    source = '"""First."""\nnobody = 1  # Second.\n\n\ndef ask():\n    """Third."""\n'
    assert prose_of(source).split() == ["First.", "Third.", "Second."]
