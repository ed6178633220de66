/// Comparisons of JTorch with results of other implementations, read from folders of stored cases.
@NullMarked
package org.jtorch.parity;

import org.jspecify.annotations.NullMarked;
