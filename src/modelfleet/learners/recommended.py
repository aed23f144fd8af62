"""The hyperparameters that we recommend, as plain numbers.

Found on the training and validation parts of public data: intents of bank customers (77 labels),
of an assistant's users (150 labels), at 0 to 112 examples per label, and a support site's questions
in several languages (9 to 20 labels, noisy, 60 to 3,000 examples). None needs a search per task:
what depends on the size of a training set does so by a formula, at the place that uses the number.
"""

REGULARISATION = 0.05
"""Strength of the L2 penalty of a small training set; see `logistic.penalty`. Anything from 0.03
to 0.3 decides about as well; more makes a model less certain of itself."""

PROTOTYPE_REGULARISATION = 0.03
"""The same for label texts alone: each stands for its label beyond doubt, so it may be weaker."""

LABEL_TEXT_WEIGHT = 10.0
"""Weight that a label's own texts have together, in examples, while it has no example. Where people
describe labels well and no two requests are alike, less of it loses 7 points; where labels have
bare names, this much costs half a point."""

LABEL_TEXT_HALF = 20.0
"""Examples of a label at which the weight of its own texts has halved."""

MIRA_MARGIN = 1.0
"""Lead, in scores, that a corrected label should have over each rival."""

MIRA_CLIP = 0.5
"""Most of one example that one correction adds to a label's weights."""

MIRA_RIVALS = 5
"""How many of the strongest rivals a correction looks at (the k of k-best MIRA)."""

PRIOR_TEMPERATURE = 0.8
"""Temperature of a model that has not been measured: between 0.5 (clean labels) and 1.1 (noisy)."""

PRIOR_TEMPERATURE_EXAMPLES = 30.0
"""How many measured examples the prior temperature is worth."""

CERTAINTY = 0.9
"""How sure a threshold's precision must be: one-sided level of the lower confidence bound."""
