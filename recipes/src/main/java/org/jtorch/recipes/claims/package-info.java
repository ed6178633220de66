/// Claims of papers in miniature: the recipe `type: claim`, its run over several seeds, the rule that judges, table and figure.
@NullMarked
package org.jtorch.recipes.claims;

import org.jspecify.annotations.NullMarked;
