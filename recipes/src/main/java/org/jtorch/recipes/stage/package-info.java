/// Recipes of several stages: the list, what each takes from the ones before it, and the run that goes through them. Knows no kind of
/// stage by itself.
@NullMarked
package org.jtorch.recipes.stage;

import org.jspecify.annotations.NullMarked;
