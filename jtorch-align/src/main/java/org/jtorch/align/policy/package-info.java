/// Policy optimisation: REINFORCE, RLOO, GRPO, PPO, mirror descent and AFM's MDLOO, from what a policy said itself.
@NullMarked
package org.jtorch.align.policy;

import org.jspecify.annotations.NullMarked;
