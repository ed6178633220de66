/// WARP: policies that are trained apart and put together again, layer by layer.
@NullMarked
package org.jtorch.align.warp;

import org.jspecify.annotations.NullMarked;
