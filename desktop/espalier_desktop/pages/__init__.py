"""The pages of the window: one module or package each, named here once.

A page is built when it is shown for the first time, so its imports are made then.
"""

from collections.abc import Callable
from dataclasses import dataclass

from espalier_desktop.i18n import tr
from espalier_desktop.pages.page import Page, Shell


@dataclass(frozen=True)
class PageSpec:
    """One entry of the sidebar.

    Attributes:
        key: its name in the code; also of its icon and, after ``go_``, of its command.
        group: title of the group that it stands in.
    """

    key: str
    title: str
    group: str
    build: Callable[[Shell], Page]


def page_specs() -> list[PageSpec]:
    """Return the pages in the order of the sidebar."""
    project, build, model = tr("Project"), tr("Teach"), tr("Model")
    return [
        PageSpec("overview", tr("Overview"), project, _overview),
        PageSpec("taxonomy", tr("Taxonomy"), build, _taxonomy),
        PageSpec("generate", tr("Generate"), build, _generate),
        PageSpec("review", tr("Review"), build, _review),
        PageSpec("train", tr("Train"), model, _train),
        PageSpec("quantize", tr("Quantize"), model, _quantize),
        PageSpec("compare", tr("Compare"), model, _compare),
        PageSpec("export", tr("Export"), model, _export),
    ]


def _overview(shell: Shell) -> Page:
    from espalier_desktop.pages.overview.page import OverviewPage

    return OverviewPage(shell)


def _taxonomy(shell: Shell) -> Page:
    from espalier_desktop.pages.taxonomy.page import TaxonomyPage

    return TaxonomyPage(shell)


def _generate(shell: Shell) -> Page:
    from espalier_desktop.pages.generate.page import GeneratePage

    return GeneratePage(shell)


def _review(shell: Shell) -> Page:
    from espalier_desktop.pages.review.page import ReviewPage

    return ReviewPage(shell)


def _train(shell: Shell) -> Page:
    from espalier_desktop.pages.train.page import TrainPage

    return TrainPage(shell)


def _quantize(shell: Shell) -> Page:
    from espalier_desktop.pages.quantize.page import QuantizePage

    return QuantizePage(shell)


def _compare(shell: Shell) -> Page:
    from espalier_desktop.pages.compare.page import ComparePage

    return ComparePage(shell)


def _export(shell: Shell) -> Page:
    from espalier_desktop.pages.export.page import ExportPage

    return ExportPage(shell)
