/// Text to token ids and back: tokenizers of Hugging Face, SentencePiece and tiktoken, and streaming decoding.
@NullMarked
package org.jtorch.text;

import org.jspecify.annotations.NullMarked;
