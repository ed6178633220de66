/// What the trainers of alignment have in common.
@NullMarked
package org.jtorch.align;

import org.jspecify.annotations.NullMarked;
