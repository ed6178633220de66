/// The recipe `type: upcycle`: a mixture of experts from a dense model.
@NullMarked
package org.jtorch.recipes.experts;

import org.jspecify.annotations.NullMarked;
