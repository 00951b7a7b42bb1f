"""Shapes that a PDF page draws where others write a character."""

from collections.abc import Iterator
from ctypes import c_float

import pypdfium2 as pdfium
from pypdfium2 import raw

_MOST_SHAPES = 5_000  # of a page that are looked at: a map has far more, and no bullets


def drawn_dots(page: pdfium.PdfPage) -> Iterator[tuple[float, float, float]]:
    """Yield left, right and middle height of the small round or square shapes: bullets that are drawn, not written."""
    left, low, right, high = c_float(), c_float(), c_float(), c_float()
    for index in range(min(raw.FPDFPage_CountObjects(page), _MOST_SHAPES)):
        shape = raw.FPDFPage_GetObject(page, index)
        if raw.FPDFPageObj_GetType(shape) != raw.FPDF_PAGEOBJ_PATH:
            continue
        if raw.FPDFPageObj_GetBounds(shape, left, low, right, high):
            width, height = right.value - left.value, high.value - low.value
            if 1 < width < 8 and abs(width - height) < 0.2 * width:
                yield left.value, right.value, (low.value + high.value) / 2
