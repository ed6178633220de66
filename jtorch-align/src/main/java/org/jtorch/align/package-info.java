/// Preference losses, reward models and reinforcement learning on the models and trainers below.
@NullMarked
package org.jtorch.align;

import org.jspecify.annotations.NullMarked;
