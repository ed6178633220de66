/// A needle in a haystack: whether a model finds a fact at any depth of a context of any length.
@NullMarked
package org.jtorch.eval.needle;

import org.jspecify.annotations.NullMarked;
