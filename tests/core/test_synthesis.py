from collections.abc import Sequence
from pathlib import Path

from scripted_model import ScriptedModel

from espalier.documents.facts import read_facts
from espalier.evaluation.questions import read_questions
from espalier.files import append_lines
from espalier.language import Prompt
from espalier.synthesis import checks, compact
from espalier.synthesis.compact import CompactSettings, Knowledge
from espalier.synthesis.decide import decide
from espalier.synthesis.final import finals, learned
from espalier.synthesis.reviews import Reviews
from espalier.synthesis.sample import Check, Journal, Sample
from espalier.synthesis.words import agreement, content_words, phrases
from espalier.taxonomy.leaf import Leaf, SeedExample
from espalier.taxonomy.reader import read_taxonomy
from espalier.training.mixture import FEW, mix

ROOT = Path(__file__).parents[2]

DOCUMENT = """# The Otter Bridge

## Plan

The Otter Bridge crosses the Wend at Marl. It was drawn by Ada Finch, cf. No. 3 of her papers.

- The deck of the Otter Bridge is made of larch.
- [Its piers](http://example) stand on **granite** blocks.

| a | b |
|---|---|

```
code is no fact at all here
```
"""
SEEDS = tuple(
    SeedExample(question, answer, "A passage.")
    for question, answer in (
        ("Which river does the Otter Bridge cross?", "The Otter Bridge crosses the Wend."),
        ("What is the deck made of?", "The deck is made of larch."),
        ("Who drew the Otter Bridge?", "Ada Finch drew the Otter Bridge."),
    )
)
LEAF = Leaf("knowledge/bridges/otter", "knowledge", "A bridge.", "bridges", SEEDS)


def reply(prompt: Prompt) -> str:
    if "\n\n" in prompt.messages[-1].content:
        return prompt.messages[-1].content.split("\n\n")[0]
    return {"Who": "drew the bridge of larch?", "Where": "is this?", "How": "long"}.get(prompt.start, "is it at Marl?")


LAMPS = "# The Otter Bridge\n\n" + " ".join(f"The Otter Bridge has {n} lamps called Marl{n}." for n in range(20, 40))


def reply_about_lamps(prompt: Prompt) -> str:
    statement = prompt.messages[-1].content
    if "\n\n" in statement:
        return statement.split("\n\n")[0]
    return f"many lamps are called {statement.split()[-1].strip('.')}?" if prompt.start == "How" else "is this?"


def test_facts_are_sentences_without_markdown_and_know_their_place() -> None:
    facts = read_facts(DOCUMENT)
    assert [fact.sentence for fact in facts] == [
        "The Otter Bridge crosses the Wend at Marl.",
        "It was drawn by Ada Finch, cf. No. 3 of her papers.",
        "The deck of the Otter Bridge is made of larch.",
        "Its piers stand on granite blocks.",
    ]
    assert {fact.title for fact in facts} == {"The Otter Bridge"}
    assert facts[1].before == facts[0].sentence
    assert facts[1].passage.startswith(facts[0].sentence)


def test_every_sample_is_kept_with_a_reason_and_rejected_ones_say_why() -> None:
    teacher = ScriptedModel(reply)
    pipeline = Knowledge(LEAF, [DOCUMENT], lambda: teacher, CompactSettings())
    samples = pipeline.draw(pipeline.facts, 0, [], lambda tokens: None)
    assert sum(sample.is_written for sample in samples) == len(pipeline.question_prompts(0))
    assert all(sample.verdict and all(check.reason for check in sample.verdict) for sample in samples)
    assert any(sample.is_accepted for sample in samples)
    failed = {sample.failure.name for sample in samples if sample.failure}
    assert {"form", "stands alone", "new"} <= failed


def test_a_question_that_another_fact_makes_likelier_is_rejected_and_the_fact_is_named() -> None:
    class Doubting(ScriptedModel):
        def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
            return [0.0 if "larch" in prompt.messages[-1].content else -0.9 for prompt, _ in pairs]

    teacher = Doubting(lambda prompt: "the deck of the Otter Bridge made?" if prompt.start == "How" else "no")
    pipeline = Knowledge(LEAF, [DOCUMENT], lambda: teacher, CompactSettings())
    samples = pipeline.draw(pipeline.facts, 0, [], lambda tokens: None)
    doubted = [check for sample in samples for check in sample.verdict if check.name == "keeps to its fact"]
    assert [check.passed for check in doubted] == [False]
    assert "larch" in doubted[0].reason


