/// Parity cases of alignment: stored values of other implementations against the losses and trainers here.
@NullMarked
package org.jtorch.align.cases;

import org.jspecify.annotations.NullMarked;
