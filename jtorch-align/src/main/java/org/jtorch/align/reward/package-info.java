/// Reward models: how answers rank, how much better one is, and what each is worth by itself.
@NullMarked
package org.jtorch.align.reward;

import org.jspecify.annotations.NullMarked;
