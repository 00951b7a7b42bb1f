"""What to know before something is published: one line each, with a verdict, a reason and the next step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from espalier.files import read_lines
from espalier.personal_data import find_personal_data
from espalier.project import Project
from espalier.sharing.bases import base_of
from espalier.sharing.facts import report_of, small_of, sources_of
from espalier.sharing.private import find_private
from espalier.sharing.student import student_of
from espalier.training.run import Run

Verdict = Literal["good", "look", "stop"]

MOST_DETAILS = 20
_BLOCK = 1_000_000  # bytes of whole lines that are looked through at once
_TEXT = (".md", ".json", ".jsonl", ".txt", ".jinja", ".yaml", ".html", ".csv", "")


@dataclass(frozen=True)
class Line:
    """One thing to know.

    Attributes:
        name: of what was looked at, the same in every version.
        verdict: good, look (a person should decide), or stop (it must not be published so).
        sentence: what was found, and what to do.
        details: rows, leaves or files that are meant, at most `MOST_DETAILS`.
    """

    name: str
    verdict: Verdict
    sentence: str
    details: list[str] = field(default_factory=list)

    def as_values(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return asdict(self)


def gate(
    project: Project,
    run: Run,
    forms: Sequence[str],
    private: bool,
    repo: str = "",
    files: Sequence[tuple[str, Path]] = (),
) -> list[Line]:
    """Return what to know before publishing; it must not go on where a line says stop.

    Args:
        project: of the run.
        run: that is published.
        forms: that go along; the data set's rows count for more than an adapter's.
        private: whether only its owner will see it.
        repo: ``owner/name``, "" while it has no name.
        files: path in the repository and local file of all that goes along.
    """
    return [
        _visibility(private),
        _license(run, private),
        _teacher(project),
        *_name(run, project, private, repo),
        *_documents(project, run, forms, private),
        _personal(run),
        _evaluation(run),
        *_small(run, forms),
        *_secrets(project, files),
    ]


def may_publish(lines: Sequence[Line]) -> bool:
    """Return whether no line stops it."""
    return all(line.verdict != "stop" for line in lines)


def _visibility(private: bool) -> Line:
    if private:
        return Line("visibility", "good", "It will be private: only you, or your organisation, can see it.")
    return Line("visibility", "look", "It will be public: everyone can see, copy and use it. Choose private to wait.")


def _license(run: Run, private: bool) -> Line:
    base = student_of(run)
    license = base.license
    if not license.is_known:
        sentence = (
            f"The licence of the base {base.name} is not known, so it cannot be published for everyone. "
            f"Write it into the head of a README.md in the model's folder, or publish it privately."
        )
        return Line("licence", "look" if private else "stop", sentence)
    if license.is_free:
        sentence = f"The base {base.name} is under {license.name}; the card and the files keep it."
        return Line("licence", "good", sentence)
    sentence = (
        f"The base {base.name} is under {license.name}, which has conditions. Read them; they are passed on."
        if license.is_commercial
        else f"The base {base.name} is under {license.name}: no use for money. Read its terms; they are passed on."
    )
    return Line("licence", "look", sentence, [license.link] if license.link else [])


def _name(run: Run, project: Project, private: bool, repo: str) -> Iterator[Line]:
    """Yield whether the name is as the licences of the base and of the teacher, whose words it learned, want it."""
    licenses = [model.license for model in (student_of(run), base_of(project.teacher)) if model.license.begins]
    if not licenses or not repo:
        return
    wrong = next((license for license in licenses if not license.allows_name(repo)), None)
    if wrong:
        sentence = (
            f"The licence wants a name that begins with “{wrong.begins}”. Call it {_renamed(repo, wrong.begins)}."
        )
        yield Line("name", "look" if private else "stop", sentence)
    else:
        yield Line("name", "good", f"Its name begins with “{licenses[0].begins}”, as the licence wants it.")


def _renamed(repo: str, begins: str) -> str:
    owner, slash, name = repo.rpartition("/")
    return f"{owner}{slash}{begins.replace(' ', '-')}-{name}"


def _teacher(project: Project) -> Line:
    teacher = base_of(project.teacher)
    if teacher.is_remote:
        sentence = (
            f"The teacher {teacher.name} answers behind an endpoint, and its provider's terms bind what it wrote. "
            "Read whether they let you train and publish a model with it."
        )
        return Line("teacher", "look", sentence)
    license = teacher.license
    if not license.is_known:
        sentence = (
            f"The licence of the teacher {teacher.name} is not known. Read whether its terms let you use what it wrote."
        )
        return Line("teacher", "look", sentence)
    if license.bars_outputs:
        sentence = (
            f"The teacher {teacher.name} is under {license.name}, by which its words may teach models of its own "
            "family only. Choose another teacher unless the base is one of them."
        )
        return Line("teacher", "look", sentence, [license.link])
    if license.is_free:
        return Line(
            "teacher", "good", f"The teacher {teacher.name} is under {license.name}, which leaves its words to you."
        )
    sentence = f"The teacher {teacher.name} is under {license.name}. Read what it says of models made with its words."
    return Line("teacher", "look", sentence, [license.link] if license.link else [])


def _documents(project: Project, run: Run, forms: Sequence[str], private: bool) -> Iterator[Line]:
    leaves = sorted({str(row.get("leaf", "")) for row in read_lines(run.folder / "train.jsonl")} - {""})
    if not leaves:  # of an adapter that was brought along nobody knows
        return
    sources = sources_of(project, leaves)
    bare = [leaf for leaf, works in sources if not works or any(not work.license.strip() for work in works)]
    narrow = [f"{leaf}: {work.license}" for leaf, works in sources for work in works if _is_narrow(work.license)]
    if bare:
        is_copied = "dataset" in forms
        verdict: Verdict = "stop" if is_copied and not private else "look"
        sentence = (
            "The data set can hold their text word for word, and these leaves name no licence. Fill in their "
            "attribution, leave the data set out, or publish it privately."
            if is_copied
            else "These leaves name no licence for their text. Fill in their attribution, so that others know."
        )
        yield Line("documents", verdict, sentence, bare[:MOST_DETAILS])
    if narrow:
        sentence = (
            "These documents may not be changed, or not be used for money. Read their licences before you publish."
        )
        yield Line("documents", "look", sentence, narrow[:MOST_DETAILS])
    if not bare and not narrow:
        yield Line("documents", "good", "Every leaf names the works that it draws on, with their licences.")


def _is_narrow(license: str) -> bool:
    return bool({"NC", "ND"} & set(license.upper().split("-")))


def _personal(run: Run) -> Line:
    details: list[str] = []
    count = 0
    for part in ("train", "heldout", "general"):
        for number, row in enumerate(read_lines(run.folder / f"{part}.jsonl"), 1):
            text = f"{row.get('question', '')}\n{row.get('answer', '')}"
            found = next(find_personal_data(text), None)
            if found:
                count += 1
                details.append(f"{row.get('leaf') or part}, {part}.jsonl:{number}: {found.masked}")
    if not count:
        return Line(
            "personal data", "good", "No address, telephone number or number of a person was found in the rows."
        )
    sentence = "Some rows look like personal data. Look at them in Review, drop what is, and train again."
    return Line("personal data", "look", sentence, details[:MOST_DETAILS])


def _evaluation(run: Run) -> Line:
    report = report_of(run)
    summary: Mapping[str, Any] = report.get("summary") or {}
    right = summary.get("right", {})
    if not summary.get("questions") or "tuned" not in right:
        sentence = (
            "It was not evaluated, so nobody knows whether it got better. Evaluate it first; the card then shows it."
        )
        return Line("evaluation", "look", sentence)
    asked, before, after = summary["questions"], right["base"], right["tuned"]
    if after < before:
        sentence = (
            f"It answers {after} of {asked} held-out questions right, and the base {before}. "
            "Train it again before you give it to others."
        )
        return Line("evaluation", "look", sentence, _lost(report))
    if after == before:
        sentence = (
            f"It answers {after} of {asked} held-out questions right, as many as the base. Training changed nothing."
        )
        return Line("evaluation", "look", sentence, _lost(report))
    forgot = (report.get("forgetting") or {}).get("summary", {}).get("tuned", {})
    if forgot and forgot["mean"] < 0 and forgot["p_value"] < 0.05:
        sentence = (
            f"It answers {after} of {asked} held-out questions right, {before} before, and forgot general knowledge."
        )
        return Line("evaluation", "look", sentence)
    return Line("evaluation", "good", f"It answers {after} of {asked} held-out questions right; the base {before}.")


def _lost(report: Mapping[str, Any]) -> list[str]:
    return [row["question"] for row in report["questions"] if row.get("change") == "regressed"][:MOST_DETAILS]


def _small(run: Run, forms: Sequence[str]) -> Iterator[Line]:
    small = small_of(run) if "fused-4bit" in forms else None
    if small and small.cost.get("level") in ("little", "much"):
        yield Line("4 bits", "look", str(small.cost["verdict"]))
    elif small and not small.cost:
        yield Line("4 bits", "look", "What the 4-bit student costs was not measured. Quantize it again to find out.")


def _secrets(project: Project, files: Sequence[tuple[str, Path]]) -> Iterator[Line]:
    if not files:
        return
    secrets, places = list[str](), list[str]()
    for name, file in files:
        if file.suffix not in _TEXT:
            continue
        with file.open("rb") as stream:
            while lines := stream.readlines(_BLOCK):
                for found in find_private(b"".join(lines).decode(errors="replace"), project.root):
                    (secrets if found.is_secret else places).append(f"{name}: {found.masked}")
    if secrets:
        sentence = "A token or password stands in these files. Take it out where it comes from, and revoke it."
        yield Line("secrets", "stop", sentence, secrets[:MOST_DETAILS])
    if places:
        sentence = "Folders of your computer are named in these files. Take them out, or publish privately."
        yield Line("secrets", "look", sentence, places[:MOST_DETAILS])
    if not secrets and not places:
        yield Line("secrets", "good", "No token, password or folder of your computer stands in the files.")
