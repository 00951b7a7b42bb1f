"""The exceptions a person may see: each message says what happened, to what, and what to do next."""


class EspalierError(Exception):
    """Root of everything that is shown to a person as one sentence."""


class Cancelled(BaseException):
    """The person asked for the job to stop; not an ``Exception``, so that no handler swallows it."""
