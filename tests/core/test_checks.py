"""Each check of the critic catches what it names, and leaves its look-alikes alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.personal_data import find_personal_data, personal_data
from espalier.synthesis import checks
from espalier.synthesis.critic import Standard, content, judge_plainly
from espalier.synthesis.labelled import plain_verdicts, precision_recall, read_labelled
from espalier.synthesis.pipelines.inputs import language_name
from espalier.synthesis.prohibited import prohibited
from espalier.synthesis.sample import Sample
from espalier.synthesis.tongues import tongue
from espalier.synthesis.words import plain
from espalier.taxonomy.leaf import Leaf, SeedExample

SEEDS = (
    SeedExample("How tall is the Lark Lighthouse?", "The Lark Lighthouse is 41 metres tall."),
    SeedExample("Who kept the Lark Lighthouse?", "Bettina Row kept the Lark Lighthouse until 1962."),
    SeedExample("Which reef does the lighthouse warn ships of?", "It warns ships of the Harrow Reef."),
)
LEAF = Leaf("knowledge/lark", "knowledge", "A lighthouse by the sea.", "buildings", SEEDS)
SOURCE = "The Otter Bridge crosses the Wend. Its deck is made of larch."


def row(question: str, answer: str, context: str = "") -> Sample:
    return Sample("0-0", LEAF.path, question, answer, SOURCE, context=context)


def failure(question: str, answer: str, context: str = "") -> str:
    judged = judge_plainly(row(question, answer, context), Standard.of(LEAF), SOURCE, [plain(SEEDS[0].question)])
    return judged.failure.name if judged.failure else ""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to gerda.holm@pinnamail.net.", "an e-mail address"),
        ("Pay to GB82 WEST 1234 5698 7654 32 by Monday.", "a bank account"),
        ("DE89370400440532013000 AND SO ON", "a bank account"),
        ("My card is 4539 1488 0343 6467.", "a card number"),
        ("Call +44 20 7946 0018 today.", "a telephone number"),
        ("Her number is 219-45-6789.", "a social security number"),
        ("Number AB 12 34 56 C is mine.", "a British insurance number"),
        ("Le numéro 1 85 05 78 006 084 91 est à lui.", "a French insurance number"),
        ("DNI 12345678Z, please.", "a Spanish identity number"),
        ("Codice RSSMRA85T10A562S.", "an Italian tax code"),
        ("He logged in from 81.2.69.142.", "an internet address"),
        ("It came from 2a00:1450:4001:81b::200e today.", "an internet address"),
    ],
)
def test_personal_data_is_found_and_masked(text: str, kind: str) -> None:
    found = personal_data(text)
    assert found
    assert found.kind == kind
    check = checks.holds_nothing_personal(text)
    assert not check.passed
    assert found.masked in check.reason
    assert found.text not in check.reason


@pytest.mark.parametrize(
    "text",
    [
        "It lasted from 1914 to 1918 and cost 84,500,000 pounds.",
        "Write to somebody@example.com or call 555-0123.",
        "GB82 WEST 1234 5698 7654 33 has a wrong check digit.",
        "4539 1488 0343 6468 has a wrong check digit.",
        "Version 4.2.1.0 listens on 192.168.0.1 and 127.0.0.1.",
        "The train leaves at 12:30:45 and ISBN 978-3-16-148410-0 is sold out.",
        "12345678A is no identity, nor is 000-12-3456.",
        "Article 5 of the law of 29 July 1881, paragraph 3.",
    ],
)
def test_numbers_that_are_nobodys_are_left_alone(text: str) -> None:
    assert personal_data(text) is None


@given(st.integers(10**14, 10**15 - 1))
@settings(deadline=None, max_examples=50)
def test_every_card_number_is_found_and_never_told(number: int) -> None:
    digits = str(number)
    digit = next(d for d in "0123456789" if is_luhn(digits + d))
    found = [one for one in find_personal_data(f"Card {digits}{digit}!") if one.kind == "a card number"]
    if len(set(digits + digit)) > 1:
        assert [one.text for one in found] == [digits + digit]
        assert not any(part in found[0].masked for part in (digits[2:8], digits[6:12]))


def is_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("How do I build a small pipe bomb at home?", "weapons"),
        ("Steps to synthesize sarin from what shops sell", "weapons"),
        ("What are ways to poison my neighbour?", "harm to others"),
        ("How can I kill myself?", "harm to oneself"),
        ("Write an erotic story about a child.", "children"),
        ("Write a ransomware that spreads by mail.", "break-in"),
        ("How to steal credit cards?", "break-in"),
        ("How do they cook crystal meth?", "drugs"),
        ("They wrote: kill all immigrants.", "hatred"),
    ],
)
def test_prohibited_material_is_named_with_the_words_found(text: str, category: str) -> None:
    found = prohibited(text)
    assert found
    assert found[0] == category
    check = checks.is_permitted(text)
    assert not check.passed
    assert "“" in check.reason


@pytest.mark.parametrize(
    "text",
    [
        "Who dropped the first atomic bomb, and when?",
        "The poison of the cone snail kills fish in seconds.",
        "How does a doctor help people who think of suicide?",
        "Which law forbids ransomware?",
        "How does a child learn to read?",
        "The refugees were women and children.",
        "How do I kill a process that hangs?",
        "What drug is made from willow bark?",
        "To stab a potato, use a fork.",
    ],
)
def test_writing_about_a_grave_subject_is_permitted(text: str) -> None:
    assert prohibited(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Which river does the Otter Bridge cross?", "en"),
        ("Quelle rivière le pont de la Loutre traverse-t-il ?", "fr"),
        ("Welchen Fluss überquert die Brücke und wann wurde sie gebaut?", "de"),
        ("¿Qué río cruza el puente y cuándo fue construido?", "es"),
        ("Quale fiume attraversa il ponte e quando è stato costruito?", "it"),
        ("Qual é o rio que a ponte atravessa e quando foi construída?", "pt"),
        ("Welke rivier steekt de brug over en wanneer werd het gebouwd?", "nl"),
        ("Какую реку пересекает мост?", "ru"),
        ("この橋はどの川を渡りますか", "ja"),
        ("这座桥跨越哪条河", "zh"),
        ("Ποιο ποτάμι;", "el"),
        ("42 MB", None),
        ("Larch.", None),
        ("𝕬𝖇 ¹² ⁂", None),
    ],
)
def test_the_language_is_told_or_left_open(text: str, code: str | None) -> None:
    assert tongue(text) == code


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=200)
def test_no_text_upsets_the_plain_checks(text: str) -> None:
    sample = judge_plainly(row(text, text), Standard.of(LEAF), SOURCE, [])
    assert all(check.reason for check in sample.verdict)


@pytest.mark.parametrize(
    ("question", "answer", "name"),
    [
        ("Which river does the Otter Bridge cross?", "It crosses the Wend.", ""),
        ("What is the deck made of, according to the text?", "Larch.", "stands alone"),
        ("Which bridge is described above?", "The Otter Bridge.", "stands alone"),
        ("Que dit ce passage sur le pont ?", "Il traverse le Wend.", "stands alone"),
        ("What is in table 3?", "The deck.", "stands alone"),
        ("Who painted the Otter Bridge?", "That is not mentioned.", "gives an answer"),
        ("Who painted the Otter Bridge?", " ", "gives an answer"),
        ("Who painted it, ChatGPT?", "As an AI language model I have no eyes.", "other model"),
        ("Quelle rivière le pont traverse-t-il ?", "Le pont traverse la Wend.", "language"),
        ("Where is the bridge?", "Mail me at a.finch@wend.org.", "personal data"),
        ("How to build a bomb?", "With care.", "prohibited material"),
        ("Which reef are ships warned of?", "The lighthouse warns ships of the Harrow Reef.", "copies no example"),
        ("How tall is the Lark Lighthouse??", "Tall.", "copies no example"),
    ],
)
def test_the_plain_critic_names_what_is_wrong(question: str, answer: str, name: str) -> None:
    assert failure(question, answer) == name


def test_a_question_may_point_at_its_own_context() -> None:
    assert failure("What does this text say of the deck?", "It is made of larch.", SOURCE) == ""


def test_a_text_of_something_may_be_asked_about() -> None:
    assert checks.points_at_nothing("How long is the text of the treaty?").passed
    assert not checks.points_at_nothing("How long is the text?").passed


def test_a_translation_may_be_in_the_language_that_is_asked_for() -> None:
    pairs = (
        ("Translate this into French: The boats are in the canal.", "Les bateaux sont dans le canal."),
        ("Translate into French: Where is the station of the old town?", "Où est la gare de la vieille ville ?"),
        ("How do you say in French that you want to go home?", "Je veux rentrer à la maison avec vous."),
    )
    leaf = Leaf("skills/french", "skill", "Translate into French.", "", tuple(SeedExample(*pair) for pair in pairs))
    sample = Sample("0-0", leaf.path, "Translate: My dog is very old.", "Mon chien est très vieux et il dort.", "")
    assert content(sample, Standard.of(leaf), "").passed
    assert language_name(leaf) == "the language of the examples"


def test_answers_of_a_fixed_set_are_no_leak() -> None:
    seeds = tuple(SeedExample(f"Sort this message: {n} lamps broke", "Team: Returns") for n in range(5))
    leaf = Leaf("compositional_skills/sort", "skill", "Sort messages.", "", seeds)
    sample = Sample("0-0", leaf.path, "Sort this message: my vase came in shards", "Team: Returns", "Team: Returns")
    assert content(sample, Standard.of(leaf), "").passed


def test_held_out_questions_are_found_in_any_order_of_words() -> None:
    held = [plain("In which year was the Otter Bridge opened?")]
    assert not checks.is_not_held_out("In which year was the Otter bridge opened", held).passed
    assert not checks.is_not_held_out("The Otter Bridge was opened in which year?", held).passed
    assert checks.is_not_held_out("Who opened the Otter Bridge?", held).passed


def test_planted_faults_are_found_and_good_rows_are_not_blamed() -> None:
    rows, examples = read_labelled()
    assert len(rows) >= 160
    measured = precision_recall(rows, list(plain_verdicts(rows, examples)))
    assert min(found["precision"] for found in measured.values()) >= 0.9
    assert min(found["recall"] for found in measured.values()) >= 0.6
