"""TensorFlow Serving's REST API, version 1: tasks as servables, their versions and labels.

*In*: instances or columns of texts as JSON. *Out*: predictions in the same form, and what became
of versions. *Keeps*: nothing. *Ignores*: regression, and management, which TensorFlow Serving has
over gRPC alone. Where KServe's first protocol has the same paths, both get what they look for.
Imports the modules of `api` that all protocols share.
"""
