"""The critic's checks that need no model: cheap, exact, each with its reason in words."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rapidfuzz import fuzz, process

from espalier.personal_data import personal_data
from espalier.synthesis.prohibited import prohibited
from espalier.synthesis.sample import Check
from espalier.synthesis.tongues import NAMES, tongue
from espalier.synthesis.words import content_words, plain
from espalier.taxonomy.telltale import other_model

Weight = Callable[[str], float]
LONGEST_QUESTION = 40  # words
LEAKED_WORDS, LEAKED_SHARE = 3, 0.5  # content words of a row that only an example has: that many, of so large a share
NEAR = 94  # rapidfuzz's ratio of two plain texts, 0 to 100
_TEXT = r"(?:sentence|statement|passage|paragraph|text|article|document|fact|excerpt|question|context|example)s?"
_POINTS_AWAY = re.compile(
    rf"\b(?:this|that|these|those|given|above|following)\s+(?:above\s+|given\s+)?{_TEXT}\b"
    rf"|\bthe\s+(?:above\s+|given\s+)?{_TEXT}\b(?!(?<!context)\s+of\b)"
    r"|\b(?:mentioned|described|shown|stated|given|listed)\s+(?:above|below|earlier|here)\b"
    r"|\b(?:in|see|by|from)\s+(?:the\s+)?(?:figure|table|section|chapter|appendix)\s+\d"
    # French, German, Spanish
    r"|\b(?:ce|cette|ces|cet)\s+(?:texte|phrase|passage|paragraphe|extrait|document)s?\b|\bci-dessus\b"
    r"|\b(?:d'après|selon|dans)\s+le\s+(?:texte|passage|paragraphe|document)\b"
    r"|\b(?:diese[mnrs]?|obige[mnrs]?|vorliegende[mnrs]?)\s+(?:Text|Satz|Absatz|Abschnitt|Dokument)e?s?\b"
    r"|\b(?:im|laut)\s+Text\b|\b(?:este|esta|el)\s+(?:texto|pasaje|párrafo)(?!\s+de\b)",
    re.IGNORECASE,
)
_NO_ANSWER = re.compile(
    r"\bunanswerable\b|\bI (?:do not|don['’]t|cannot|can['’]t) (?:know|answer|say|tell)\b|\bI['’]m (?:sorry|not sure)\b"
    r"|\b(?:is|are|was|were) not (?:mentioned|stated|specified|provided|said)\b"
    r"|\b(?:cannot|can not|can['’]t|could not) be (?:determined|answered|inferred|deduced)\b"
    rf"|\b{_TEXT}\s+(?:does|do|did)(?: not|n['’]t) (?:say|mention|state|specify|provide|tell|give|contain)\b"
    r"|\bno (?:information|mention|answer) (?:is|was|about|on|of|in)\b|\bnot enough information\b"
    r"|\bn['’]est pas (?:mentionné|précisé|indiqué)e?\b|\b(?:texte|passage) ne (?:dit|précise|mentionne)\b"
    r"|\bje ne sais pas\b|\bwird nicht (?:erwähnt|genannt|gesagt|angegeben)\b|\bich weiß (?:es )?nicht\b"
    r"|\bno se (?:menciona|dice|indica)\b|\bno lo sé\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:it|its|he|his|she|her|they|their|them|this|these|you|your)\b", re.IGNORECASE)


def form(question: str) -> Check:
    """Check that a text is one question of a sensible length."""
    count = len(question.split())
    if not question.endswith(("?", "？")):
        return Check("form", False, "It does not end with a question mark.")
    if question.count("?") > 1 or "\n" in question:
        return Check("form", False, "It is more than one question.")
    if not 3 <= count <= LONGEST_QUESTION and question.isascii():
        return Check("form", False, f"It has {count} words; 3 to {LONGEST_QUESTION} are wanted.")
    return Check("form", True, "It is one question.")


def stands_alone(question: str, names: frozenset[str]) -> Check:
    """Check that a question can be understood without the text it came from.

    Args:
        question: to check.
        names: content words of which one says what a pronoun stands for.
    """
    pointed = points_at_nothing(question)
    if not pointed.passed:
        return pointed
    if (found := _PRONOUN.search(question)) and not content_words(question) & names:
        return Check("stands alone", False, f"Nobody can tell what “{found[0]}” is.")
    return Check("stands alone", True, "It can be understood by itself.")


def points_at_nothing(question: str) -> Check:
    """Check that a question does not point at a text that its reader does not see."""
    if found := _POINTS_AWAY.search(question):
        return Check("stands alone", False, f"“{found[0]}” points at a text that the reader does not see.")
    return Check("stands alone", True, "It can be understood by itself.")


def rival(question: str, source: frozenset[str], others: Sequence[frozenset[str]], weight: Weight) -> int | None:
    """Return which other fact or seed example a question may rather be about, going by words; None when none is.

    Args:
        question: to look at.
        source: content words of the fact that it was drawn from.
        others: content words of each of the leaf's facts and seed examples.
        weight: how much a word tells, 0 for one that all facts share.
    """
    words = content_words(question)
    own = sum(map(weight, words & source))
    fits = [sum(map(weight, words & other)) if words & other - source else 0.0 for other in others]
    best = max(range(len(fits)), key=fits.__getitem__, default=0)
    return best if fits and fits[best] > own else None


def leaves_something(question: str, answer: str) -> Check:
    """Check that the answer says something that the question has not given away."""
    if not content_words(answer) - content_words(question):
        return Check("leaves something to answer", False, "The question already holds the whole answer.")
    return Check("leaves something to answer", True, "The answer adds to the question.")


IS_NEW = Check("new", True, "No other question is nearly the same.")


def is_new(question: str, others: Iterable[str]) -> Check:
    """Check that a question is no near-duplicate of others, given in their plain form."""
    alike = process.extract_iter(plain(question), others, scorer=fuzz.ratio, processor=None, score_cutoff=NEAR)
    if found := next(alike, None):
        return replace(not_new(found[0]), score=round(found[1], 1))
    return IS_NEW


def not_new(question: str, leaf: str = "") -> Check:
    """Return the failed check of a question that is nearly another one, which that other leaf has."""
    where = f" in {leaf}" if leaf else ""
    return Check("new", False, f"It is nearly the same as “{question}”{where}.")


def gives_an_answer(answer: str) -> Check:
    """Check that an answer answers, rather than saying that it cannot (what is asked is then unanswerable)."""
    if not content_words(answer) and not answer.strip():
        return Check("gives an answer", False, "The answer is empty.")
    if found := _NO_ANSWER.search(answer):
        return Check("gives an answer", False, f"“{found[0]}”: the question cannot be answered from what is known.")
    return Check("gives an answer", True, "The answer answers.")


def keeps_language(texts: Iterable[str], wanted: str | None) -> Check:
    """Check that texts are in the leaf's language, as far as their words tell; a short text tells nothing.

    Args:
        texts: question and answer, looked at one by one and together.
        wanted: code of the leaf's language; None when that is unknown.
    """
    texts = list(texts)
    for text in (*texts, " ".join(texts)) if wanted else ():
        found = tongue(text)
        if found not in (None, wanted):
            reason = f"It is in {NAMES[found or '']}; the leaf is in {NAMES[wanted or '']}."
            return Check("language", False, reason)
    return Check("language", True, "It is in the leaf's language.")


def holds_nothing_personal(text: str) -> Check:
    """Check that a text holds no personal data; the reason shows what was found, masked."""
    if found := personal_data(text):
        return Check("personal data", False, f"It holds what looks like {found.kind}: {found.masked}.")
    return Check("personal data", True, "It holds no personal data.")


def is_permitted(text: str) -> Check:
    """Check that a text holds nothing prohibited."""
    if found := prohibited(text):
        return Check("prohibited material", False, found[1])
    return Check("prohibited material", True, "It holds nothing prohibited.")


def speaks_for_itself(text: str) -> Check:
    """Check that a text does not speak of, or as, another assistant."""
    if found := other_model(text):
        return Check("other model", False, f"“{found}” would teach the student to talk of itself like that.")
    return Check("other model", True, "It names no other assistant.")


def copies_no_example(question: str, answer: str, allowed: str, examples: Iterable[tuple[str, str]]) -> Check:
    """Check that a row is no echo of an example that its writer was shown (leakage from few-shot prompts).

    Args:
        question: of the row.
        answer: of the row; "" where it has to be one of the examples' answers.
        allowed: text that the row may be made of: its source, passage or context, and what the leaf is about.
        examples: questions and answers that were shown.
    """
    own, known = content_words(f"{question} {answer}"), content_words(allowed)
    for shown, reply in examples:
        if fuzz.ratio(plain(question), plain(shown)) >= NEAR:
            return Check("copies no example", False, f"It repeats the example “{shown}”.")
        foreign = own & (content_words(f"{shown} {reply}") - known)
        if known and len(foreign) >= LEAKED_WORDS and len(foreign) >= LEAKED_SHARE * len(own):
            return Check("copies no example", False, f"It is about what the example “{shown}” is about.")
    return Check("copies no example", True, "It repeats none of the examples.")


def is_not_held_out(question: str, held_out: Sequence[str]) -> Check:
    """Check that a question is none of the held-out ones, given in their plain form, or nearly so in any word order."""
    text = plain(question)
    for likeness in (fuzz.ratio, fuzz.token_sort_ratio):
        if found := process.extractOne(text, held_out, scorer=likeness, processor=None, score_cutoff=NEAR):
            reason = f"It is nearly the held-out question “{found[0]}”, which measures the student."
            return Check("held out", False, reason)
    return Check("held out", True, "It is none of the held-out questions.")
