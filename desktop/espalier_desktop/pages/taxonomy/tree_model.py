"""The taxonomy as Qt's model of a tree: plain nodes that follow the folders, filtered in place."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

from espalier.status import LeafStatus
from espalier.taxonomy.tree import Node
from espalier_desktop.i18n import tr
from espalier_desktop.icons import icon
from espalier_desktop.pages.taxonomy.badges import Badge, badge_of, sum_of
from espalier_desktop.pages.taxonomy.names import branch_name, kind_title

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
PathRole = Role.UserRole  # the path of a leaf or branch
BadgeRole = Role.UserRole + 1  # its `Badge`
MIME = "application/x-espalier-path"
_FIXED = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDropEnabled
_FREE = _FIXED | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled
_FREE_AND_LAST = _FREE | Qt.ItemFlag.ItemNeverHasChildren  # spares the view many questions


@dataclass(eq=False, slots=True)
class Twig:
    """One row: ``kids`` are all that are below it, ``shown`` those that the filter lets through."""

    id: int
    path: str
    is_leaf: bool
    parent: "Twig | None"
    kids: list["Twig"] = field(default_factory=list)
    shown: list["Twig"] = field(default_factory=list)
    badge: Badge = field(default_factory=Badge)
    own: Badge | None = None  # of the leaf itself, without what is below it
    change: str = ""  # of the leaf itself; of a branch: whether a leaf was deleted from it
    searched: str = ""  # what the filter looks through, once it was needed
    node: Node | None = None  # that its kids were last made to follow
    row: int = 0  # among those that are shown; to be looked up again when another twig stands there

    @property
    def name(self) -> str:
        """Return the folder's own name."""
        return self.path.rpartition("/")[2]


