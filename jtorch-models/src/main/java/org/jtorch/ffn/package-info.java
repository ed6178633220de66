/// Feed-forward layers: one file each, chosen by a sealed configuration.
@NullMarked
package org.jtorch.ffn;

import org.jspecify.annotations.NullMarked;
