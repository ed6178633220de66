/// Longer contexts: training goes on at a ladder of lengths, each behind a gate; rotary scaling and dual chunk attention side by side.
@NullMarked
package org.jtorch.longcontext;

import org.jspecify.annotations.NullMarked;
