/// Conversations as the model reads them: chat templates of checkpoints (Jinja) and built-in ones, and the mask of what the
/// assistant wrote.
@NullMarked
package org.jtorch.chat;

import org.jspecify.annotations.NullMarked;
