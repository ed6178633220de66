package org.jtorch.align.preference;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.align.Share;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.MicroBatches;

/// What a loss on pairs makes of pairs: gradients and figures, the same whether the pairs come from a data set or from the policy.
record PairGradients(CausalLm policy, Reference reference, DpoTrainer.Options options) {
  /// What the sums over a whole batch are divided by.
  record Scale(double perPair, double perToken, long tokens) {
    /// A batch without pairs divides by 1, and has nothing to divide.
    static Scale of(double pairs, double chosenTokens, double tokens) {
      return new Scale(1 / Math.max(1, pairs), 1 / Math.max(1, chosenTokens), (long) tokens);
    }

    static Scale of(List<PreferencePair> batch) {
      double[] totals = totals(batch);
      return of(totals[0], totals[1], totals[2]);
    }

    /// Pairs, learned tokens of the chosen answers, learned tokens of both.
    static double[] totals(List<PreferencePair> pairs) {
      long chosen = pairs.stream().mapToLong(p -> p.chosen().learned()).sum();
      long rejected = pairs.stream().mapToLong(p -> p.rejected().learned()).sum();
      return new double[] {pairs.size(), chosen, chosen + rejected};
    }
  }

  /// Adds the gradients of pairs to the parameters', micro-batch by micro-batch.
  ///
  /// @param size pairs of a micro-batch
  /// @param scale of the whole batch, of which these are a part
  /// @param figures takes their shares of [DpoTrainer#FIGURES]
  /// @return their share of the loss
  double add(List<PreferencePair> pairs, int size, Scale scale, Optimizer optimizer, SequencedMap<String, Double> figures) {
    return MicroBatches.sum(Share.parts(pairs, size), optimizer, part -> backward(part, scale, figures));
  }

  private double backward(List<PreferencePair> part, Scale scale, SequencedMap<String, Double> figures) {
    try (var tape = GradTape.open()) {
      var judged = judge(part, Pass.training(tape).withCheckpoint(options.train().activationCheckpointing()), scale);
      judged.addTo(figures);
      tape.backward(judged.loss);
      return judged.loss.item();
    }
  }

  /// Loss and figures, the loss among them as `loss`, without gradients.
  ///
  /// @param size pairs of a forward
  SequencedMap<String, Double> score(List<PreferencePair> pairs, int size) {
    var figures = new LinkedHashMap<String, Double>();
    var scale = Scale.of(pairs);
    for (var part : Share.parts(pairs, size)) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var judged = judge(part, Pass.EMPTY, scale);
        figures.merge("loss", judged.loss.item(), Double::sum);
        judged.addTo(figures);
      }
    }
    return figures;
  }

  /// @param loss a scalar, its share of the batch's
  /// @param sums of each of [DpoTrainer#FIGURES], shares likewise, `[6]`
  private record Judged(Tensor loss, Tensor sums) {
    void addTo(SequencedMap<String, Double> figures) {
      double[] values = sums.toDoubles();
      for (int i = 0; i < values.length; i++) {
        figures.merge(DpoTrainer.FIGURES.get(i), values[i], Double::sum);
      }
    }
  }

  private Judged judge(List<PreferencePair> part, Pass pass, Scale scale) {
    var batch = ScoredAnswers.ofPairs(part, options.collator(), policy);
    var input = batch.input(policy.device());
    int chunk = options.train().chunkTokens();
    Tensor kept = options.loss() instanceof PreferenceLoss.Referenced ? reference.logps(policy, batch, input, chunk) : null;
    Tensor tokens = ScoredAnswers.tokenLogps(policy, batch.rows(), input, pass, new TokenLogProbs(chunk)); // [2n, T] or [n, T]
    Tensor logps = batch.sums(tokens);                                                  // [2n]
    var pairs = PairScores.of(kept == null ? logps : logps.sub(kept.to(logps.dtype())), batch.lengths(policy.device()));
    Tensor loss = options.loss().losses(pairs).sum().mul(scale.perPair);
    if (options.nll() > 0) {
      loss = loss.sub(batch.chosen(tokens).mul(options.nll() * scale.perToken));
    }
    try (var _ = Grad.off()) {
      return new Judged(loss, figures(pairs, logps.detach(), scale.perPair));
    }
  }

  private Tensor figures(PairScores pairs, Tensor logps, double perPair) {
    double beta = options.loss().beta();
    long n = logps.size(0) / 2;
    Tensor margin = pairs.margin().detach();
    return Ops.stack(0, List.of(pairs.chosen().detach().sum().mul(beta), pairs.rejected().detach().sum().mul(beta), margin.sum().mul(beta),
        margin.gt(Ops.zerosLike(margin)).to(DType.F32).sum().to(logps.dtype()), logps.narrow(0, 0, n).sum(), logps.narrow(0, n, n).sum()))
        .mul(perPair);
  }
}
