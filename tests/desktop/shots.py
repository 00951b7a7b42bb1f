"""Pictures of every page in every look, for a person to look at: ``make shots`` writes them to ``build/shots``."""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="espalier-shots-"))
os.environ["ESPALIER_HOME"] = str(HOME)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_SCALE_FACTOR", "1")
sys.path[:0] = [str(Path(__file__).parents[2] / name) for name in ("core", "desktop", "tests")]

from desktop.lived_in import make_lived_in, make_model, make_small_ones, review_some, spoil  # noqa: E402
from desktop.shots_export import show_export  # noqa: E402
from desktop.shots_train import make_runs, show_train  # noqa: E402
from made_files import Words, pdf, prose  # noqa: E402
from PySide6.QtGui import QFont, QFontDatabase  # noqa: E402
from PySide6.QtWidgets import QApplication, QComboBox, QWidget  # noqa: E402

from espalier.demo import create_example  # noqa: E402
from espalier.messages import Progress, Stage  # noqa: E402
from espalier.synthesis.pace import Pace, remember_pace  # noqa: E402
from espalier.synthesis.samples_view import Filter  # noqa: E402
from espalier.taxonomy.git import commit  # noqa: E402
from espalier.taxonomy.history import begin_history  # noqa: E402
from espalier_desktop import i18n  # noqa: E402
from espalier_desktop.app import make_application  # noqa: E402
from espalier_desktop.clone_sheet import CloneSheet  # noqa: E402
from espalier_desktop.desk import Desk  # noqa: E402
from espalier_desktop.home import settings  # noqa: E402
from espalier_desktop.i18n import tr  # noqa: E402
from espalier_desktop.jobs import process  # noqa: E402
from espalier_desktop.main_window import MainWindow  # noqa: E402
from espalier_desktop.models.manager import ModelsWindow  # noqa: E402
from espalier_desktop.pages import page_specs  # noqa: E402
from espalier_desktop.pages.compare.page import ComparePage  # noqa: E402
from espalier_desktop.pages.compare.scoreboard import Scoreboard  # noqa: E402
from espalier_desktop.pages.compare.scoreboard_sheet import EvaluateSheet  # noqa: E402
from espalier_desktop.pages.generate.page import GeneratePage  # noqa: E402
from espalier_desktop.pages.generate.plan_sheet import PlanSheet  # noqa: E402
from espalier_desktop.pages.generate.try_sheet import TrySheet  # noqa: E402
from espalier_desktop.pages.quantize.page import QuantizePage  # noqa: E402
from espalier_desktop.pages.review.page import ReviewPage  # noqa: E402
from espalier_desktop.pages.taxonomy.commit_sheet import CommitSheet  # noqa: E402
from espalier_desktop.pages.taxonomy.contribute_sheet import ContributeSheet  # noqa: E402
from espalier_desktop.pages.taxonomy.contributed_sheet import ContributedSheet  # noqa: E402
from espalier_desktop.pages.taxonomy.difference_sheet import DifferenceSheet  # noqa: E402
from espalier_desktop.pages.taxonomy.page import TaxonomyPage  # noqa: E402
from espalier_desktop.pages.taxonomy.student_check import Reply, asks_of  # noqa: E402
from espalier_desktop.settings.window import SettingsWindow  # noqa: E402
from espalier_desktop.tour.stops import stops  # noqa: E402
from espalier_desktop.tour.tour import Tour  # noqa: E402

OUT = Path(__file__).parents[2] / "build" / "shots"
SIZES = ((1280, 800), (1100, 700))


