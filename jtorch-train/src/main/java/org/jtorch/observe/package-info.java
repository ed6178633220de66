/// What a training run shows while it works and leaves behind: one [org.jtorch.observe.StepListener] per kind of output
/// (console, `metrics.jsonl`, TensorBoard event files, Micrometer meters), fed with small immutable events, so that
/// a trainer never formats a line and a listener never touches a tensor.
@NullMarked
package org.jtorch.observe;

import org.jspecify.annotations.NullMarked;
