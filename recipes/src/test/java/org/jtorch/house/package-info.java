/// Tests of the walls: packages, modules, sizes.
@NullMarked
package org.jtorch.house;

import org.jspecify.annotations.NullMarked;
