"""The hyperparameters that we recommend, as plain numbers.

Found on the training and validation parts of public data: intents of bank customers (77 labels),
of an assistant's users (150 labels), at 0 to 112 examples per label, and a support site's questions
in several languages (9 to 20 labels, noisy, 60 to 3,000 examples). None needs a search per task:
what depends on the size of a training set does so by a formula, at the place that uses the number.
"""

REGULARISATION = 0.05
"""Strength of the L2 penalty of a small training set; see `logistic.penalty`. Anything from 0.03
to 0.3 decides about as well; more makes a model less certain of itself."""

STRICTER = ((30.0, 0.1), (3.0, 0.05))
"""How much stronger the penalty of a large training set may be, and the share of the first gradient
at which the search for it ends. A support site's questions, whose topics people mix up, want the
first (45 to 47% right, 3 points more than with the second); 8,600 of a bank's customers neither."""

MARGIN = 8.0
"""Log odds by which an example's own label should lead, where a large training set's held-out texts
ask for it. Two sets of intents gain 1 point; 4 gains a little less, 32 half of it. Where people mix
topics up it would cost 1 to 3."""

MARGIN_TOLERANCE = 0.05
"""The share of the first gradient at which the search with that margin ends; with 0.03 as many are
right, with 0.1 half of the gain is lost."""

MARGIN_TEMPERATURE = 2.0
"""What scores are divided by that were learned so: then they are about as large as others."""

PROTOTYPE_REGULARISATION = 0.3
"""The same for label texts alone, of which there is but one for each label, or a few."""

LABEL_TEXT_WEIGHT = 10.0
"""Weight that a label's own texts have together, in examples, while it has no example. Where people
describe labels well and no two requests are alike, less of it loses 7 points; where labels have
bare names, this much costs half a point."""

TRUSTS = (LABEL_TEXT_WEIGHT, 40.0, 1.0)
"""Weights of label texts among which a task's examples choose, the usual one first. Where labels
are described well, 40 is 2 points better than 10; where names mislead, 1 is up to 7."""

LABEL_TEXT_HALF = 20.0
"""Examples of a label at which the weight of its own texts has halved."""

PINNED_WEIGHT = 10.0
"""Weight of a pinned example, in examples; it doesn't fade."""

MIRA_MARGIN = 0.5
"""Lead, in scores, that a corrected label should have over each rival."""

MIRA_CLIP = 0.12
"""Most of one example that one correction adds to a label's weights. Twice as much costs the other
labels two to three times as much."""

LATE_STRENGTH = 3.0
"""Score of a text that lies fully in the direction of a label that came after the training, in
multiples of what the model's best label usually leads by."""

LATE_LEAST = 0.3
"""How far a text must lie in that direction to be above the mean of all labels. With 0.25 such a
label gets a tenth more of its texts, and costs the others twice as many of theirs."""

USUAL_LEAD = 5.0
"""What a model's best label usually leads the mean by, where that wasn't measured."""

BATCH_MIRA_MARGIN = 6.0
BATCH_MIRA_CLIP = 1.8
"""The same of the batch learner, for an example that counts once. Only their ratio decides; this
margin makes scores about as large as the log odds that logistic regression gives."""

MIRA_RIVALS = 5
"""How many of the strongest rivals a correction looks at (the k of k-best MIRA)."""

PRIOR_TEMPERATURE = 0.8
"""Temperature of a model that has not been measured: between 0.5 (clean labels) and 1.1 (noisy)."""

PRIOR_TEMPERATURE_EXAMPLES = 30.0
"""How many measured examples the prior temperature is worth."""

LATELY_HALF_LIFE = 20.0
"""Words of people after which one counts half as what is asked lately. With 30 and 50 probabilities
are as good and fewer best labels are right; with 10 both are worse."""

LATELY_USUAL = 5.0
"""Words that a label's usual share counts as, next to these; with 10 and 20 fewer are right."""

PROTOTYPE_TEMPERATURE = 0.45
"""Temperature of label texts alone. The best was between 0.36 and 0.45; with less, what is at least
90% sure was right in 81 to 86% of cases where there are many labels."""

CERTAINTY = 0.95
"""How sure a threshold's precision must be: one-sided level of the lower confidence bound."""

PRIOR_DECISIONS = 300.0
"""How many decisions of its own the pooled decisions of a recipe's other tasks are worth, at most:
tasks differ more from each other than chance alone would have it."""

FIT_MEAN_AND_DEVIATION = (0.57, 0.2)
"""Usual cosine between a request and the nearest label's texts, where one of them fits."""

FIT_LEAST = -1.6
"""Usual place of the least fit, in deviations: a cosine of 0.25. Of requests that a label's bare
name fits, a tenth is below; of those that none fits, more than half."""

FIT_EXAMPLES = 10.0
"""How many held-out requests these usual values are worth."""

ENERGY_GROWTH = 0.3
"""The power of the number of examples that energy grows with: a model of half as many again gives
a new request an eighth more."""

NEAR_COPY = 0.72
"""Cosine of two texts' n-grams of characters from which on one is a near copy of the other."""

SIMILARITY_EXAMPLES = 60.0
"""Examples up to which the similarity of meaning counts as much as the scores' energy in telling
whether any label fits; with more, its weight is the share of examples that these would be."""

REFUSED_WEIGHT = 5.0
"""What a request's fit loses, in deviations, by each unit of cosine that it is nearer to a refused
request than to any label. 10 and 20 helped no more; to subtract the similarity itself does harm."""

CNN_FEWEST_EXAMPLES = 2_000
"""Examples from which a network is trained."""

CNN_VECTOR = 64
"""Numbers that a token's static vector is projected to before filters see it."""

CNN_FILTERS = 128
"""Filters of each width."""

CNN_DROPPED_UNITS = 0.5
"""Share of what filters found that is dropped in training (Srivastava et al. 2014)."""

CNN_DROPPED_TOKENS = 0.1
"""Share of tokens that are left out in training, so that the network expects unknown ones."""

CNN_LEARNING_RATE = 2e-3
"""The first one; it falls to zero along half a cosine (Loshchilov & Hutter 2017)."""
