/// How sure a figure is, and whether two models differ.
@NullMarked
package org.jtorch.eval.stats;

import org.jspecify.annotations.NullMarked;
