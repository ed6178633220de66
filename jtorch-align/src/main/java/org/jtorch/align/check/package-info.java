/// Rewards that need no learning, and those of a reward model: what tells a good answer from a bad one.
@NullMarked
package org.jtorch.align.check;

import org.jspecify.annotations.NullMarked;
