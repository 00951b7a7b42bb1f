"""A pipeline file as blocks that are ready to run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.errors import EspalierError
from espalier.project import content_key
from espalier.synthesis.pipelines.check_block import CheckBlock
from espalier.synthesis.pipelines.check_file import block_problem, examine_pipeline
from espalier.synthesis.pipelines.plain_blocks import (
    CombineColumnsBlock,
    DuplicateColumnsBlock,
    FilterByValueBlock,
    FlattenColumnsBlock,
    RenameColumnsBlock,
    SamplePopulatorBlock,
    SelectorBlock,
    SetToMajorityValueBlock,
)
from espalier.synthesis.pipelines.prompt import PromptConfig, parser_of, read_prompt_config, read_values
from espalier.synthesis.pipelines.rows import Block
from espalier.synthesis.pipelines.teacher_blocks import (
    MAX_TOKENS,
    SCALED,
    Generation,
    IterBlock,
    JudgeBlock,
    LLMBlock,
    LLMMessagesBlock,
)
from espalier.taxonomy.problems import first_told
from espalier.taxonomy.walk import stays_inside

_FALLBACK = "en"  # folder of the prompts that another language's may stand in for


@dataclass(frozen=True)
class Step:
    """One block with what is dropped after it."""

    name: str
    block: Block
    drop_columns: tuple[str, ...] = ()
    drop_duplicates: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineFile:
    """A pipeline that is ready to run.

    Attributes:
        path: of its file.
        steps: in order.
        auxiliary: phrasings, by column, that ask for what a block made of the document besides questions.
        key: hash of everything that the file and its prompts say.
        judges: names of the blocks that leave a check in every row that passes them.
        is_scaled: whether a block draws as often as the dial says.
        is_whole: whether a block looks at all rows of a leaf at once, so that they cannot be run in portions.
    """

    path: Path
    steps: tuple[Step, ...]
    auxiliary: Mapping[str, Sequence[str]]
    key: str
    judges: tuple[str, ...]
    is_scaled: bool
    is_whole: bool


def read_pipeline(path: Path, language: str = _FALLBACK) -> PipelineFile:
    """Return the pipeline in a file.

    Args:
        path: of the file.
        language: code of the leaf's language; a prompt in a folder ``en`` is replaced by the one of the same name in
            a folder of this name, where there is one.

    Raises:
        EspalierError: the file or a prompt is missing or wrong, or a path leads out of the pipeline's folder.
    """
    contents, problems = examine_pipeline(path)
    if problems:
        raise EspalierError(first_told(path, problems))
    files = _Files(path, language)
    steps: list[Step] = []
    writers: dict[str, Sequence[str]] = {}
    judged = {
        str(block["config"]["filter_column"]) for block in contents["blocks"] if block["type"] == "FilterByValueBlock"
    }
    names: set[str] = set()
    for number, block in enumerate(contents["blocks"], 1):
        name = str(block["name"]) if block["name"] not in names else f"{block['name']} ({number})"
        names.add(name)
        settings = dict(block["config"])
        if "gen_kwargs" in block:  # where InstructLab's older files have them
            settings["gen_kwargs"] = {**block["gen_kwargs"], **settings.get("gen_kwargs", {})}
        is_last = not any(_asks(after["type"]) for after in contents["blocks"][number:])
        built = _Builder(name, files, judged, writers, is_last).build(str(block["type"]), settings)
        steps.append(Step(name, built, tuple(block.get("drop_columns", ())), tuple(block.get("drop_duplicates", ()))))
        for column in settings.get("output_cols", ()):
            writers[column] = [other for other in settings["output_cols"] if other != column]
    auxiliary = (contents.get("datamixing") or {}).get("auxiliary_instructions") or {}
    key = content_key(contents["blocks"], files.texts)
    is_whole = any(isinstance(step.block, SetToMajorityValueBlock) for step in steps)
    judges = tuple(step.name for step in steps if isinstance(step.block, FilterByValueBlock | JudgeBlock))
    is_scaled = any(_is_scaled(step.block) for step in steps)
    return PipelineFile(path, tuple(steps), auxiliary, key, judges, is_scaled, is_whole)


def _is_scaled(block: Block) -> bool:
    if isinstance(block, IterBlock):
        return _is_scaled(block.block)
    return isinstance(block, LLMBlock) and block.generation.count == SCALED


def _asks(kind: str) -> bool:
    return kind in ("IterBlock", "JudgeBlock", "CheckBlock", "FilterByValueBlock") or "LLM" in kind


class _Files:
    """The files that a pipeline names, none of them outside its folder tree."""

    def __init__(self, pipeline: Path, language: str) -> None:
        self.pipeline, self._language = pipeline, language
        folder = pipeline.absolute().parent
        # InstructLab keeps pipelines/full/knowledge.yaml beside configs/knowledge/….yaml.
        self._root = folder.parent.parent if folder.parent.name == "pipelines" else folder
        self.texts: list[Any] = []

    def prompt(self, name: str) -> PromptConfig:
        file, _, part = name.partition("#")
        config = read_prompt_config(self._place(file), part)
        self.texts.append([config.text, config.start_tags, config.end_tags])
        return config

    def values(self, name: str) -> Mapping[str, Any]:
        values = read_values(self._place(name))
        self.texts.append(values)
        return values

    def _place(self, name: str) -> Path:
        """Return the path of a file; only the person who wrote an absolute path decides where that leads."""
        path = self.pipeline.parent / name
        if not Path(name).is_absolute() and not stays_inside(self._root, path):
            raise EspalierError(
                f"{self.pipeline} names {name}, which leads out of {self._root}. "
                "Keep the prompts in that folder, or write the whole path."
            )
        if path.parent.name == _FALLBACK and self._language != _FALLBACK:
            own = path.parent.with_name(self._language) / path.name
            if own.is_file():
                return own
        return path


@dataclass(frozen=True)
class _Builder:
    """Makes one block from its settings."""

    name: str
    files: _Files
    judged: set[str]
    writers: Mapping[str, Sequence[str]]
    is_last: bool

    def build(self, kind: str, settings: Mapping[str, Any]) -> Block:
        makers: Mapping[str, Callable[[Mapping[str, Any]], Block]] = {
            "LLMBlock": self._ask,
            "LLMLogProbBlock": self._ask,  # in InstructLab, too, it is an LLMBlock and no more
            "ConditionalLLMBlock": self._ask_by_choice,
            "LLMMessagesBlock": self._converse,
            "IterBlock": self._repeat,
            "JudgeBlock": self._judge,
            "CheckBlock": lambda given: CheckBlock(self.name, tuple(given["checks"])),
            "FilterByValueBlock": self._filter,
            "SamplePopulatorBlock": self._populate,
            "SelectorBlock": lambda given: SelectorBlock(self.name, **given),
            "CombineColumnsBlock": lambda given: CombineColumnsBlock(self.name, **given),
            "FlattenColumnsBlock": lambda given: FlattenColumnsBlock(self.name, **given),
            "DuplicateColumnsBlock": lambda given: DuplicateColumnsBlock(self.name, **given),
            "RenameColumnsBlock": lambda given: RenameColumnsBlock(self.name, **given),
            "SetToMajorityValueBlock": lambda given: SetToMajorityValueBlock(self.name, **given),
        }
        return makers[kind](settings)

    def _ask(self, settings: Mapping[str, Any]) -> Block:
        return self._llm(settings, {"": self.files.prompt(settings["config_path"])})

    def _ask_by_choice(self, settings: Mapping[str, Any]) -> Block:
        paths: list[list[str]] = settings["config_paths"]
        prompts = {choice: self.files.prompt(path) for path, choice in paths}
        is_any = len(paths) == 1 and paths[0][1] == "All"
        return self._llm(settings, prompts, "" if is_any else settings["selector_column_name"])

    def _llm(self, settings: Mapping[str, Any], prompts: Mapping[Any, PromptConfig], selector: str = "") -> Block:
        columns = settings["output_cols"]
        parser = parser_of(next(iter(prompts.values())), columns, settings.get("parser_kwargs") or {}, self._where())
        count = (settings.get("batch_kwargs") or {}).get("num_samples")
        generation = self._generation(settings, columns)
        return LLMBlock(self.name, prompts, parser, generation, None if count is None else int(count), selector)

    def _converse(self, settings: Mapping[str, Any]) -> Block:
        generation = self._generation(settings, [settings["output_col"]])
        return LLMMessagesBlock(self.name, settings["input_col"], settings["output_col"], generation)

    def _repeat(self, settings: Mapping[str, Any]) -> Block:
        own = {"num_iters", "block_type", "block_config", "block_kwargs"}
        inner = {key: value for key, value in settings.items() if key not in own}
        inner |= settings.get("block_config") or settings.get("block_kwargs") or {}
        kind = settings["block_type"]
        if problem := block_problem({"name": self.name, "type": kind, "config": inner}):
            raise EspalierError(f"{self._where()}: in the repeated block, {problem}")
        return IterBlock(self.name, settings["num_iters"], self.build(kind, inner))

    def _judge(self, settings: Mapping[str, Any]) -> Block:
        labels, accepted = tuple(settings["labels"]), tuple(settings["accepted"])
        if not set(accepted) < set(labels):
            raise EspalierError(f"{self._where()}: “accepted” must name some of the labels {', '.join(labels)}.")
        prompt = self.files.prompt(settings["config_path"])
        return JudgeBlock(self.name, prompt, labels, accepted, float(settings.get("least", 0.5)))

    def _filter(self, settings: Mapping[str, Any]) -> Block:
        explained_by = self.writers.get(settings["filter_column"], ())
        return FilterByValueBlock(self.name, **settings, explained_by=explained_by, is_last=self.is_last)

    def _populate(self, settings: Mapping[str, Any]) -> Block:
        ending = f"_{settings['post_fix']}.yaml" if settings.get("post_fix") else ".yaml"
        configs = {
            name.split("/")[-1].split(".")[0]: self.files.values(name.replace(".yaml", ending))
            for name in settings["config_paths"]
        }
        return SamplePopulatorBlock(self.name, configs, settings["column_name"])

    def _generation(self, settings: Mapping[str, Any], columns: Sequence[str]) -> Generation:
        given = settings.get("gen_kwargs") or {}
        stop = given.get("stop") or ()
        return Generation(
            float(given.get("temperature", 0)),
            int(given.get("max_tokens", MAX_TOKENS)),
            given.get("n", 1),
            float(given.get("top_p", 1)),
            (stop,) if isinstance(stop, str) else tuple(stop),
            int(given.get("seed", 0)),
            not self.judged.isdisjoint(columns),
        )

    def _where(self) -> str:
        return f"{self.files.pipeline}, block “{self.name}”"
