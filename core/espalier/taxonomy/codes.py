"""Every kind of problem: what its code means, how it is mended, and how it is counted.

The number of errors equals the reference parser's (instructlab-schema 0.4.2) but where `Code.counted` says why.
"""

from dataclasses import dataclass

_LINT = "One error for each that yamllint reports, as upstream."


@dataclass(frozen=True)
class Code:
    """One kind of problem.

    Attributes:
        meaning: in a few words.
        fix: what the safe mend does; empty when only the person can know what is right.
        counted: how one problem of ours stands to upstream's errors; empty when one is one.
        brings: code of the hint that the safe mend leaves behind, as it says what is still to do; mostly empty.
        hides: whether the file's other problems show only when this one is mended.
    """

    meaning: str
    fix: str = ""
    counted: str = ""
    hides: bool = False
    brings: str = ""


CODES = {
    # the file
    "not-found": Code("there is no such file", hides=True),
    "unreadable": Code("the system does not let the file be opened", hides=True),
    "outside": Code("a link that leads out of the taxonomy; upstream follows it or fails", hides=True),
    "file-name": Code("a leaf is not named qna.yaml", "renames the file", hides=True),
    "not-utf8": Code(
        "bytes that are no UTF-8", counted="Upstream stops the whole run with an exception here.", hides=True
    ),
    "too-large": Code(
        "more than 1 MB, 100,000 lines, 30,000 parts or 1,000 keys",
        counted="Upstream has no limit and may take hours.",
        hides=True,
    ),
    "too-deep": Code("nested too deeply to read", counted="Upstream ends with Python's recursion error.", hides=True),
    "aliases": Code(
        "aliases that unfold without end", counted="Upstream fills the memory or recurses without end.", hides=True
    ),
    "yaml-syntax": Code(
        "no valid YAML",
        "replaces tabs by spaces, or puts the text that YAML misreads in quotes",
        "Upstream stops the whole run with an exception here. It takes a number of more than 1,000 characters, "
        "as which nobody means it, and finds errors behind it.",
        hides=True,
    ),
    "empty-file": Code("no keys and values at all; a warning", hides=True),
    "not-a-mapping": Code("the top level is a list or a text", hides=True),
    # the version and the place
    "unknown-version": Code("a version of the format that does not exist", hides=True),
    "old-knowledge": Code(
        "knowledge of version 1 or 2", "rewrites it as version 3 and marks what is still to write", hides=True
    ),
    "misplaced": Code(
        "knowledge among the skills, or a skill among the knowledge",
        "moves the leaf's folder to the other branch",
        "Upstream applies the wrong schema: up to 19 errors for this one cause.",
        hides=True,
    ),
    # the values
    "version": Code(
        "the version is not the number that it must be",
        "writes the number",
        "Upstream says of a quoted version both that it is no integer and that 3 was expected; "
        "for us it is the one thing to mend.",
    ),
    "missing-key": Code("a required key is not there", "corrects the key that is misspelt, or adds the version"),
    "unknown-key": Code(
        "keys that the format does not have", "corrects their spelling when one or two letters are wrong"
    ),
    "wrong-type": Code("not a text, or not a list, where one must be", "puts it in quotes"),
    "empty-text": Code("a text without a character"),
    "no-repository": Code(
        "neither a repository nor “local” for the documents, or no commit",
        "says that they are in this project only, where neither is named",
        brings="local-documents",
    ),
    "too-few": Code("fewer seed examples, pairs or patterns than required"),
    "duplicate": Code("items that are equal to earlier ones", "deletes the repeated ones where enough are left"),
    # the layout: warnings of yamllint in ``ci`` mode are marked upstream as here
    "lint-failed": Code("yamllint itself fails on the file", counted="Upstream counts the traceback as one error."),
    "lint-syntax": Code("yamllint cannot read what YAML can, after a second byte order mark", counted=_LINT),
    "lint-anchors": Code("an anchor or alias is wrong", counted=_LINT),
    "lint-braces": Code("too many spaces inside braces", "leaves one", _LINT),
    "lint-brackets": Code("too many spaces inside brackets", "leaves one", _LINT),
    "lint-colons": Code("wrong spaces around a colon", "leaves one after it", _LINT),
    "lint-commas": Code("wrong spaces around a comma", "leaves one after it", _LINT),
    "lint-empty-lines": Code("too many blank lines", "deletes those that are too many", _LINT),
    "lint-hyphens": Code("too many spaces after a hyphen", "leaves one", _LINT),
    "lint-indentation": Code("an indent unlike the others", counted=_LINT),
    "lint-key-duplicates": Code("a key occurs twice", counted=_LINT),
    "lint-new-line-at-end-of-file": Code("the last line is not ended", "ends it", _LINT),
    "lint-new-lines": Code("line ends other than the rules ask", counted=_LINT),
    "lint-trailing-spaces": Code("spaces at the end of a line", "deletes them", _LINT),
    "lint-*": Code("any other rule of yamllint, from a file of rules", counted=_LINT),
    # hints: upstream has none of them, and they reject nothing
    "long-context": Code("a context of more than 500 words"),
    "long-question": Code("a question of more than 250 words"),
    "long-answer": Code("an answer of more than 250 words"),
    "mixed-seeds": Code("seed examples with and without a context in one leaf"),
    "near-duplicate": Code("a question that almost repeats another"),
    "personal-data": Code("an e-mail address, a telephone or a card number"),
    "other-model": Code("a text that speaks of, or as, another assistant"),
    "local-documents": Code("documents that are in the project only, not in a Git repository"),
    "no-attribution": Code("no attribution.txt beside the leaf, in ``ci`` mode"),
    "todo": Code("a comment that marks what is still to be written"),
}


def code(name: str) -> Code:
    """Return what a code stands for; a rule of yamllint that we have no words for is ``lint-*``."""
    return CODES.get(name) or CODES["lint-*"]
