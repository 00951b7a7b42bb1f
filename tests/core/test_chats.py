import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.comparison import chats
from espalier.comparison.chats import Answer, Chat, Turn
from espalier.comparison.corrections import add_pair, likely_leaf
from espalier.comparison.export import export_text
from espalier.comparison.votes import Tally, Vote, add_vote, read_votes, tally, votes_file
from espalier.errors import EspalierError
from espalier.project import Project, open_project
from espalier.taxonomy.checker import examine_text
from espalier.taxonomy.leaf_text import EditError
from espalier.taxonomy.reader import read_taxonomy

WHEEL = "knowledge/engineering/falkirk_wheel"
MODEL = {"title": "SmolLM2", "fingerprint": "3fa9", "quantization": "float32"}


@pytest.fixture
def project(example: Path) -> Project:
    return open_project(example)


def said(text: str, ended: str = "end") -> Answer:
    return Answer(text, ended, MODEL, {"seed": 7}, {"tokens": 3.0}, [{"document": "w.md", "leaf": WHEEL, "text": "24"}])


def asked(project: Project, *questions: str) -> Chat:
    """Return a conversation that was written down."""
    chat = chats.new_chat(project)
    for number, question in enumerate(questions):
        chat.turns.append(Turn(question, WHEEL))
        chats.note_turn(project, chat)
        for pane in chats.PANES:
            chat.turns[-1].answers[pane] = said(f"{pane} {number}")
            chats.note_answer(project, chat, number, pane)
    return chat


def test_a_conversation_is_read_as_it_was_written(project: Project) -> None:
    chat = asked(project, "How high?", "How long?")
    [found] = chats.list_chats(project)
    assert found.title == "How high?"
    assert [(turn.question, turn.leaf, turn.sides) for turn in found.turns] == [
        ("How high?", WHEEL, ("base", "tuned")),
        ("How long?", WHEEL, ("base", "tuned")),
    ]
    assert found.turns[1].answers["tuned"].text == "tuned 1"
    assert found.turns[1].answers["tuned"].model == MODEL
    assert found.turns[1].answers["tuned"].sources[0]["document"] == "w.md"
    assert chats.new_chat(project).key != chat.key


def test_a_torn_line_costs_that_line_only(project: Project) -> None:
    chat = asked(project, "How high?")
    path = chats.chat_file(project, chat.key)
    path.write_bytes(path.read_bytes()[:-20])
    [found] = chats.list_chats(project)
    assert "tuned" not in found.turns[0].answers
    chat.turns.append(Turn("Again?"))
    chats.note_turn(project, chat)
    assert [turn.question for turn in chats.read_chat(path).turns] == ["How high?", "Again?"]


def test_a_question_that_was_taken_back_is_gone_with_all_after_it(project: Project) -> None:
    chat = asked(project, "One?", "Two?", "Three?")
    chats.note_cut(project, chat, 1)
    assert [turn.question for turn in chats.list_chats(project)[0].turns] == ["One?"]


def test_each_pane_has_its_own_history_and_turns_without_an_answer_are_left_out(project: Project) -> None:
    chat = asked(project, "One?", "Two?", "Three?")
    chat.turns[1].answers["tuned"] = Answer("", "stopped")
    roles = [(each["role"], each["content"]) for each in chat.conversation("tuned", 2)]
    assert roles == [("user", "One?"), ("assistant", "tuned 0"), ("user", "Three?")]
    assert len(chat.conversation("base", 2)) == 5
    chat.is_set = True
    assert chat.conversation("base", 2) == [{"role": "user", "content": "Three?"}]


def test_what_is_no_conversation_is_refused_and_passed_over(project: Project, tmp_path: Path) -> None:
    path = chats.chats_folder(project) / "junk.jsonl"
    path.parent.mkdir()
    path.write_bytes(b'\xff\xfe\n[1]\n{"type": "turn"}\n')
    assert chats.list_chats(project) == []
    with pytest.raises(EspalierError, match=r"no conversation.*Choose a file"):
        chats.read_chat(path)
    with pytest.raises(EspalierError):
        chats.read_chat(tmp_path / "missing.jsonl")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda each: st.lists(each, max_size=3)
)
LINES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["chat", "turn", "answer", "cut", "vote"])},
        optional=dict.fromkeys(("number", "question", "turn", "pane", "text", "figures", "sides", "sources"), JSON),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(lines=LINES)
