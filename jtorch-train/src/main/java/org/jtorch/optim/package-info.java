/// Optimizers and learning-rate schedules: AdamW and SGD with float32 master weights for half-precision parameters,
/// clipping by the global norm, parameter groups, moving averages. State belongs to the optimizer and dies with it.
@NullMarked
package org.jtorch.optim;

import org.jspecify.annotations.NullMarked;
