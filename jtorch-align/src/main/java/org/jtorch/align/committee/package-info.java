/// The teaching committee: several models answer, and of each prompt's answers the best one teaches.
@NullMarked
package org.jtorch.align.committee;

import org.jspecify.annotations.NullMarked;
