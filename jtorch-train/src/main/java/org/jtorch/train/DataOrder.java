package org.jtorch.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jtorch.data.BatchSource;
import org.jtorch.io.JsonFile;

/// What decides which rows a step sees.
record DataOrder(BatchSource<?> batches) implements Saved {
  @Override public ObjectNode facts() {
    return Saved.super.facts().put("seed", batches.order().seed()).put("rows", batches.order().rows()).put("batch", batches.batch());
  }

  @Override public void restore(JsonFile facts) {
    require(facts, "seed", batches.order().seed());
    require(facts, "rows", batches.order().rows());
    require(facts, "batch", batches.batch());
  }

  private static void require(JsonFile facts, String key, long mine) {
    long saved = facts.requiredLong(key);
    if (saved != mine) {
      throw new IllegalArgumentException(facts.path() + ": the run was made with " + key + " " + saved + ", this one has " + key + " "
          + mine + "; the data would come in another order. Use the same " + key + ", or another run folder");
    }
  }
}
