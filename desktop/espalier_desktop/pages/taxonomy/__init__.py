"""The taxonomy editor: the tree, a form and the source of one leaf, and the problems of all."""
