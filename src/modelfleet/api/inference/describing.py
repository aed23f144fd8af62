"""What the server and its models say of themselves."""

from modelfleet.api.call import Platform
from modelfleet.api.inference.questions import INPUTS, MEANINGS
from modelfleet.api.inference.wire import ModelMetadata, ServerMetadata, TensorMetadata
from modelfleet.api.names import model_name
from modelfleet.api.outputs import OUTPUTS
from modelfleet.api.predicting import Model, loaded
from modelfleet.training.publish import CODE_VERSION

PLATFORM = "modelfleet"
SERVER = ServerMetadata(
    "modelfleet",
    CODE_VERSION,
    ("binary_tensor_data", "classification", "model_repository", "parameters"),
)
_OUTPUTS = [TensorMetadata(one.name, one.datatype, one.shape) for one in OUTPUTS.values()]
_MEANINGS = {f"inputs.{name}": meaning for name, meaning in MEANINGS.items()} | {
    f"outputs.{name}": output.meaning for name, output in OUTPUTS.items()
}
_PARAMETERS = {
    "parameters.log": "true: each request becomes a decision in the log; its id is in decision",
    "parameters.top_k": "how many of the best labels are given; 5 without it",
}


async def metadata(platform: Platform, asked: Model) -> ModelMetadata:
    """What a model takes and gives, its labels of this moment, and its versions, newest first.

    Raises:
        NotFound: there is no such model or version.
    """
    model = await loaded(platform, asked)
    versions = await platform.in_thread(platform.fleet.catalog.versions, asked.tenant, asked.task)
    aliases = {f"aliases.{alias}": version for alias, version in model.aliases.items()}
    return ModelMetadata(
        name=model_name(asked.tenant, asked.task),
        versions=[one.version for one in versions],
        platform=PLATFORM,
        inputs=list(INPUTS),
        outputs=_OUTPUTS,
        properties={"labels": ", ".join(model.active)} | aliases | _MEANINGS | _PARAMETERS,
    )
