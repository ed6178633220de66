/// What every recipe uses to run: its folder and lock, logs, resumption, interruption, samples, report. Knows no kind of
/// training.
@NullMarked
package org.jtorch.recipes.run;

import org.jspecify.annotations.NullMarked;
