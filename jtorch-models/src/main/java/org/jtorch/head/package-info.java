/// Heads that judge a whole sequence: classes, numbers, rewards, on encoders and on decoders, as transformers' sequence
/// classification has them; and their folders.
@NullMarked
package org.jtorch.head;

import org.jspecify.annotations.NullMarked;
