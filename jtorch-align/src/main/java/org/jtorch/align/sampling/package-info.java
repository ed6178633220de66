/// Rejection sampling: answers of a policy, of which only the best are learned from.
@NullMarked
package org.jtorch.align.sampling;

import org.jspecify.annotations.NullMarked;
