/// The recipes `type: sft`, `dpo`, `gkd` and `reward`: a model taught by conversations, by judgements and by a teacher, and one that judges.
@NullMarked
package org.jtorch.recipes.align;

import org.jspecify.annotations.NullMarked;