class TreeModel(QAbstractItemModel):
    """The branches and leaves by name, with their badges.

    An index carries a number, not a pointer: one that outlives its row leads nowhere instead of to freed memory.

    Args:
        rename: gives the leaf or branch at a path another name; returns whether it has it now.
        move: puts a leaf or branch into a branch.
    """

    def __init__(
        self, rename: Callable[[str, str], bool], move: Callable[[str, str], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._rename, self._move_into = rename, move
        self._ids = count(1)
        self._by_id: dict[int, Twig] = {}
        self._by_path: dict[str, Twig] = {}
        self._filter = ""
        self._statuses: dict[str, LeafStatus] = {}  # that the badges were made from
        self._changes: dict[str, str] = {}  # and these
        self._scores: dict[str, Mapping[str, int]] = {}
        self._reshaped: list[Twig] = []  # what came, and branches that lost or gained something, since then
        self._tree = Node("", False, ())
        self._root = self._grown(self._tree, None)

    @property
    def leaves(self) -> list[str]:
        """Return the paths of all leaves, from the top down."""
        return [twig.path for twig in _below(self._root) if twig.is_leaf]

    @property
    def paths(self) -> list[str]:
        """Return the paths of all branches and leaves, from the top down."""
        return [twig.path for twig in _below(self._root) if twig.path]

    @property
    def branches(self) -> list[str]:
        """Return the paths of all that have something below them, from the top down."""
        return [twig.path for twig in _below(self._root) if twig.path and twig.kids]

    @property
    def shown_count(self) -> int:
        """Return the number of rows, open or not, that the filter lets through."""
        stack, number = [self._root], 0
        while stack:
            shown = stack.pop().shown
            number += len(shown)
            stack += shown
        return number

    def show_tree(self, tree: Node, moves: Mapping[str, str]) -> None:
        """Follow the folders: first what moved, from old to new path, then what came and went."""
        self._tree = tree
        if self._filter:
            self._reset()
            return
        for old, new in moves.items():
            self._follow(old, new)
        self._merge(self._root, tree)

    def show_statuses(
        self,
        statuses: Mapping[str, LeafStatus],
        changes: Mapping[str, str] | None = None,
        scores: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        """Show other badges; only rows whose badge is another are painted again, with the branches above them.

        Args:
            statuses: of the leaves by path.
            changes: what became of leaves since the base, by path.
            scores: counts of questions and of right answers, by path; without any, none are shown.
        """
        scores = scores or {}
        places = self._places_of(changes or {})
        paths = {path for path, status in statuses.items() if self._statuses.get(path) is not status}
        paths |= self._statuses.keys() - statuses.keys()
        paths |= {path for path, _ in self._changes.items() ^ places.items()}
        paths |= {path for path in scores.keys() | self._scores if scores.get(path) != self._scores.get(path)}
        self._statuses, self._changes, self._scores = dict(statuses), places, dict(scores)
        stale: dict[int, Twig] = {}
        for twig in [*self._reshaped, *(self._by_path[path] for path in paths if path in self._by_path)]:
            twig.own = badge_of(statuses.get(twig.path), scores.get(twig.path, {})) if twig.is_leaf else None
            twig.change = places.get(twig.path, "")
            self._mark(twig, stale)
        self._reshaped.clear()
        for twig in sorted(stale.values(), key=lambda each: -each.path.count("/") if each.path else 1):
            badge = sum_of([kid.badge for kid in twig.kids], twig.own, twig.change)
            if badge != twig.badge:
                twig.badge = badge
                self._tell(twig)

    def _places_of(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Return the changes by the paths that have a row: a deleted leaf counts for the branch that it was in."""
        places = {}
        for path, change in changes.items():
            here = path
            while here and here not in self._by_path:
                here = here.rpartition("/")[0]
            if here == path or here not in changes:
                places[here] = change
        return places

    def _mark(self, twig: Twig, stale: dict[int, Twig]) -> None:
        """Note that the badges of a twig and of everything above it are to be made again."""
        here: Twig | None = twig
        while here and here.id not in stale:
            stale[here.id] = here
            here = here.parent

    def set_filter(self, text: str) -> None:
        """Show the rows whose path holds every word of a text, with what is above and below them."""
        text = text.strip().casefold()
        if text != self._filter:
            self._filter = text
            self.beginResetModel()
            self._sift()
            self.endResetModel()

    def index_of(self, path: str) -> QModelIndex:
        """Return the index of a leaf or branch; an invalid one when it is not shown."""
        twig = self._by_path.get(path)
        return self._index(twig) if twig else QModelIndex()

    def branch_of(self, index: Index) -> str:
        """Return the branch that an index is or stands in; "" for none."""
        twig = self._twig(index)
        return twig.path if not twig.is_leaf or not twig.parent else twig.parent.path

    @override
    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        shown = self._twig(parent).shown
        return self.createIndex(row, 0, shown[row].id) if column == 0 and 0 <= row < len(shown) else QModelIndex()

    @override
    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        above = self._twig(index).parent
        return self._index(above) if above else QModelIndex()

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._twig(parent).shown)

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        return tr("Taxonomy") if section == 0 and role == Role.DisplayRole else None

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        twig = self._twig(index)
        if role == Role.DisplayRole:
            return branch_name(twig.path)
        if role == Role.EditRole:
            return twig.name
        if role == PathRole:
            return twig.path
        if role == BadgeRole:
            return twig.badge
        if role == Role.DecorationRole:
            return icon("leaf", "ink") if twig.is_leaf else icon("folder", "muted")
        if role == Role.ToolTipRole:
            return f"{twig.path}\n{twig.badge.words}"
        if role == Role.AccessibleTextRole:
            kind = kind_title(twig.badge.kind) if twig.is_leaf else tr("branch")
            return f"{branch_name(twig.path)}, {kind}, {twig.badge.words}"
        return None

    @override
    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        twig = self._twig(index)
        if role != Role.EditRole or not str(value).strip() or value == twig.name:
            return False
        return self._rename(twig.path, str(value))

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        twig = self._by_id.get(index.internalId())  # views ask this three times for each row: nothing else is called
        if twig is None:
            return Qt.ItemFlag.NoItemFlags
        if twig.kids:
            return _FREE if "/" in twig.path else _FIXED
        return _FREE_AND_LAST if "/" in twig.path else _FIXED

    @override
    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    @override
    def mimeTypes(self) -> list[str]:
        return [MIME]

    @override
    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setData(MIME, self._twig(indexes[0]).path.encode())
        return data

    @override
    def canDropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        path, branch = bytes(data.data(MIME).data()).decode(), self.branch_of(parent)
        is_inside = branch == path or branch.startswith(f"{path}/")
        is_there = path.rpartition("/")[0] == branch
        return bool(path and branch) and not is_inside and not is_there and path.split("/")[0] == branch.split("/")[0]

    @override
    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        if self.canDropMimeData(data, action, row, column, parent):
            self._move_into(bytes(data.data(MIME).data()).decode(), self.branch_of(parent))
        return False  # the rows have moved already: with True the view would remove them

    def _twig(self, index: Index) -> Twig:
        return self._by_id.get(index.internalId(), self._root)  # an invalid index has 0, which no twig has

    def _index(self, twig: Twig) -> QModelIndex:
        if twig.parent is None:
            return QModelIndex()
        shown = twig.parent.shown
        if not (twig.row < len(shown) and shown[twig.row] is twig):
            for row, each in enumerate(shown):
                each.row = row
            if not (twig.row < len(shown) and shown[twig.row] is twig):
                return QModelIndex()  # the filter hides it
        return self.createIndex(twig.row, 0, twig.id)

    def _grown(self, node: Node, parent: Twig | None) -> Twig:
        twig = Twig(next(self._ids), node.path, node.is_leaf, parent, node=node)
        self._by_id[twig.id] = self._by_path[twig.path] = twig
        twig.kids = twig.shown = [self._grown(child, twig) for child in node.children]
        return twig

    def _reset(self) -> None:
        badges = {path: twig.badge for path, twig in self._by_path.items()}
        self._reshaped.clear()
        self.beginResetModel()
        self._by_id, self._by_path = {}, {}
        self._root = self._grown(self._tree, None)
        for twig in _below(self._root):
            twig.badge = badges.get(twig.path, twig.badge)
            self._reshaped.append(twig)
        self._sift()
        self.endResetModel()

    def _sift(self) -> None:
        words = self._filter.split()

        def show_all(twig: Twig) -> None:
            twig.shown = twig.kids
            for kid in twig.kids:
                show_all(kid)

        def sift(twig: Twig, above: str) -> bool:
            text = twig.searched
            if not text and twig.path:
                text = twig.searched = f"{above}/{branch_name(twig.path).casefold()} {twig.name.casefold()}"
            for word in words:
                if word not in text:
                    break
            else:
                show_all(twig)
                return True
            twig.shown = [kid for kid in twig.kids if sift(kid, text)]
            return bool(twig.shown)

        sift(self._root, "")

    def _merge(self, twig: Twig, node: Node) -> None:
        if twig.node is node:
            return
        twig.node = node
        if twig.is_leaf != node.is_leaf:
            twig.is_leaf = node.is_leaf
            self._reshaped.append(twig)
            self._tell(twig)
        wanted = {child.path for child in node.children}
        for row in reversed(range(len(twig.kids))):
            if twig.kids[row].path not in wanted:
                self.beginRemoveRows(self._index(twig), row, row)
                self._forget(twig.kids.pop(row))
                self.endRemoveRows()
                self._reshaped.append(twig)
        for row, child in enumerate(node.children):
            if row == len(twig.kids) or twig.kids[row].path != child.path:
                self.beginInsertRows(self._index(twig), row, row)
                twig.kids.insert(row, self._grown(child, twig))
                self.endInsertRows()
                self._reshaped += _below(twig.kids[row])
            else:
                self._merge(twig.kids[row], child)

    def _follow(self, old: str, new: str) -> None:
        twig, target = self._by_path.get(old), self._by_path.get(new.rpartition("/")[0])
        if twig is None or twig.parent is None or target is None:
            return
        above, name = twig.parent, new.rpartition("/")[2]
        start = above.kids.index(twig)
        row = bisect_left([kid.name for kid in target.kids if kid is not twig], name)
        if above is not target or row != start:
            qts_row = row + 1 if above is target and row > start else row  # Qt counts before the removal
            self.beginMoveRows(self._index(above), start, start, self._index(target), qts_row)
            above.kids.pop(start)
            target.kids.insert(row, twig)
            twig.parent = target
            self.endMoveRows()
            self._reshaped += [above, target]
        moved = list(_below(twig))
        for each in moved:
            del self._by_path[each.path]
        for each in moved:
            each.path = new + each.path[len(old) :]
            each.searched = ""
            self._by_path[each.path] = each
        self._reshaped += moved
        self._tell(twig)

    def _forget(self, twig: Twig) -> None:
        for each in _below(twig):
            del self._by_id[each.id], self._by_path[each.path]

    def _tell(self, twig: Twig) -> None:
        index = self._index(twig)
        if index.isValid():
            self.dataChanged.emit(index, index)


def _below(twig: Twig) -> Iterator[Twig]:
    """Yield a twig and everything below it, from the top down."""
    stack = [twig]
    while stack:
        here = stack.pop()
        yield here
        stack += reversed(here.kids)
