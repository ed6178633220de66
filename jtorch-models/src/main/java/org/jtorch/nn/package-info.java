/// The parts that models are made of: modules that own parameters, layers that open scopes.
@NullMarked
package org.jtorch.nn;

import org.jspecify.annotations.NullMarked;
