import re
from pathlib import Path

import pytest
from made_samples import LEAF, sample, write_journal
from scripted_model import ScriptedModel

from espalier.documents.passages import find_passage
from espalier.documents.worded import worded
from espalier.errors import EspalierError
from espalier.language import Prompt
from espalier.messages import Event, Progress, Stage
from espalier.project import open_project
from espalier.synthesis.final import State, finals
from espalier.synthesis.later import explanations, later_path
from espalier.synthesis.leaf_work import leaf_journal
from espalier.synthesis.reviews import read_reviews, review
from espalier.synthesis.suggest import explain_sample, suggest
from espalier.taxonomy.reader import read_taxonomy
from espalier.teachers import opening


def shout(prompt: Prompt) -> str:
    """Rewrite as the one example does: in capitals; else ask for the statement."""
    text = prompt.messages[-1].content
    if "same way" in prompt.messages[0].content:
        return text.split("\n\n")[0].upper()
    return "" if "number 3" in text or "Fact 3" in text else f"Which is {text}?"


class Loader:
    def __init__(self) -> None:
        self.model = ScriptedModel(shout)

    def load(self, *_: object) -> ScriptedModel:
        return self.model


@pytest.fixture
def folder(example: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = open_project(example)
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == LEAF)
    write_journal(leaf_journal(project, leaf)[0], [sample(n, trip=0.1) for n in range(20)])
    monkeypatch.setattr(opening, "find_model", lambda name: Path(name))
    return example


def test_a_group_is_rewritten_like_the_persons_edit_and_waits_for_a_yes(folder: Path) -> None:
    project, loader = open_project(folder), Loader()
    drawn = [sample(n, trip=0.1) for n in range(20)]
    read_reviews(project).add([review(drawn[0], "edit", "WHAT IS NUMBER 0?", drawn[0].answer)])
    told: list[Event] = []
    count = suggest(project, loader, told.append, LEAF, [each.key for each in drawn], drawn[0].key)  # type: ignore[arg-type]
    assert count == 19
    assert isinstance(told[0], Stage)
    assert [event.done for event in told if isinstance(event, Progress)][-1] == 19
    reviews = read_reviews(project)
    offered = reviews.suggestion(drawn[7])
    assert offered
    assert (offered.question, offered.answer, offered.who) == ("WHAT IS NUMBER 7?", "It is 7.", project.teacher)
    assert finals(drawn, {}, reviews)[7].state is State.REJECTED
    assert "WHAT IS NUMBER 0?" in loader.model.shown


def test_a_new_draw_brings_other_words_each_time_and_empty_ones_are_no_suggestion(folder: Path) -> None:
    project = open_project(folder)
    keys = [sample(n, trip=0.1).key for n in (1, 6)]
    assert suggest(project, Loader(), lambda event: None, LEAF, keys) == 1  # type: ignore[arg-type]
    offered = read_reviews(project).suggestion(sample(1, trip=0.1))
    assert offered
    assert offered.question == "Which is Fact 0.?"


def test_samples_that_went_meanwhile_are_told(folder: Path) -> None:
    with pytest.raises(EspalierError, match="no such sample any more"):
        suggest(open_project(folder), Loader(), lambda event: None, LEAF, ["gone"])  # type: ignore[arg-type]


DOCUMENT = worded(
    "olm.md", "# The Olm\n\nThe olm is blind. Its **skin** is [pale](http://x).\nIt lives in caves.\n\nMore.\n"
)


@pytest.mark.parametrize(
    ("source", "before", "marked", "after"),
    [
        ("Its skin is pale.", "The olm is blind. ", "Its **skin** is [pale.", "\nIt lives in caves."),
        ("The olm is blind.", "", "The olm is blind.", " Its **skin** is [pale.\nIt lives in caves."),
    ],
)
def test_the_supporting_sentence_is_found_in_its_paragraph(source: str, before: str, marked: str, after: str) -> None:
    passage = find_passage(source, "It is pale.", [worded("other.md", "Nothing."), DOCUMENT])
    assert (passage.document, passage.before, passage.sentence, passage.after) == ("olm.md", before, marked, after)


def test_of_a_long_source_the_sentence_most_like_the_answer_is_marked() -> None:
    filler = " ".join(f"Sentence {n} tells of something else entirely, again." for n in range(12))
    passage = find_passage(f"{filler} The olm has pale skin. {filler}", "Its skin is pale.", [DOCUMENT])
    assert passage.sentence == "The olm has pale skin."
    assert passage.before.startswith("Sentence 0")
    assert passage.after.endswith("again.")


def test_a_source_of_no_document_is_shown_as_it_is() -> None:
    assert find_passage("Nowhere to be found.", "x", [DOCUMENT]).sentence == "Nowhere to be found."
    assert find_passage("", "x", [DOCUMENT]).sentence == ""


def test_an_explanation_is_kept_beside_the_sample(folder: Path) -> None:
    project, wanted = open_project(folder), sample(3, trip=0.1)
    loader = Loader()
    loader.model = ScriptedModel(lambda prompt: " Because the answer names another number. ")
    text = explain_sample(project, loader, lambda event: None, LEAF, wanted.key, "round trip")  # type: ignore[arg-type]
    assert text == "Because the answer names another number."
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == LEAF)
    kept = explanations(later_path(leaf_journal(project, leaf)[0]))
    assert kept == {(wanted.key, "round trip"): text}
    with pytest.raises(EspalierError, match="no such sample any more"):
        explain_sample(project, loader, lambda event: None, LEAF, wanted.key, "nothing")  # type: ignore[arg-type]


def test_a_leaf_in_french_is_explained_in_french(folder: Path) -> None:
    project, wanted = open_project(folder), sample(3, trip=0.1)
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == LEAF)
    kept = leaf_journal(project, leaf)[0].read_bytes()
    qna = project.taxonomy / LEAF / "qna.yaml"
    asked = re.compile(r"question: .*")
    qna.write_text(
        asked.sub('question: "Est-ce que tu sais ce que les gens en ont dit dans le village ?"', qna.read_text())
    )
    leaf = next(leaf for leaf in read_taxonomy(project.taxonomy) if leaf.path == LEAF)
    leaf_journal(project, leaf)[0].write_bytes(kept)
    loader = Loader()
    loader.model = ScriptedModel(lambda prompt: prompt.messages[0].content)
    text = explain_sample(project, loader, lambda event: None, LEAF, wanted.key, "round trip")  # type: ignore[arg-type]
    assert text.startswith("Tu critiques")
