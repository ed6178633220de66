/// Several processes on one machine for one run: starts them, listens to them, ends them together.
@NullMarked
package org.jtorch.recipes.launch;

import org.jspecify.annotations.NullMarked;
