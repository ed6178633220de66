/// Losses over tokens.
@NullMarked
package org.jtorch.loss;

import org.jspecify.annotations.NullMarked;
