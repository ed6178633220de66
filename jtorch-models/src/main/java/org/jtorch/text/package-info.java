/// Text to token ids and back: tokenizers of Hugging Face, SentencePiece and tiktoken, streaming decoding, byte-level BPE
/// training, and conversations by chat templates with the mask of what the assistant wrote.
@NullMarked
package org.jtorch.text;

import org.jspecify.annotations.NullMarked;
