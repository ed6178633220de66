/// Trainers: one visible loop each, built from public parts only, with checkpoints that resume to the same bits.
@NullMarked
package org.jtorch.train;

import org.jspecify.annotations.NullMarked;
