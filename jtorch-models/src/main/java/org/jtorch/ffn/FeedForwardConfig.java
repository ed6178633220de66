package org.jtorch.ffn;

/// The kinds of feed-forward layer. Each variant carries its own fields.
public sealed interface FeedForwardConfig {
  /// `down(act(gate(x)) ⊙ up(x))`: SwiGLU with SILU, GeGLU with GELU_TANH.
  record Gated(int hidden, Activation activation, boolean bias) implements FeedForwardConfig {
    public Gated {
      atLeastOne("intermediate_size", hidden);
    }
  }

  /// `down(act(up(x)))`, with biases: encoders.
  record Plain(int hidden, Activation activation) implements FeedForwardConfig {
    public Plain {
      atLeastOne("intermediate_size", hidden);
    }
  }

  /// A mixture of experts: every token goes through `active` of `experts` gated layers of width `hidden`, weighted by a
  /// softmax router (arXiv:2407.10671, section 2.2.2). No token is ever dropped.
  ///
  /// @param normalize the chosen probabilities are divided by their sum
  /// @param shared width of a layer that every token goes through, times a learned sigmoid gate; 0 for none
  /// @param auxCoefficient what the load-balancing loss is multiplied by in training
  /// @param names how the checkpoint calls the parts
  record Experts(int experts, int active, int hidden, Activation activation, boolean normalize, int shared, double auxCoefficient,
      Names names) implements FeedForwardConfig {
    public Experts {
      atLeastOne("num_experts", experts);
      atLeastOne("num_experts_per_tok", active);
      atLeastOne("moe_intermediate_size", hidden);
      if (active > experts) {
        throw new IllegalArgumentException("`num_experts_per_tok` (" + active + ") must be <= the number of experts (" + experts + ")");
      }
      if (shared < 0) {
        throw new IllegalArgumentException("`shared_expert_intermediate_size` must be >= 0 but was " + shared);
      }
    }
  }

  /// How a checkpoint calls the parts of an expert layer.
  ///
  /// @param layer the layer inside its block, `mlp` for example
  record Names(String layer, String gate, String up, String down) {
    public static final Names QWEN = new Names("mlp", "gate_proj", "up_proj", "down_proj");
    public static final Names MIXTRAL = new Names("block_sparse_moe", "w1", "w3", "w2");
  }

  /// The layer's name inside its block.
  default String layerName() {
    return this instanceof Experts e ? e.names().layer() : "mlp";
  }

  private static void atLeastOne(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("`" + key + "` must be >= 1 but was " + value);
    }
  }
}
