"""Models that count what they are asked, so that work can be foretold."""

from collections.abc import Callable, Sequence

from espalier.language import Backend, Draft, LanguageModel, Prompt, Sampling
from espalier.messages import Emit
from espalier.project import Project
from espalier.teachers.opening import open_model


class Models:
    """The models that some work asks, each opened when it is first needed and then kept."""

    def __init__(self, project: Project, backend: Backend, emit: Emit) -> None:
        self._project, self._backend, self._emit = project, backend, emit
        self._opened: dict[str, Counted] = {}

    def load(self, setting: str) -> "Counted":
        """Return the model of a role's setting; arguments and errors as `espalier.teachers.opening.open_model`'s."""
        if setting not in self._opened:
            self._opened[setting] = Counted(open_model(setting, self._project, self._backend, self._emit))
        return self._opened[setting]

    @property
    def calls(self) -> int:
        """Return the number of prompts that they were asked together."""
        return sum(model.calls for model in self._opened.values())


class Counted:
    """Another model, with the number of its calls; each prompt is one, however many are computed together.

    Attributes:
        calls: so far.
    """

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.calls = 0

    @property
    def rows(self) -> int:
        """Return the most prompts that are computed together."""
        return self._model.rows

    @rows.setter
    def rows(self, rows: int) -> None:
        self._model.rows = rows

    @property
    def context_length(self) -> int:
        """Return the most tokens of a prompt with its answer."""
        return self._model.context_length

    def answer(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, str], None] | None = None,
    ) -> list[str]:
        """Return one answer per prompt."""
        self.calls += len(prompts)
        return self._model.answer(prompts, sampling, seeds, on_progress, on_row)

    def draw(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        seeds: Sequence[int],
        on_progress: Callable[[int], None] | None = None,
        on_row: Callable[[int, Draft], None] | None = None,
    ) -> list[Draft]:
        """Return one draft per prompt."""
        self.calls += len(prompts)
        return self._model.draw(prompts, sampling, seeds, on_progress, on_row)

    def log_probability(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Return how likely each text is as its prompt's answer."""
        self.calls += len(pairs)
        return self._model.log_probability(pairs)

    def choose(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        """Return, per prompt, the probability of each option."""
        self.calls += len(prompts)
        return self._model.choose(prompts, options)
