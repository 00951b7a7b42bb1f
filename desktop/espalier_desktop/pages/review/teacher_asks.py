"""What Review asks of the teacher and the judge, as jobs: other words for rows, and why a check decided as it did."""

from collections.abc import Callable, Sequence

from espalier.synthesis.final import Final, State
from espalier_desktop.i18n import tr
from espalier_desktop.pages.page import Shell


def ask_again(shell: Shell, rows: Sequence[Final]) -> None:
    """Ask the teacher for other words for some rows."""
    if rows and shell.jobs.current:
        shell.toast(tr("Wait until the job is done; then the teacher can be asked."))
        return
    for leaf in dict.fromkeys(each.drawn.leaf for each in rows):
        shell.jobs.start("suggest", leaf=leaf, keys=[each.drawn.key for each in rows if each.drawn.leaf == leaf])


def ask_alike(shell: Shell, example: Final | None, rows: Sequence[Final]) -> None:
    """Ask the teacher to rewrite the rows of the example's leaf as the person rewrote the example."""
    if example is None or example.state is not State.EDITED:
        return
    leaf = example.drawn.leaf
    keys = [each.drawn.key for each in rows if each.drawn.leaf == leaf]
    if keys:
        shell.jobs.start("suggest", leaf=leaf, keys=keys, like=example.drawn.key)
    else:
        shell.toast(tr("No other row of this leaf is in the group."))


def ask_why(shell: Shell, shown: Final, check: str) -> None:
    """Ask the judge to explain what a check decided about a sample."""
    shell.jobs.start("explain", leaf=shown.drawn.leaf, key=shown.drawn.key, check=check)


def tell_suggestions(shell: Shell, waiting: int, show: Callable[[], object]) -> None:
    """Tell how many suggestions wait after the teacher was asked."""
    if waiting:
        shell.toast(tr("%n suggestion(s) wait for your yes or no.", waiting), tr("Show"), show)
    else:
        shell.toast(tr("The teacher had nothing new to suggest."))
