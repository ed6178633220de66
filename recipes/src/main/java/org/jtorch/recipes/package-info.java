/// What a recipe is: its kinds, where it is found, what its run answers. The command line is in `cli`.
@NullMarked
package org.jtorch.recipes;

import org.jspecify.annotations.NullMarked;
