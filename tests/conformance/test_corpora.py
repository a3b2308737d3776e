"""The corpora through every language. What each case has to come out as, tests/conformance.rs says."""

from driver import corpora, variables
from driver.compare import Ask


def test_every_language_says_the_same_of_every_chain(ask: Ask) -> None:
    folder = corpora.folder()
    if folder is None:
        print("the corpora are NOT COMPARED, because CLIENTCERT_CORPORA=none")
        return
    cases = corpora.read(folder, variables.names(numbers=1, parts=["CN"]))
    assert cases, f"{folder} holds no case"
    answers = ask(cases)
    verdicts = [
        answer["answers"][0]["verdict"] for answer in answers.values() if "answers" in answer
    ]
    assert any(verdict["verified"] for verdict in verdicts)
    assert any(not verdict["verified"] for verdict in verdicts)
