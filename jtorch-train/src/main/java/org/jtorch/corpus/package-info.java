/// From texts to tokens on the disk: a corpus of any size is surveyed, split and encoded in little memory, on all cores, and
/// goes on where it was cut off.
@NullMarked
package org.jtorch.corpus;

import org.jspecify.annotations.NullMarked;
