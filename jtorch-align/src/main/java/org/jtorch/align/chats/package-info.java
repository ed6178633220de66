/// Conversations and judgements in the shapes that people have, as rows of tokens: what is trained, what is compared, what is left out and why.
@NullMarked
package org.jtorch.align.chats;

import org.jspecify.annotations.NullMarked;
