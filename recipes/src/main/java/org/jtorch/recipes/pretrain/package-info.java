/// The recipes `type: pretrain` and `type: prune`: their records, their plans, and the runs that they describe.
@NullMarked
package org.jtorch.recipes.pretrain;

import org.jspecify.annotations.NullMarked;
