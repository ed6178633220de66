/// Files in and out: memory-mapped safetensors, Hugging Face folders, crash-safe writing.
@NullMarked
package org.jtorch.io;

import org.jspecify.annotations.NullMarked;
