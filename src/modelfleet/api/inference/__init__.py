"""The Open Inference Protocol, version 2: tasks as models, over REST and gRPC.

*In*: texts as tensors, in JSON, in binary or as protobuf messages. *Out*: predictions as tensors,
errors as ``{"error": …}``. *Keeps*: nothing. *Ignores*: training, feedback and labels; who wants
more than predictions uses the decision API. Imports the modules of `api` that all protocols share.
"""
