/// Tasks as YAML, `jtorch eval`, and what an evaluation leaves.
@NullMarked
package org.jtorch.recipes.eval;

import org.jspecify.annotations.NullMarked;
