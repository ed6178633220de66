/// One model from several of the same shape: averages, spherical interpolation, task arithmetic, TIES, DARE; tensor by tensor.
@NullMarked
package org.jtorch.merge;

import org.jspecify.annotations.NullMarked;
