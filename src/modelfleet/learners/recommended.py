"""The hyperparameters that we recommend, as plain numbers: found on training data, see each."""

REGULARISATION = 0.05
LABEL_TEXT_WEIGHT = 1.0
LABEL_TEXT_HALF = 5.0
MIRA_MARGIN = 2.0
MIRA_CLIP = 1.0
MIRA_RIVALS = 5
PRIOR_TEMPERATURE = 1.0
PRIOR_TEMPERATURE_EXAMPLES = 30.0
CERTAINTY = 0.9
