/// Evaluations by the kind of their answers, and what they add up to.
@NullMarked
package org.jtorch.eval.task;

import org.jspecify.annotations.NullMarked;
