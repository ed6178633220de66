/// Models as GGUF files, which llama.cpp and the programs around it read: written from any decoder whose architecture
/// they know.
@NullMarked
package org.jtorch.gguf;

import org.jspecify.annotations.NullMarked;
