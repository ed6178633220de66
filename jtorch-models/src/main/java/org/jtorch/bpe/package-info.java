/// Training of a byte-level BPE vocabulary: words are counted, pairs are merged, and a `tokenizer.json` is written.
@NullMarked
package org.jtorch.bpe;

import org.jspecify.annotations.NullMarked;
