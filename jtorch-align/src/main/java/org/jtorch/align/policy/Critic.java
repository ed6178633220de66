package org.jtorch.align.policy;

import org.jtorch.decoder.CausalLm;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;

/// What a policy may expect before each token of an answer: PPO's value function.
public sealed interface Critic {
  /// V at every position, float32 `[rows, T]`: what the answer is worth, judged before its next token is known.
  ///
  /// @param hidden the policy's output for the same rows, on the pass's tape, `[rows, T, C]`
  Tensor values(BatchTensors input, Pass pass, Tensor hidden);

  /// Whether several answers may share a row: what reads it knows how.
  default boolean branches(CausalLm policy) {
    return policy.branches();
  }

  /// A network of its own, as in arXiv:2203.02155, section 3.5, which begins as the reward model.
  ///
  /// @param model with one output; its parameters are among the optimizer's
  record Own(DecoderClassifier model) implements Critic {
    public Own {
      if (model.labels().count() != 1) {
        throw new IllegalArgumentException("a critic has one output but this one has " + model.labels().count() + "; begin it with Labels.SCORE");
      }
    }

    @Override public boolean branches(CausalLm policy) {
      return policy.branches() && model.trunk().branches();
    }

    @Override public Tensor values(BatchTensors input, Pass pass, Tensor hidden) {
      Tensor own = model.trunk().hidden(input.tokens(), input.on(pass), null);             // [n, T, C]
      return model.judge(own, pass).squeeze(2).to(DType.F32);
    }
  }

  /// A head on the policy's own trunk, which then learns from both losses.
  ///
  /// @param head its parameters are among the optimizer's
  record Shared(ValueHead head) implements Critic {
    @Override public Tensor values(BatchTensors input, Pass pass, Tensor hidden) {
      return head.apply(hidden, pass).squeeze(2).to(DType.F32);
    }
  }
}
