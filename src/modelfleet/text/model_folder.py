"""Opening a sentence-transformers model from its folder, without the library that made it.

What a folder holds: `modules.json` (a transformer, then a pooling, then perhaps a normalisation),
`config.json`, `tokenizer.json` and `model.safetensors`. BERT, RoBERTa and XLM-RoBERTa are known,
which covers the families of MiniLM, BGE, E5 and GTE; others are refused with a word why.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from modelfleet.errors import EncoderUnusable
from modelfleet.text.bert import Bert, Layer, Matrix, Norm, Pooling, Projection

FILES = ("*.json", "model.safetensors")
"""What of a model is read, as patterns of paths."""

_FIRST_POSITION = {"bert": 0, "roberta": 2, "xlm-roberta": 2, "camembert": 2}
"""Where positions begin, by the transformers that are known: RoBERTa's leave two out."""

_PREFIXES = ("", "bert.", "roberta.")


class Opened(msgspec.Struct, frozen=True, eq=False):
    """A model, its tokenizer, and a digest of all files that they were read from."""

    bert: Bert
    tokenizer: Tokenizer
    digest: str


def open_folder(folder: Path) -> Opened:
    """The model in a folder.

    Raises:
        EncoderUnusable: a file is missing or damaged, or the model is of a kind that isn't known.
    """
    try:
        config, pooling = _read(folder / "config.json"), _pooling(folder)
        bert = _bert(config, pooling, load_file(folder / "model.safetensors"))
        tokenizer = _tokenizer(folder, bert.most_tokens)
        return Opened(bert, tokenizer, _digest(folder))
    except OSError as error:
        raise EncoderUnusable(f"{folder} isn't a model's folder: {error}") from error
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise EncoderUnusable(f"the model in {folder} can't be used: {error}") from error


def _read(path: Path) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(path.read_text(encoding="utf-8"))


def _pooling(folder: Path) -> Pooling:
    """How a text's tokens become one vector, by the modules that the folder lists."""
    kinds = [(str(module["type"]).rpartition(".")[2], module) for module in _modules(folder)]
    names = [kind for kind, _ in kinds]
    if names[:2] != ["Transformer", "Pooling"] or set(names[2:]) - {"Normalize"}:
        raise ValueError(
            f"its modules are {', '.join(names)}; known are Transformer, Pooling and Normalize"
        )
    config = _read(folder / str(kinds[1][1]["path"]) / "config.json")
    modes = {name for name, chosen in config.items() if "pooling_mode" in name and chosen is True}
    modes |= {f"pooling_mode_{config['pooling_mode']}"} if "pooling_mode" in config else set()
    match sorted(mode.removeprefix("pooling_mode_").removesuffix("_token") for mode in modes):
        case ["mean_tokens"] | ["mean"]:
            return "mean"
        case ["cls"]:
            return "cls"
        case others:
            raise ValueError(f"it pools by {', '.join(others)}; known are mean and cls")


def _modules(folder: Path) -> list[dict[str, Any]]:
    modules: list[dict[str, Any]] = _read(folder / "modules.json")
    return modules


def _tokenizer(folder: Path, most_tokens: int) -> Tokenizer:
    """The tokenizer, cutting texts at what the model reads; texts aren't padded."""
    settings = folder / "sentence_bert_config.json"
    wanted = _read(settings).get("max_seq_length") if settings.is_file() else None
    text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing more exact
        raise ValueError(f"its tokenizer.json can't be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(most_tokens, wanted or most_tokens))
    return tokenizer


def _bert(config: Mapping[str, Any], pooling: Pooling, stored: Mapping[str, Any]) -> Bert:
    kind, act = config["model_type"], config["hidden_act"]
    if kind not in _FIRST_POSITION or act != "gelu":
        known = ", ".join(_FIRST_POSITION)
        raise ValueError(f"it is a {kind} with {act}; known are {known} with gelu")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError("its positions aren't absolute")
    weights = _Weights(stored, config["layer_norm_eps"])
    positions = weights["embeddings.position_embeddings.weight"][_FIRST_POSITION[kind] :]
    return Bert(
        words=weights["embeddings.word_embeddings.weight"],
        positions=positions + weights["embeddings.token_type_embeddings.weight"][0],
        norm=weights.norm("embeddings.LayerNorm"),
        layers=tuple(weights.layer(number) for number in range(config["num_hidden_layers"])),
        heads=config["num_attention_heads"],
        pooling=pooling,
    )


class _Weights:
    """A model's arrays by their names, whatever prefix they are stored under."""

    def __init__(self, stored: Mapping[str, Any], epsilon: float) -> None:
        first = "embeddings.word_embeddings.weight"
        self._prefix = next((p for p in _PREFIXES if p + first in stored), "")
        self._stored = stored
        self._epsilon = epsilon

    def __getitem__(self, name: str) -> Matrix:
        found: Matrix = self._stored[self._prefix + name].astype(np.float32)
        return found

    def layer(self, number: int) -> Layer:
        place = f"encoder.layer.{number}"
        return Layer(
            attend=self.projection(
                *(f"{place}.attention.self.{part}" for part in ("query", "key", "value"))
            ),
            attended=self.projection(f"{place}.attention.output.dense"),
            attended_norm=self.norm(f"{place}.attention.output.LayerNorm"),
            widen=self.projection(f"{place}.intermediate.dense"),
            narrow=self.projection(f"{place}.output.dense"),
            norm=self.norm(f"{place}.output.LayerNorm"),
        )

    def projection(self, *names: str) -> Projection:
        weight = np.concatenate([self[f"{name}.weight"] for name in names])
        return Projection.of(weight, np.concatenate([self[f"{name}.bias"] for name in names]))

    def norm(self, name: str) -> Norm:
        return Norm(self[f"{name}.weight"], self[f"{name}.bias"], self._epsilon)


def _digest(folder: Path) -> str:
    """SHA-256 of the files that are read, with their names."""
    whole = sha256()
    for path in sorted(_files(folder)):
        whole.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    yield from (folder / name for name in ("config.json", "tokenizer.json", "model.safetensors"))
    yield from (folder / str(module["path"]) / "config.json" for module in _modules(folder)[1:2])
    settings = folder / "sentence_bert_config.json"
    if settings.is_file():
        yield settings