def wait(application: QApplication, until: Callable[[], bool], seconds: float = 30) -> None:
    """Let the window live until something is true."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        application.processEvents()
        time.sleep(0.01)
    application.processEvents()


def shoot(application: QApplication, widget: QWidget, name: str) -> None:
    """Write one picture, once every layout has found its size."""
    for _ in range(10):
        application.processEvents()
    widget.grab().save(str(OUT / f"{name}.png"))


def shoot_as(application: QApplication, mark: str, widget: QWidget, name: str) -> None:
    """Write one picture, marked with its language, look and size."""
    shoot(application, widget, f"{name}-{mark}")


def tour(application: QApplication, desk: Desk, language: str, look: str, projects: Path) -> None:
    """Take the pictures of one language in one look."""
    settings().setValue("appearance", look)
    desk.apply_theme()
    mark = f"{language}-{look}"
    desk.show_welcome()
    shoot(application, desk_window(desk, "welcome"), f"welcome-{mark}")
    show_clone(application, desk, mark)
    window = desk.open(projects / "Falkirk Wheel")
    assert window
    wait(application, lambda: window.document.status is not None)
    for width, height in SIZES if language == "en" else SIZES[1:]:
        window.resize(width, height)
        for spec in page_specs():
            window.go(spec.key)
            shoot(application, window, f"{spec.key}-{mark}-{width}")
        show_generate(application, window, f"{mark}-{width}")
        show_quantize(application, window, f"{mark}-{width}")
        show_editor(application, window, f"{mark}-{width}")
        show_review(application, window, f"{mark}-{width}")
        show_scoreboard(application, window, f"{mark}-{width}")
        show_history(application, window, f"{mark}-{width}")
        show_compare(application, window, f"{mark}-{width}")
        show_export(window, partial(wait, application), partial(shoot_as, application, f"{mark}-{width}"))
        show_train(window, partial(wait, application), partial(shoot_as, application, f"{mark}-{width}"))
    walk = Tour(window)
    for stop in range(len(stops())):
        shoot(application, window, f"tour-{stop}-{mark}")
        walk.move(1)
    window.resize(*SIZES[0])
    window.go("overview")
    window.toast(tr("{job}: done.").format(job=tr("Generate Samples")))
    shoot(application, window, f"toast-{mark}")
    window._toast.hide()
    run_training(application, window, mark)
    window.close()
    application.processEvents()
    fresh = desk.open(projects / "New Taxonomy")
    assert fresh
    fresh.resize(*SIZES[1])
    wait(application, lambda: fresh.document.status is not None)
    for key in ("overview", "taxonomy", "generate", "review", "train", "quantize", "compare", "export"):
        fresh.go(key)
        shoot(application, fresh, f"fresh-{key}-{mark}")
    fresh.go("overview")
    overview = fresh.page
    overview.choose_model("student")  # type: ignore[attr-defined]
    sheet = application.activeModalWidget() or application.activeWindow()
    if sheet:
        shoot(application, sheet, f"sheet-{mark}")
        sheet.close()
    fresh.close()
    desk.show_settings()
    subjects = desk_window(desk, "settings")
    assert isinstance(subjects, SettingsWindow)
    for subject in range(subjects.subjects.count()):
        subjects.subjects.setCurrentRow(subject)
        shoot(application, subjects, f"settings-{subject}-{mark}")
    desk.show_overnight()
    shoot(application, desk_window(desk, "overnight"), f"overnight-{mark}")
    desk_window(desk, "overnight").close()
    desk.show_help("glossary")
    shoot(application, desk_window(desk, "glossary"), f"glossary-{mark}")
    desk.show_models()
    models = desk_window(desk, "models")
    assert isinstance(models, ModelsWindow)
    for place in ("here", "suggested"):
        models.go(place)
        wait(application, lambda: bool(models.list.rows))
        shoot(application, models, f"models-{place}-{mark}")
    desk.show_readiness()
    shoot(application, desk_window(desk, "readiness"), f"readiness-{mark}")
    for key in ("settings", "glossary", "models", "readiness"):
        desk_window(desk, key).close()
    application.processEvents()


def desk_window(desk: Desk, key: str) -> QWidget:
    """Return a window that belongs to no project."""
    return desk.others[key]


def show_compare(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures of a comparison: empty, as it goes on, blind, and what opens over it."""
    window.go("compare")
    page = window.page
    assert isinstance(page, ComparePage)
    comparison, talk = page.comparison, page.talk
    was, question = process.worker_program, "By how many metres does a boat rise on the Falkirk Wheel?"
    leaf = "knowledge/engineering/falkirk_wheel"

    def take(name: str, widget: QWidget = window) -> None:
        talk.finish()
        shoot(application, widget, f"compare-{name}-{mark}")

    def behave(manner: str) -> None:
        comparison.close()
        comparison.held.clear()
        program = [sys.executable, str(Path(__file__).with_name("fake_session.py")), manner]
        process.worker_program = lambda: program

    def answer(text: str = question) -> None:
        comparison.ask(text, leaf)
        wait(application, lambda: not comparison.session.is_busy)

    page.show_tab("talk")
    behave("slow")
    comparison.new()
    take("empty")
    comparison.ask(question, leaf)
    wait(application, lambda: "word60" in comparison.chat.turns[0].answers["base"].text)
    take("streaming")
    comparison.stop()
    wait(application, lambda: not comparison.session.is_busy)
    behave("rich")
    comparison.new()
    answer()
    take("answered")
    talk.differences.setChecked(True)
    take("differences")
    talk.differences.setChecked(False)
    comparison.new()
    talk.blind.setChecked(True)
    answer()
    take("blind")
    comparison.vote("right")
    take("revealed")
    talk.blind.setChecked(False)
    for name, open_ in (("presets", page._show_presets), ("settings", page._show_settings)):
        open_()
        if popover := application.activePopupWidget():
            take(name, popover)
            popover.close()
    for name, open_ in (
        ("why", lambda: page._why(1)),
        ("correct", lambda: page._correct(1)),
        ("serve", page._show_server),
    ):
        open_()
        application.processEvents()
        if sheet := application.activeModalWidget():
            take(name, sheet)
            sheet.close()
    comparison.new()
    talk.panes[0].documents.setChecked(True)
    answer()
    take("retrieval")
    talk.panes[0].documents.setChecked(False)
    behave("same")
    comparison.new()
    answer()
    take("banner")
    behave("die")
    comparison.new()
    comparison.ask(question, leaf)
    wait(application, lambda: talk.banner.isVisible())
    take("killed")
    talk.banner.hide()
    behave("rich")
    comparison.ask_set([("One?", leaf), ("Two?", leaf)])
    take("set")
    wait(application, lambda: not comparison.session.is_busy and not comparison.asked_of)
    page.show_tab("scores")
    take("scores")
    page.show_tab("talk")
    comparison.close()
    process.worker_program = was


