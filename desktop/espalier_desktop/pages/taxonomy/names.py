"""What leaves, branches and kinds are called in the window."""

from espalier_desktop.i18n import tr


def kind_title(kind: str) -> str:
    """Return what a kind of leaf is called; "" is one that cannot be read."""
    titles = {"knowledge": tr("Knowledge"), "skill": tr("Skill"), "grounded skill": tr("Grounded skill")}
    return titles.get(kind, tr("Not readable yet"))


def leaf_name(path: str) -> str:
    """Return a leaf's own name as a person would write it."""
    name = path.rpartition("/")[2].replace("_", " ")
    return name[:1].upper() + name[1:]


def branch_name(path: str) -> str:
    """Return a branch's own name; the two at the top have one in the window's language."""
    if "/" in path:
        return path.rpartition("/")[2].replace("_", " ")
    tops = {"compositional_skills": tr("Skills"), "knowledge": tr("Knowledge")}
    return tops.get(path) or path.replace("_", " ")


def change_word(change: str) -> str:
    """Return what became of a leaf: ``added``, ``changed`` or ``deleted``."""
    return {"added": tr("added"), "changed": tr("changed"), "deleted": tr("deleted")}[change]
