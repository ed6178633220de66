/// Python's values as templates see them: their truth, equality, order, text, arithmetic, methods and formatting. Knows
/// nothing of templates and of no object of Java but strings, numbers and collections.
@NullMarked
package org.jtorch.jinja.python;

import org.jspecify.annotations.NullMarked;
