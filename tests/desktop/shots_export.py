"""Pictures of the Export page: its cards, one being made, and the sheet that publishes in all its states."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from espalier_desktop.jobs import process
from espalier_desktop.main_window import MainWindow
from espalier_desktop.pages.export.page import ExportPage
from espalier_desktop.pages.export.publish_sheet import PublishSheet

Wait = Callable[[Callable[[], bool]], None]
Shoot = Callable[[QWidget, str], None]


def show_export(window: MainWindow, wait: Wait, shoot: Shoot) -> None:
    """Take the pictures; the window shows a project with an adapter."""
    real = process.worker_program
    _behave("slow")
    window.go("export")
    page = window.page
    assert isinstance(page, ExportPage)
    wait(lambda: bool(page.cards) and not page.survey.is_asking)
    shoot(window, "export")
    page.cards["fused"].make.click()
    wait(lambda: page.cards["fused"].bar.maximum() > 0)
    shoot(window, "export-making")
    _end_job(window, wait)
    _behave("nobody")
    sheet = _open(page, wait)
    shoot(sheet, "publish-nobody")
    sheet.close()
    _behave("slow")
    sheet = _open(page, wait)
    shoot(sheet, "publish")
    sheet.setup.destination.visibility.buttons["public"].click()
    wait(lambda: sheet.setup.problem.startswith(("A document", "Un document")))
    shoot(sheet, "publish-stopped")
    sheet.setup.show_tab("card")
    shoot(sheet, "publish-card")
    sheet.setup.card.show_mode("text")
    shoot(sheet, "publish-card-text")
    sheet.setup.show_tab("files")
    shoot(sheet, "publish-files")
    sheet._keep_private()
    wait(lambda: not sheet.setup.problem)
    sheet.confirm.click()
    wait(lambda: sheet.transfer.bar.maximum() > 0)
    shoot(sheet, "publish-sending")
    _end_job(window, wait)
    for manner in ("refused", "done"):
        _behave(manner)
        wait(sheet.confirm.isEnabled)
        sheet.confirm.click()
        wait(lambda: window.jobs.current is None)
        shoot(sheet, f"publish-{manner}")
    sheet.close()
    process.worker_program = real


def _behave(manner: str) -> None:
    program = [sys.executable, str(Path(__file__).with_name("fake_sharing.py")), manner]
    process.worker_program = lambda: program


def _open(page: ExportPage, wait: Wait) -> PublishSheet:
    page.publish.click()
    sheet = QApplication.activeModalWidget()
    assert isinstance(sheet, PublishSheet)
    wait(lambda: not sheet.plan.is_asking and not sheet.account.is_asking and not sheet.setup._soon.isActive())
    return sheet


def _end_job(window: MainWindow, wait: Wait) -> None:
    window.jobs.stop()
    wait(lambda: window.jobs.current is None)
