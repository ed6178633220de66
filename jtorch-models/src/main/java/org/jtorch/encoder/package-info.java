/// Encoders that see the whole sequence, and encoder-decoders, assembled from the parts of the decoders: attention,
/// feed-forward layers, norms and embeddings.
@NullMarked
package org.jtorch.encoder;

import org.jspecify.annotations.NullMarked;
