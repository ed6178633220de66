/// `jtorch bench`: the same measurements as the Python peers', with the same fields.
@NullMarked
package org.jtorch.recipes.bench;

import org.jspecify.annotations.NullMarked;
