/// The recipe `type: pretrain`: its records, its plan, and the run that it describes.
@NullMarked
package org.jtorch.recipes.pretrain;

import org.jspecify.annotations.NullMarked;