def test_any_lines_can_be_read(tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, object]]) -> None:
    path = tmp_path_factory.mktemp("chats") / "chat.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    try:
        chats.read_chat(path)
    except EspalierError:
        assert not any(line["type"] == "chat" for line in lines)


def vote(choice: str, turn: int = 0, sides: tuple[str, str] = ("base", "tuned")) -> Vote:
    return Vote(choice, sides, "How high?", "chat", turn, {"base": {"title": "a"}, "tuned": {"title": "b"}})


def test_votes_count_for_what_stood_on_the_side(project: Project) -> None:
    add_vote(project, vote("left", 0, ("tuned", "base")))
    add_vote(project, vote("right", 1))
    add_vote(project, vote("left", 2))
    add_vote(project, vote("both", 3))
    add_vote(project, vote("neither", 4))
    with votes_file(project).open("a") as file:
        file.write('{"type": "vote", "choice": "le')
    assert tally(read_votes(project)) == Tally(base=1, tuned=2, both=1, neither=1)
    assert tally(read_votes(project), {"base": {"title": "a"}, "tuned": {"title": "other"}}) == Tally()


def test_a_second_vote_on_a_turn_takes_the_place_of_the_first(project: Project) -> None:
    add_vote(project, vote("left"))
    add_vote(project, vote("right"))
    assert tally(read_votes(project)) == Tally(tuned=1)


def test_a_preference_is_told_apart_from_chance() -> None:
    low, high = Tally(base=6, tuned=14).interval
    assert (round(low, 2), round(high, 2)) == (0.48, 0.85)  # desktop.md §5: 14 of 20
    assert [Tally(base=6, tuned=14).verdict, Tally(tuned=9).verdict, Tally(base=9).verdict] == ["open", "tuned", "base"]
    assert Tally().verdict == "open"


def test_markdown_for_others_holds_answers_that_cannot_act(project: Project) -> None:
    chat = asked(project, "How high?")
    chat.turns[0].answers["tuned"] = said("```\n# no heading\n![x](http://x/y.png)", "stopped")
    text = export_text(chat, [Vote("right", ("base", "tuned"), "How high?", chat.key, 0)], "markdown")
    assert "> How high?" in text
    assert "````text\n```\n# no heading" in text
    assert "(stopped)" in text
    assert "(blind vote: the right model)" in text


def test_json_lines_for_others_can_be_opened_again(project: Project, tmp_path: Path) -> None:
    chat = asked(project, "How high?", "How long?")
    path = tmp_path / "exported.jsonl"
    path.write_text(export_text(chat, [], "jsonl"))
    assert chats.read_chat(path).turns == chat.turns
    copy = chats.keep_copy(project, chats.read_chat(path))
    copy.turns.append(Turn("And now?"))
    chats.note_turn(project, copy)
    assert copy.key != chat.key
    assert len(chats.read_chat(chats.chat_file(project, copy.key)).turns) == 3


@pytest.mark.parametrize("kind", ["knowledge", "skill", "grounded skill"])
def test_a_corrected_answer_becomes_a_seed_example_that_validates(project: Project, kind: str) -> None:
    for leaf in read_taxonomy(project.taxonomy):
        if leaf.kind != kind:
            continue
        file = project.taxonomy / leaf.path / "qna.yaml"
        text = add_pair(
            file.read_text(), leaf.path, "How many metres does it lift a boat?", "It lifts a boat by 24 m: “so”."
        )
        assert not [problem for problem in examine_text(text, file).problems if problem.is_error]
        file.write_text(text)
        seeds = next(each for each in read_taxonomy(project.taxonomy) if each.path == leaf.path).seeds
        assert len(seeds) == len(leaf.seeds) + 1
        assert "It lifts a boat by 24 m: “so”." in [seed.answer for seed in seeds]


def test_what_cannot_be_a_seed_example_is_refused(project: Project) -> None:
    text = (project.taxonomy / WHEEL / "qna.yaml").read_text()
    for question, answer in (("", "x"), ("x", "  ")):
        with pytest.raises(EditError, match="question and an answer"):
            add_pair(text, WHEEL, question, answer)
    with pytest.raises(EditError, match="cannot be read"):
        add_pair("seed_examples: [", WHEEL, "Why?", "So.")


def test_the_leaf_is_the_one_whose_seeds_are_most_like_the_question(project: Project) -> None:
    leaves = read_taxonomy(project.taxonomy)
    for leaf in leaves:
        assert likely_leaf(leaves, leaf.seeds[0].question) == leaf.path
    assert likely_leaf(leaves, "zzz") == ""
