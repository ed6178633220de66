/// Answers that a policy gives while it learns: prompts, answers with their log-probabilities, rewards.
@NullMarked
package org.jtorch.align.rollout;

import org.jspecify.annotations.NullMarked;
