"""Where a sentence-transformers model lies: a folder, or the Hugging Face hub's cache."""

from pathlib import Path

from modelfleet.errors import EncoderUnusable
from modelfleet.text.model_folder import FILES

_OWNER = "sentence-transformers"


def folder_of(model: str) -> Path:
    """The folder of a model: itself if it is one, else that of the hub's model of that name.

    What isn't in the hub's cache on this machine is fetched. A name without an owner is one of
    sentence-transformers' own.

    Raises:
        EncoderUnusable: there is neither, or the hub can't be asked.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith("."):
        raise EncoderUnusable(f"there is no folder {model} with a model in it")
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - an extra
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError  # noqa: PLC0415
    except ImportError as error:
        raise EncoderUnusable(
            f"'{model}' isn't a folder; for models by name: pip install 'modelfleet[{_OWNER}]'"
        ) from error
    name = model if "/" in model else f"{_OWNER}/{model}"
    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except (OSError, ValueError, HfHubHTTPError, HFValidationError) as error:
        raise EncoderUnusable(
            f"'{model}' is neither a folder nor a model that the hub can give: {error}"
        ) from error
