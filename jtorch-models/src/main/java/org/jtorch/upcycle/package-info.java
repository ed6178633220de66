/// Mixtures of experts from trained dense models.
@NullMarked
package org.jtorch.upcycle;

import org.jspecify.annotations.NullMarked;
