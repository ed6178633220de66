/// Attention: grouped queries, rotary positions, masks, the key-value cache, and the paths by device.
@NullMarked
package org.jtorch.attention;

import org.jspecify.annotations.NullMarked;
