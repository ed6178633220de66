/// Learning from preferences: losses on the log-probabilities of answers, the reference that they compare with, and the loops.
@NullMarked
package org.jtorch.align.preference;

import org.jspecify.annotations.NullMarked;
