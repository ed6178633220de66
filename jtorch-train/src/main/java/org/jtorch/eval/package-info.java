/// What a model can do: the log-probabilities and the texts that evaluations ask a model for ([org.jtorch.eval.Scorer]).
@NullMarked
package org.jtorch.eval;

import org.jspecify.annotations.NullMarked;
