"""The curve of a run's loss as a picture: SVG of our own, which needs no library and fits light and dark pages."""

from collections.abc import Callable, Iterator, Sequence
from math import floor, isfinite, log10

from espalier.training.curves import Curves

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 40
_MOST_POINTS = 1500  # of a line: more than there are pixels
_TICKS = 5
Point = tuple[float, float]


def loss_svg(curves: Curves) -> str:
    """Return the loss of every update, its mean over several, and the held-out rows' loss, over the updates.

    The lowest held-out loss is marked. "" while there is no update.
    """
    if not curves.steps:
        return ""
    scores = [(float(score.step), score.loss) for score in curves.scores]
    highest = _highest([*curves.smoothed, *(loss for _, loss in scores)])
    end = float(max(curves.steps[-1], 1))

    def place(point: Point) -> Point:
        x = _LEFT + point[0] / end * (WIDTH - _LEFT - _RIGHT)
        return x, _TOP + (1 - min(point[1], highest) / highest) * (HEIGHT - _TOP - _BOTTOM)

    steps = [float(step) for step in curves.steps]
    parts = [*_axes(end, highest, place)]
    for losses, style in ((curves.losses, 'stroke="currentColor" opacity=".3"'), (curves.smoothed, 'stroke="#0a84ff"')):
        parts.append(_line([place(point) for point in zip(steps, losses, strict=True)], style))
    if scores:
        parts.append(_line([place(point) for point in scores], 'stroke="#ff9f0a" stroke-dasharray="5 3"'))
        x, y = place(min(scores, key=lambda point: point[1]))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#ff9f0a"/>')
    label = f"Loss over {curves.steps[-1]} updates"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" '
        f'font-family="system-ui,sans-serif" font-size="12">\n<title>{label}</title>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _axes(end: float, highest: float, place: Callable[[Point], Point]) -> Iterator[str]:
    for value in _ticks(highest):
        x, y = place((0.0, value))
        yield f'<path d="M{x:.1f} {y:.1f}H{WIDTH - _RIGHT}" stroke="currentColor" opacity=".15"/>'
        yield f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end" fill="currentColor">{value:g}</text>'
    for value in _ticks(end):
        x, y = place((value, 0.0))
        yield f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle" fill="currentColor">{value:g}</text>'
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    told = "updates; blue: loss in nats per answer token, its mean; orange: held-out rows"
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle" fill="currentColor">{told}</text>'


def _line(points: Sequence[Point], style: str) -> str:
    points = [point for point in points if isfinite(point[1])]
    if not points:
        return ""
    every = max(1, len(points) // _MOST_POINTS)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*points[::every], points[-1]])
    return f'<polyline points="{path}" fill="none" stroke-width="1.5" {style}/>'


def _highest(values: Sequence[float]) -> float:
    """Return the top of the axis; single losses may lie above it."""
    return max((value for value in values if isfinite(value)), default=1.0) * 1.05 or 1.0


def _ticks(end: float) -> list[float]:
    """Return round numbers from 0 to about ``end``, about `_TICKS` of them."""
    rough = end / _TICKS
    base = 10.0 ** floor(log10(rough))
    step = next(base * factor for factor in (1, 2, 5, 10) if base * factor >= rough)
    return [round(step * number, 10) for number in range(int(end / step) + 1)]
