/// Text to token ids and back: Hugging Face tokenizers, streaming decoding and byte-level BPE training.
@NullMarked
package org.jtorch.text;

import org.jspecify.annotations.NullMarked;
