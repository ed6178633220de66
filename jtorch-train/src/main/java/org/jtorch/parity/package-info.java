/// Comparison with stored values of independent implementations: runners for case folders, one class for each kind.
@NullMarked
package org.jtorch.parity;

import org.jspecify.annotations.NullMarked;
