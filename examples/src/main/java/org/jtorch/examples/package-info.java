/// Programs to read and run: each is complete, and uses public API only.
@NullMarked
package org.jtorch.examples;

import org.jspecify.annotations.NullMarked;
