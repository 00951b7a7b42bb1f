"""Fewer events with the same meaning, so that a worker that floods the window cannot stop it from painting."""

from collections.abc import Iterable

from espalier.messages import Event, Progress, Text


def coalesce(events: Iterable[Event]) -> list[Event]:
    """Return the events with each run of progress cut to its latest and text joined by pane, order kept.

    Events of any other kind all stay and are never moved across.
    """
    kept: list[Event] = []
    places: dict[str, int] = {}  # where the progress of a stage or the text of a pane stands since the last other event
    for event in events:
        if isinstance(event, Progress):
            key = f"stage {event.stage}"
        elif isinstance(event, Text):
            key = f"pane {event.pane}"
        else:
            places.clear()
            kept.append(event)
            continue
        if key not in places:
            places[key] = len(kept)
            kept.append(event)
            continue
        before = kept[places[key]]
        kept[places[key]] = (
            Text(event.pane, before.text + event.text)
            if isinstance(event, Text) and isinstance(before, Text)
            else event
        )
    return kept