def test_a_critic_of_its_own_reads_what_passes_and_its_verdict_counts() -> None:
    class Critic(ScriptedModel):
        """Finds every question clear and no answer faithful."""

        def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
            self.shown += [prompt.messages[-1].content for prompt in prompts]
            shows_passage = [prompt.messages[-1].content.startswith("Text: The Otter") for prompt in prompts]
            worse = [0.1] * (len(options) - 1)
            return [[0.9, *worse] if shown else [*worse, 0.9] for shown in shows_passage]

    critic = Critic(lambda prompt: "")
    alone = Knowledge(LEAF, [DOCUMENT], lambda: ScriptedModel(reply), CompactSettings())
    both = Knowledge(LEAF, [DOCUMENT], lambda: ScriptedModel(reply), CompactSettings(), lambda: critic)
    before, after = (run.draw(run.facts, 0, [], lambda tokens: None) for run in (alone, both))
    passed = [sample.key for sample in before if sample.is_accepted and sample.is_written]
    assert passed
    for sample in after:
        made = [check.name for check in sample.verdict if check.name in compact.RUBRICS]
        assert made == (["clear", "faithful"] if sample.key in passed else [])
        if made:
            assert sample.failure
            assert (sample.failure.name, sample.failure.reason[:14]) == ("faithful", "The judge says")
            assert sample.unchecked == ("relevant",)
    again = decide(next(sample for sample in after if sample.key in passed), {"faithful": 0.0})
    assert again.is_waiting
    (done,) = both.complete([again], lambda tokens: None)
    assert done.was_checked("relevant")
    assert not done.unchecked


def test_every_fact_gets_questions_even_when_the_teacher_has_none() -> None:
    pipeline = Knowledge(LEAF, [LAMPS], lambda: ScriptedModel(lambda prompt: "no"), CompactSettings())
    samples = pipeline.draw(pipeline.facts, 0, [], lambda tokens: None)
    kept = [sample for sample in samples if sample.is_accepted]
    assert not any(sample.is_written for sample in kept)
    assert {fact.statement for fact in pipeline.facts} <= {sample.answer for sample in kept}
    assert "What does the Otter Bridge have to do with Marl21?" in {sample.question for sample in kept}


def test_phrases_are_runs_of_words_that_carry_meaning() -> None:
    text = "The old locks at Port Ellen were dismantled for 35 pounds on 24 May 1933, at 05:45."
    found = [text[start:end] for start, end in phrases(text)]
    assert found == ["old locks", "Port Ellen", "dismantled", "35 pounds", "24 May 1933", "05:45"]


def test_it_is_replaced_by_what_it_stands_for() -> None:
    text = (
        "# The Olm\n\nThe olm is blind. Its skin is pale.\n\nA black form of the olm was found. It has working eyes.\n"
    )
    assert [fact.statement for fact in read_facts(text)][1::2] == [
        "The olm's skin is pale.",
        "A black form of the olm has working eyes.",
    ]


def test_plain_checks_reject_what_they_name() -> None:
    assert not checks.form("The bridge is long.").passed
    assert not checks.form("Why? How?").passed
    assert not checks.stands_alone("What does this sentence say?", frozenset()).passed
    assert not checks.stands_alone("How long is it?", content_words("bridge")).passed
    assert checks.stands_alone("How long is the bridge where it meets the road?", content_words("bridge")).passed
    piers, deck = content_words("The piers are granite."), content_words("The deck is larch.")
    assert checks.rival("What is larch?", piers, [piers, deck], lambda word: 1.0) == 1
    assert checks.rival("What are the piers?", piers, [piers, deck], lambda word: 1.0) is None
    assert not checks.leaves_something("Is the deck made of larch?", "The deck is made of larch.").passed
    assert checks.leaves_something("What is the deck made of?", "The deck is made of larch.").passed
    assert not checks.is_new("Who drew the bridge??", ["who drew the bridge"]).passed


def test_agreement_is_the_f1_of_content_words() -> None:
    assert agreement("It is made of larch.", "larch") == 2 / 3
    assert agreement("Granite.", "larch") == 0.0


LAMPS_FACTS = read_facts(LAMPS)


def generate(path: Path, waves: int, per_leaf: int = 0) -> list[tuple[int, int, int]]:
    settings = CompactSettings(per_leaf=per_leaf)
    pipeline = Knowledge(LEAF, [LAMPS], lambda: ScriptedModel(reply_about_lamps), settings)
    told: list[tuple[int, int, int]] = []
    compact.run(pipeline, Journal(path), waves, lambda *progress: told.append(progress))
    assert compact.is_done(pipeline, Journal(path), waves)
    return told


