"""What each training value does, in plain words; the command line and the window tell it from here."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from espalier.training.curriculum import Curriculum
from espalier.training.settings import TrainSettings

EXPLAINED: Mapping[str, str] = {
    "method": "What is trained: small added factors (lora), the same on a base of 4 bits (qlora), factors with a "
    "length of their own (dora), every weight (full), or a few invented words before each question (prompt).",
    "epochs": "How often each row is seen. More learns more, and in the end by heart.",
    "updates": "How many steps to make instead of whole epochs; 0 lets the epochs decide.",
    "learning_rate": "How far each step goes. Too high jumps about, too low learns nothing.",
    "schedule": "How the learning rate falls: cosine and linear end at a tenth of it, constant stays.",
    "warm_up": "Share of the steps in which the rate rises from nothing, so that the first ones do no harm.",
    "batch_rows": "Rows that each step learns from. More is calmer and takes more memory.",
    "accumulation": "Parts in which one step's rows are computed. More parts take less memory and a little longer.",
    "checkpointing": "Compute inner values twice instead of keeping them: far less memory, a third more time.",
    "max_tokens": "Longest row, in tokens; memory grows with it.",
    "max_input": "Most tokens of a question with the passage before it; 0 for no limit of its own.",
    "max_output": "Most tokens of an answer; 0 for no limit of its own.",
    "too_long": "What becomes of a longer row: cut (an answer at its end, a question at the beginning of its longest "
    "text), or leave out.",
    "lora.rank": "Width of the added factors. More can hold more, and takes more memory.",
    "lora.scale": "How strongly the factors act; the rank times this is what others call alpha.",
    "lora.dropout": "Share of the factors' inputs left out at random in each step, against learning by heart.",
    "lora.layers": "How many layers are trained, counted from the last; 0 for all. Fewer take less memory.",
    "lora.keys": "Names of the parts of each layer that are trained, such as q_proj v_proj; empty for all.",
    "prompt.tokens": "How many invented words are trained, with the method prompt.",
    "prompt.text": "Words that they begin as; empty begins at random.",
    "weight_decay": "How strongly weights are drawn back to nothing.",
    "clip": "Largest step that a surprising row may cause; 0 for no limit.",
    "save_every": "Steps between two checkpoints. Each is scored on rows that are not trained on.",
    "seed": "Number from which all chance comes: the same seed gives the same student.",
    "phases": "stacked learns everything at once; lab learns knowledge first and then skills, as InstructLab does.",
    "replay": "With lab: share of each earlier phase's rows that later phases repeat, against forgetting.",
    "general": "Rows of your general.jsonl for each row of the project, so that the student keeps what it could.",
    "distractors": "Passages of other facts put before knowledge questions, so that the student learns to find the "
    "right one; 0 for none.",
    "recipe": "File in InstructLab's format that says what is mixed instead of the project's own rows.",
    "hostfile": "File that names the Macs that train together; each computes a share of every step's rows.",
    "preset": "Begin from other values than the dial's: mlx-lm takes those of mlx_lm.lora.",
}


def defaults() -> dict[str, Any]:
    """Return every training value by name, in the order of `EXPLAINED`, with what it is when nobody changes it."""
    known: dict[str, Any] = {"preset": "", "hostfile": ""}
    for part in (TrainSettings(), Curriculum()):
        for item in fields(part):
            value = getattr(part, item.name)
            if is_dataclass(value):
                known |= {f"{item.name}.{inner.name}": getattr(value, inner.name) for inner in fields(value)}
            else:
                known[item.name] = value
    return {name: known[name] for name in EXPLAINED}
