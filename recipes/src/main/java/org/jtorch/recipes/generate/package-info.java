/// What `jtorch generate` and `jtorch chat` share: a model folder ready to write text
/// ([org.jtorch.recipes.generate.LocalModel]) and a conversation with it ([org.jtorch.recipes.generate.Conversation]).
@NullMarked
package org.jtorch.recipes.generate;

import org.jspecify.annotations.NullMarked;