def test_cut_off_anywhere_the_samples_end_the_same_and_whole_portions_are_kept(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    generate(whole, 2)
    text = whole.read_bytes()
    assert Journal(whole).waves == 2
    for length in range(0, len(text), len(text) // 12):
        cut.write_bytes(text[:length])
        kept = Journal(cut).samples
        assert kept == Journal(whole).samples[: len(kept)]
        told = generate(cut, 2)
        assert Journal(cut).samples == Journal(whole).samples
        if len(kept) < len(LAMPS_FACTS) * 7:
            assert told[0][0] == len({sample.source for sample in kept})


def test_a_number_of_samples_that_was_asked_for_is_reached_by_going_on(tmp_path: Path) -> None:
    path = tmp_path / "leaf.jsonl"
    generate(path, 1)
    first = Journal(path).samples
    wanted = sum(sample.is_accepted for sample in first)
    generate(path, 20, per_leaf=wanted)
    assert Journal(path).samples[: len(first)] == first
    assert sum(sample.is_accepted for sample in Journal(path).samples) >= wanted


def test_a_teacher_that_writes_nothing_of_use_is_not_asked_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "leaf.jsonl"
    pipeline = Knowledge(LEAF, [DOCUMENT], lambda: ScriptedModel(lambda prompt: "no"), CompactSettings(per_leaf=9))
    compact.run(pipeline, Journal(path), 20, lambda *progress: None)
    assert Journal(path).waves == 1


def test_appending_drops_a_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b"')
    append_lines(path, [{"c": 2}])
    assert path.read_bytes() == b'{"a": 1}\n{"c": 2}\n'


def accepted(question: str, source: str = "s") -> Sample:
    return Sample("0-1", LEAF.path, question, "An answer.", source, (Check("form", True, "It is one question."),))


def test_the_mixture_has_seeds_and_accepted_samples_but_never_a_held_out_question(tmp_path: Path) -> None:
    rejected = accepted("Why is it red?").judged(Check("new", False, "It is old."))
    samples = [accepted("Where is Marl?"), rejected, accepted("Where, then, is the Wend?")]
    rows = finals(samples, {}, Reviews(tmp_path / "reviews.jsonl"))
    mixture = mix([(LEAF, learned(rows))], ["Where is Marl"])
    questions = [row.question for row in mixture.train]
    assert questions == [*(seed.question for seed in SEEDS), "Where, then, is the Wend?"]
    assert mixture.withheld == 1


def test_a_fixed_share_of_the_samples_is_held_out_and_never_trained_on() -> None:
    samples = [accepted(f"What is the number {index * 7919}?") for index in range(200)]
    mixture = mix([(LEAF, samples)], [])
    assert 2 <= len(mixture.held_out) <= 30
    assert not {row.question for row in mixture.held_out} & {row.question for row in mixture.train}
    assert mixture == mix([(LEAF, samples)], [])


def test_a_leaf_with_few_samples_holds_one_out_and_a_tiny_one_none() -> None:
    questions = [f"What is number {index}?" for index in range(12)]
    sources = [f"fact {index // 2}" for index in range(11)] + ["alone"]
    samples = [accepted(question, source) for question, source in zip(questions, sources, strict=True)]
    for count in (FEW, len(samples)):
        mixture = mix([(LEAF, samples[:count])], [])
        (row,) = mixture.held_out
        assert row.question in questions[:11]  # not what a fact has as its only sample
        assert row.question not in {row.question for row in mixture.train}
    assert not mix([(LEAF, samples[: FEW - 1])], []).held_out


def test_the_teacher_is_never_shown_a_held_out_question_of_the_example() -> None:
    example = ROOT / "resources" / "example_project"
    leaf = next(leaf for leaf in read_taxonomy(example / "taxonomy") if leaf.kind == "knowledge")
    documents = [file.read_text() for file in (example / "documents" / leaf.path).glob("*.md")]
    teacher = ScriptedModel(reply)
    pipeline = Knowledge(leaf, documents, lambda: teacher, CompactSettings())
    pipeline.draw(pipeline.facts, 0, [], lambda tokens: None)
    shown = "\n".join(teacher.shown).casefold()
    assert documents[0].splitlines()[4].casefold() in shown
    for question in read_questions(example / "questions.jsonl"):
        assert question.question.casefold() not in shown
