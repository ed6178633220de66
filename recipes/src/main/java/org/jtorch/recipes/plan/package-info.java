/// What a training run will need, before it starts: memory and time, from a short step of a smaller copy of its model.
@NullMarked
package org.jtorch.recipes.plan;

import org.jspecify.annotations.NullMarked;