def show_editor(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures of the taxonomy editor: knowledge, the source alone, a mistake, and what opens over it."""
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    page.tree.choose("knowledge/engineering/falkirk_wheel")
    shoot(application, window, f"editor-knowledge-{mark}")
    page.editor.set_mode("source")
    page.editor.source.go_to(2, 13)
    page.editor.source.insertPlainText("a: b: ")
    page.editor.check()
    shoot(application, window, f"editor-mistake-{mark}")
    window.do("undo")
    page.editor.set_mode("both")
    show_documents(application, window, page, mark)
    page.tree.choose("knowledge")
    shoot(application, window, f"editor-branch-{mark}")
    page.tree.choose("compositional_skills/writing/support_triage")
    for command in ("new_leaf", "go_to_leaf"):
        window.do(command)
        sheet = application.activeModalWidget()
        if sheet:
            shoot(application, sheet, f"editor-{command}-{mark}")
            sheet.close()
        application.processEvents()


def show_review(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures of what stands below the table of samples, and of the sheets."""
    window.go("review")
    page = window.page
    assert isinstance(page, ReviewPage)
    wait(application, lambda: not page.store.is_loading and page.model.rowCount() > 0)
    page.filter.choose(Filter(kind="suggested"))
    shoot(application, window, f"review-suggestion-{mark}")
    page.edit()
    shoot(application, window, f"review-edit-{mark}")
    page.reader.cancel.click()
    page.filter.choose(Filter(check="round trip"))
    shoot(application, window, f"review-range-{mark}")
    page.panes.show_pane("thresholds")
    page.thresholds.fields["round trip"].setValue(0.6)
    shoot(application, window, f"review-thresholds-{mark}")
    page.rate()
    sheet = application.activeModalWidget()
    if sheet:
        shoot(application, sheet, f"review-rating-{mark}")
        sheet.close()
    page.thresholds.reset.click()
    page.panes.show_pane("groups")
    page.panes.groups.list.setCurrentIndex(page.panes.groups.list.model().index(0, 0))
    shoot(application, window, f"review-groups-{mark}")
    page.filter.reset()
    page.panes.show_pane("balance")
    page.panes.balance.leaves.setCurrentIndex(page.panes.balance.leaves.model().index(0, 0))
    shoot(application, window, f"review-balance-{mark}")
    page.filter.choose(Filter(text="nowhere to be found"))
    shoot(application, window, f"review-nothing-{mark}")
    page.filter.reset()
    page.panes.show_pane("sample")


def show_scoreboard(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures of the scoreboard, in the room that a page has, and of the sheet before an evaluation."""
    board = Scoreboard(window)
    board.setObjectName("page")
    board.resize(window.page.size())
    board.show()
    shoot(application, board, f"scoreboard-{mark}")
    board.leaves.choose("knowledge/engineering/falkirk_wheel")
    board.answers.show_change("regressed")
    shoot(application, board, f"scoreboard-leaf-{mark}")
    sheet = EvaluateSheet(window, ("forgetting",), True, lambda parts: None)
    sheet.open()
    shoot(application, sheet, f"scoreboard-sheet-{mark}")
    sheet.close()
    board.close()
    board.deleteLater()
    application.processEvents()


def show_documents(application: QApplication, window: MainWindow, page: TaxonomyPage, mark: str) -> None:
    """Take pictures of a leaf's documents, of one on its way in, of its sources, and of what the student knows."""
    editor, documents = page.editor, page.editor.documents
    editor.set_mode("documents")
    reader = documents.reader
    caret = reader.textCursor()
    caret.setPosition(reader.toPlainText().index("The Falkirk Wheel joins"))
    caret.movePosition(caret.MoveOperation.Down, caret.MoveMode.KeepAnchor, 2)
    reader.setTextCursor(caret)
    shoot(application, window, f"documents-{mark}")
    documents.views.buttons["chunks"].click()
    wait(application, lambda: documents.chunks.model().rowCount() > 0)
    shoot(application, window, f"documents-chunks-{mark}")
    documents.views.buttons["text"].click()
    file = HOME / "canal.pdf"
    first = prose(["The canal runs from Falkirk to Edinburgh over 31 miles.", "It was opened in 1822."])
    heading = Words(72, 720, "The Union Canal", 20, "Helvetica-Bold")
    file.write_bytes(pdf([[heading, *first], prose(["Eleven locks joined the two canals."])]))
    editor.importer.start(editor.path, [file])
    sheet = editor.importer.sheet
    assert sheet
    shoot(application, sheet, f"documents-reading-{mark}")
    wait(application, lambda: sheet.is_ready and not sheet.picture.pixmap().isNull())
    shoot(application, sheet, f"documents-import-{mark}")
    sheet.reject()
    documents.remove.click()
    window._toast.hide()
    shoot(application, window, f"documents-none-{mark}")
    window.do("undo")
    editor.set_mode("form")
    show_student(application, window, page, mark)
    editor.attribution.add.click()
    bar = editor.form.verticalScrollBar()
    bar.setValue(bar.maximum())
    shoot(application, window, f"sources-{mark}")
    window.do("undo")
    editor.set_mode("both")


def show_student(application: QApplication, window: MainWindow, page: TaxonomyPage, mark: str) -> None:
    """Take a picture of a card whose questions are answered, being asked and known."""
    assert page.editor.view
    seed = page.editor.view.seeds[0]
    asks = asks_of(seed, "knowledge")
    known = str(seed["questions_and_answers"][2]["answer"])
    unknown = "The Falkirk Wheel is a famous landmark in the middle of the city, and it was built for a world fair."
    replies = (Reply(answer=unknown), Reply(waiting=tr("The student answers…")), Reply(answer=known))
    page.editor.student._replies = dict(zip(asks, replies, strict=True))
    page.editor.form.show_replies()
    for _ in range(3):
        application.processEvents()
    page.editor.form.ensureWidgetVisible(page.editor.form.seeds.cards[0].ask, 0, 20)
    shoot(application, window, f"student-{mark}")
    page.editor.form.verticalScrollBar().setValue(0)


def show_clone(application: QApplication, desk: Desk, mark: str) -> None:
    """Take pictures of the clone's sheet: empty, at work, and after a failure."""
    desk.clone_taxonomy()
    sheet = application.activeModalWidget()
    assert isinstance(sheet, CloneSheet)
    shoot(application, sheet, f"clone-{mark}")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sheet.address.setText(f"http://127.0.0.1:{silent.getsockname()[1]}/canals.git")
        sheet.confirm.click()
        sheet.progress.setRange(0, 100)
        sheet.progress.setValue(42)
        shoot(application, sheet, f"clone-running-{mark}")
    wait(application, sheet.note.isVisible)
    shoot(application, sheet, f"clone-failed-{mark}")
    sheet.reject()


def show_history(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures of the strip with its badges, its menu and its sheets; the taxonomy is a repository."""
    window.go("taxonomy")
    page = window.page
    assert isinstance(page, TaxonomyPage)
    page.tree.choose("knowledge/engineering/falkirk_wheel")
    shoot(application, window, f"history-{mark}")
    page.git.since.click()
    shoot(application, page.git.menu, f"history-menu-{mark}")
    page.git.menu.close()
    window.do("difference")
    difference = application.activeModalWidget()
    assert isinstance(difference, DifferenceSheet)
    wait(application, lambda: bool(difference.view.toPlainText()))
    shoot(application, difference, f"history-difference-{mark}")
    difference.accept()
    window.do("commit")
    asked = application.activeModalWidget()
    assert isinstance(asked, CommitSheet)
    shoot(application, asked, f"history-commit-{mark}")
    asked.reject()
    application.processEvents()
    show_contribution(application, window, mark)


def show_contribution(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures of what may be given back, and of what became of it."""
    window.do("contribute")
    asked = application.activeModalWidget()
    assert isinstance(asked, ContributeSheet)
    wait(application, lambda: bool(asked.title.text()))
    shoot(application, asked, f"contribute-{mark}")
    asked.reject()
    made = {"patch": "", "problem": "", "page": "https://github.com/", "remote": "", "branch": "espalier/add-locks"}
    refused = (
        "https://github.com/instructlab/taxonomy.git refused the branch. Ask who keeps it, push to a fork of your "
    )
    failed = {**made, "patch": "/x/add-locks.patch", "problem": f"{refused}own, or make a patch file.", "text": ""}
    for name, result in (("pushed", {**made, "text": ""}), ("refused", failed)):
        sheet = ContributedSheet(window, result)
        sheet.open()
        shoot(application, sheet, f"contribute-{name}-{mark}")
        sheet.reject()
    application.processEvents()


def show_quantize(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures of the page with the values open, and with a group that does not fit."""
    window.go("quantize")
    page = window.page
    assert isinstance(page, QuantizePage)
    page.picker.list.choose("dwq-4bit-g32")
    page.picker.choose()
    page.picker.fold.setChecked(True)
    shoot(application, window, f"quantize-values-{mark}")
    group = page.picker.values.fields["group"]
    assert isinstance(group, QComboBox)
    group.setCurrentIndex(group.findData(128))
    shoot(application, window, f"quantize-refused-{mark}")
    page.picker.fold.setChecked(False)
    page.picker.list.choose("espalier-g32")
    page.picker.choose()


def show_generate(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures of the Generate page: a plan, a try, a run, a pause and a failure."""
    window.go("generate")
    page = window.page
    assert isinstance(page, GeneratePage)
    wait(application, lambda: bool(page.forecaster.outlooks))
    page.pane.show_pane("funnel")
    shoot(application, window, f"generate-funnel-{mark}")
    page.pane.show_pane("rows")
    for kind in ("knowledge", "skill"):
        remember_pace(window.document.project, kind, Pace(56, 0.31, 3.2, 0.46, 900))
    page.every.click()
    page.plan()
    plan = application.activeModalWidget()
    assert isinstance(plan, PlanSheet)
    wait(application, lambda: bool(plan.forecaster.outlooks))
    plan.target.setValue(120)
    shoot(application, plan, f"generate-plan-{mark}")
    plan.reject()
    page.model.choose(None)
    fake, real = Path(__file__).with_name("fake_worker.py"), process.worker_program
    process.worker_program = lambda: [sys.executable, str(fake), "rows"]
    page.model.choose(list(window.document.leaves))
    page.try_few()
    wait(application, lambda: window.jobs.current is None)
    tried = application.activeModalWidget()
    assert isinstance(tried, TrySheet)
    shoot(application, tried, f"generate-try-{mark}")
    tried.reject()
    process.worker_program = lambda: [sys.executable, str(fake), "writing"]
    window.do("generate")
    job = window.jobs.current
    assert job
    wait(application, lambda: bool(window.jobs.story(job).rows) and job.progress is not None)
    job.memory = 3_100_000_000
    job.changed.emit()
    shoot(application, window, f"generate-running-{mark}")
    page.pane.show_pane("funnel")
    shoot(application, window, f"generate-running-funnel-{mark}")
    page.pane.show_pane("rows")
    job.stop()
    job.stop()
    wait(application, lambda: window.jobs.current is None)
    shoot(application, window, f"generate-paused-{mark}")
    process.worker_program = lambda: [sys.executable, str(fake), "unwritten"]
    window.do("generate")
    wait(application, lambda: window.jobs.current is None)
    sheet = application.activeModalWidget()
    if sheet:
        sheet.close()
    shoot(application, window, f"generate-failed-{mark}")
    process.worker_program = real
    window._toast.hide()
    page.model.choose(None)


def make_history(taxonomy: Path) -> None:
    """Keep the taxonomy in Git, with one leaf of each kind of change since."""
    begin_history(taxonomy)
    wheel = taxonomy / "knowledge" / "engineering" / "falkirk_wheel"
    for name in ("union_canal", "locks"):
        shutil.copytree(wheel, wheel.with_name(name))
    commit(taxonomy, "The first leaves", (), "Ada Lovelace", "ada@example.org")
    shutil.rmtree(wheel.with_name("locks"))
    shutil.copytree(wheel, wheel.with_name("caledonian_canal"))
    text = (wheel.with_name("union_canal") / "qna.yaml").read_text(encoding="utf-8")
    changed = text.replace("domain: engineering", "domain: canals").replace("Falkirk", "Grangemouth", 3)
    (wheel.with_name("union_canal") / "qna.yaml").write_text(changed, encoding="utf-8")


def run_training(application: QApplication, window: MainWindow, mark: str) -> None:
    """Take pictures while a job runs."""
    fake, real = Path(__file__).with_name("fake_worker.py"), process.worker_program
    process.worker_program = lambda: [sys.executable, str(fake), "wait"]
    window.do("tune")
    job = window.jobs.current
    assert job
    wait(application, lambda: job.progress is not None)
    story = window.jobs.story(job)
    story.hear(Stage("train", "LoRA"))
    for step in range(1, 341):
        loss = 0.35 + 2.6 / (1 + step / 28) + 0.16 * ((step * 7919) % 13 - 6) / 13
        story.hear(Progress("train", step, 600, "updates", 372.0, "", {"loss": loss}))
    job.progress = story.progress
    job.memory = 11_200_000_000
    job.changed.emit()
    for key in ("overview", "train"):
        window.go(key)
        shoot(application, window, f"running-{key}-{mark}")
    job.stop()
    job.stop()
    wait(application, lambda: window.jobs.current is None)
    process.worker_program = real


def main() -> int:
    """Take every picture."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    model = make_model(HOME)
    projects = HOME / "Projects"
    review_some(make_lived_in(projects / "Falkirk Wheel", model))
    make_small_ones(next((projects / "Falkirk Wheel/runs").iterdir()))
    make_history(projects / "Falkirk Wheel" / "taxonomy")
    make_runs(projects / "Falkirk Wheel")
    create_example(projects / "New Taxonomy")
    spoil(projects / "New Taxonomy")
    application, translators = make_application(sys.argv[:1])
    if "Inter" in QFontDatabase.families():  # its widths are close to those of the Mac's own
        application.setFont(QFont("Inter"))
    desk = Desk(application)
    for language in i18n.LANGUAGES:
        for translator in translators:
            application.removeTranslator(translator)
        translators = i18n.install(language)
        for look in ("light", "dark"):
            tour(application, desk, language, look, projects)
    shutil.rmtree(HOME)
    print(f"{len(list(OUT.glob('*.png')))} pictures in {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
