/// The recipe `type: score`: held-out text scored by a model, as it is and with other spans and positions; what stages write as results.
@NullMarked
package org.jtorch.recipes.score;

import org.jspecify.annotations.NullMarked;
