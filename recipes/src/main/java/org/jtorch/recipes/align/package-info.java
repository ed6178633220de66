/// The recipes `type: sft` and `type: dpo`: a model taught by conversations and by judgements.
@NullMarked
package org.jtorch.recipes.align;

import org.jspecify.annotations.NullMarked;
