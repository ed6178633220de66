/// Frozen weights in 4 bits, computed with plain tensor operations: NF4 and AFM's look-up tables.
@NullMarked
package org.jtorch.quant;

import org.jspecify.annotations.NullMarked;
