package org.jtorch.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.Rng;

/// Where a stream of random numbers stands.
record RngState(Rng rng) implements Saved {
  @Override public ObjectNode facts() {
    return Saved.super.facts().put("seed", rng.seed()).put("counter", rng.counter());
  }

  @Override public void restore(JsonFile facts) {
    long seed = facts.requiredLong("seed");
    if (seed != rng.seed()) {
      throw new IllegalArgumentException(facts.path() + " continues the random numbers of seed " + seed + ", this run has seed "
          + rng.seed() + "; use the same seed, or another run folder");
    }
    rng.seek(facts.requiredLong("counter"));
  }
}
