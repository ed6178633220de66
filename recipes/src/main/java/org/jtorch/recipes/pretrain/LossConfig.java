package org.jtorch.recipes.pretrain;

import org.jtorch.distill.Teaching;
import org.jtorch.loss.CrossEntropy;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.loss.HintonMixture;
import org.jtorch.loss.SparseDistillation;
import org.jtorch.loss.Teacher;
import org.jtorch.loss.TokenLoss;
import org.jtorch.loss.TopOneMixture;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.train.BatchLoss;

/// What training minimises; the next token's cross-entropy where a recipe names no type. Validation is that in any case.
@DefaultType("next_token")
public sealed interface LossConfig {
  /// Cross-entropy with the next token of the text.
  @Named("next_token")
  record NextToken(@Doc("share of the target that all tokens get alike") @Default("0") double labelSmoothing,
      @Doc("weight of the square of the logarithm of the softmax's sum; 1e-4 is usual where it is used") @Default("0") double zLoss)
      implements LossConfig {
    public NextToken {
      var _ = new CrossEntropy(labelSmoothing, zLoss);
    }

    BatchLoss loss() {
      return BatchLoss.always(new CrossEntropy(labelSmoothing, zLoss));
    }
  }

  /// A teacher's model beside the student.
  sealed interface Taught extends LossConfig {
    /// A model with the student's tokenizer.
    Reference teacher();

    /// The loss of tokens, given what the teacher says of them.
    TokenLoss of(Teacher teacher);
  }

  /// The divergence from a teacher's distributions.
  @Named("distill")
  record Distill(@Doc("a model with the same tokenizer: its folder, or the stage that trains it") Reference teacher, @Default("{}") KindConfig kind,
      @Doc("both logits are divided by it, and the divergence is multiplied by its square") @Default("1") double temperature,
      @Doc("share of the text's own cross-entropy in the loss (Hinton's mixture)") @Default("0") double hardWeight) implements Taught {
    public Distill {
      var _ = new HintonMixture(new Distillation(rows -> rows, kind.divergence(), temperature, temperature * temperature), hardWeight);
    }

    @Override public TokenLoss of(Teacher taught) {
      var soft = new Distillation(taught, kind.divergence(), temperature, temperature * temperature);
      return hardWeight == 0 ? soft : new HintonMixture(soft, hardWeight);
    }
  }

  /// AFM's: the teacher's first choice, mixed with the token of the text.
  @Named("top_one")
  record TopOne(@Doc("a model with the same tokenizer: its folder, or the stage that trains it") Reference teacher,
      @Doc("share of the teacher's first choice") @Default("0.9") double alpha) implements Taught {
    public TopOne {
      if (!(alpha >= 0 && alpha <= 1)) {
        throw new IllegalArgumentException("`alpha` must be in [0, 1] but was " + alpha + "; AFM's is 0.9");
      }
    }

    @Override public TokenLoss of(Teacher taught) {
      return new TopOneMixture(taught, alpha);
    }
  }

  /// What `jtorch distill capture` kept of a teacher.
  @Named("captured")
  record Captured(@Doc("the folder that `jtorch distill capture` wrote, or the stage that captures") Reference path,
      @Doc("renorm: what is not kept is impossible; tail: it is one more outcome; sampled: of draws") @Default("renorm") Target target)
      implements LossConfig {
    BatchLoss loss() {
      return Teaching.captured(target.target());
    }
  }

  /// Which divergence; what Gemma 2 minimises where a recipe names none.
  @DefaultType("soft_cross_entropy")
  sealed interface KindConfig {
    Divergence divergence();
  }

  /// The cross-entropy with the teacher's distribution.
  @Named("soft_cross_entropy")
  record SoftCrossEntropy() implements KindConfig {
    @Override public Divergence divergence() {
      return new Divergence.SoftCrossEntropy();
    }
  }

  /// The Kullback–Leibler divergence of the student from the teacher.
  @Named("forward")
  record Forward() implements KindConfig {
    @Override public Divergence divergence() {
      return new Divergence.ForwardKl();
    }
  }

  /// That of the teacher from the student.
  @Named("reverse")
  record Reverse() implements KindConfig {
    @Override public Divergence divergence() {
      return new Divergence.ReverseKl();
    }
  }

  /// The generalized Jensen–Shannon divergence.
  @Named("jensen_shannon")
  record JensenShannon(@Doc("near 0 like forward, near 1 like reverse") @Default("0.5") double beta) implements KindConfig {
    public JensenShannon {
      var _ = new Divergence.JensenShannon(beta);
    }

    @Override public Divergence divergence() {
      return new Divergence.JensenShannon(beta);
    }
  }

  /// What stands for the captured teacher's distribution.
  enum Target {
    RENORM, TAIL, SAMPLED;

    SparseDistillation.Target target() {
      return SparseDistillation.Target.valueOf(name());
    }
  }
}
