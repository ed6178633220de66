/// Text from models: what to draw from a step's scores ([org.jtorch.generate.Sampler]) and the loop around it
/// ([org.jtorch.generate.Generator]).
@NullMarked
package org.jtorch.generate;

import org.jspecify.annotations.NullMarked;
