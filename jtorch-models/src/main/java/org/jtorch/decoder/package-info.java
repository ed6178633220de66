/// The decoder: one class for all families, assembled from a tree of records with sealed alternatives.
@NullMarked
package org.jtorch.decoder;

import org.jspecify.annotations.NullMarked;
