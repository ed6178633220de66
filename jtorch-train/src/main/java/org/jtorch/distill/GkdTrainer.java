package org.jtorch.distill;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.decoder.CausalLm;
import org.jtorch.generate.Generation;
import org.jtorch.generate.Generator;
import org.jtorch.generate.TokenListener;
import org.jtorch.loss.ChunkedLoss;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Teacher;
import org.jtorch.loss.Tokens;
import org.jtorch.nn.Pass;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;
import org.jtorch.train.Hooks;
import org.jtorch.train.MicroBatches;
import org.jtorch.train.Progress;
import org.jtorch.train.SpikeGuard;
import org.jtorch.train.StepLoop;
import org.jtorch.train.StepLoss;
import org.jtorch.train.StepUpdate;
import org.jtorch.train.TrainOptions;

/// On-policy distillation (GKD, arXiv:2306.13649, algorithm 1): a student learns what its teacher would have said, along answers of a
/// data set or, in a share λ of the steps, along its own. The loop is [#fit], and it is all there is: answers, gradients, update, log,
/// save, validate. Copy it to change it; it uses public parts only.
///
/// An answer ends with its first stop token, which is learned, or with the last token that it may have. Prompts are read and not
/// learned; the loss is divided by the number of answer tokens of the whole batch. What the student says is a function of its weights,
/// the seed and the step: a run that goes on from a checkpoint comes to the same bits.
public final class GkdTrainer {
  /// Among a step's figures: 1 if the student's own answers were learned from, 0 if the data set's.
  public static final String ON_POLICY = "on_policy";
  /// Among a step's figures: tokens of an answer, on average.
  public static final String ANSWER_TOKENS = "answer_tokens";

  private final CausalLm student;
  private final CausalLm teacher;
  private final Optimizer optimizer;
  private final BatchSource<List<Demonstration>> batches;
  private final TrainOptions options;
  private final GkdOptions gkd;
  private final SpikeGuard spikes;

  /// @param teacher has the student's tokenizer and is on its device; it is not closed
  public GkdTrainer(CausalLm student, CausalLm teacher, Optimizer optimizer, BatchSource<List<Demonstration>> batches, TrainOptions options,
      GkdOptions gkd) {
    if (batches.batch() % options.accumulate() != 0) {
      throw new IllegalArgumentException("`accumulate` (" + options.accumulate() + ") must divide the batch's rows (" + batches.batch()
          + "); change one of them");
    }
    this.student = student;
    this.teacher = teacher;
    this.optimizer = optimizer;
    this.batches = batches;
    this.options = options;
    this.gkd = gkd;
    this.spikes = new SpikeGuard(options.spikes());
  }

  /// Trains from `from` to the last step, or until asked to stop.
  public StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
    var loop = new StepLoop(options, from, log, hooks, student.device());
    var update = new StepUpdate(optimizer, options, spikes);
    loop.evaluateIfDue();
    while (loop.goesOn()) {
      boolean own = isOnPolicy(loop.step());
      var demonstrations = batches.at(loop.step());
      StepLoss loss = gradients(own ? answered(demonstrations, loop.step()) : demonstrations, own);
      loop.count(loss, update.make(loop.step(), loss.loss()));
      loop.saveIfDue();
      loop.evaluateIfDue();
    }
    return loop.result();
  }

  /// Whether the student answers in a step, counted from 0.
  boolean isOnPolicy(long step) {
    return Rng.at(gkd.sampling().seed(), step).uniform() < gkd.lambda();
  }

  /// The same prompts with the student's answers.
  List<Demonstration> answered(List<Demonstration> demonstrations, long step) {
    long firstRow = Math.multiplyExact(step, (long) demonstrations.size());
    var prompts = demonstrations.stream().map(Demonstration::prompt).toList();
    List<Generation> answers = new Generator(student).sample(prompts, 1, gkd.sampling(), firstRow, TokenListener.NONE);
    var own = new ArrayList<Demonstration>();
    for (int i = 0; i < prompts.size(); i++) {
      own.add(new Demonstration(prompts.get(i), answers.get(i).tokens()));
    }
    return own;
  }

  /// Adds the gradients of a batch to the parameters', micro-batch by micro-batch.
  ///
  /// @param own whether these are the student's answers, for the figures
  StepLoss gradients(List<Demonstration> answers, boolean own) {
    Batch batch = batch(answers);
    double scale = batch.trainedTokens() > 0 ? 1.0 / batch.trainedTokens() : 1;
    double sum = MicroBatches.sum(batch.split(options.accumulate()), optimizer, micro -> backward(micro, scale));
    var figures = new LinkedHashMap<String, Double>();
    figures.put(ON_POLICY, own ? 1.0 : 0.0);
    figures.put(ANSWER_TOKENS, (double) batch.trainedTokens() / answers.size());
    return new StepLoss(sum * scale, batch.trainedTokens(), figures);
  }

  private double backward(Batch micro, double scale) {
    if (micro.trainedTokens() == 0) {
      return 0;                                                                          // nobody answered anything
    }
    try (var tape = GradTape.open()) {
      var input = BatchTensors.of(micro, student.device());
      var known = Teacher.of(teacher, Teaching.hidden(teacher, micro, input));
      var hidden = student.hidden(input.tokens(), input.on(Pass.training(tape).withCheckpoint(options.activationCheckpointing())), null);
      return loss(known).backward(student, hidden, Tokens.of(micro.targets()).withScale(scale), tape);
    }
  }

  /// How far the student is from its teacher along given answers: the mean divergence of an answer's token; NaN if there is none.
  public double score(List<Demonstration> answers) {
    double sum = 0;
    long tokens = 0;
    int rows = Math.max(1, batches.batch() / options.accumulate());
    for (int from = 0; from < answers.size(); from += rows) {
      Batch batch = batch(answers.subList(from, Math.min(from + rows, answers.size())));
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var input = BatchTensors.of(batch, student.device());
        var known = Teacher.of(teacher, Teaching.hidden(teacher, batch, input));
        sum += loss(known).sum(student, student.hidden(input.tokens(), input.on(Pass.EMPTY), null), Tokens.of(batch.targets()));
      }
      tokens += batch.trainedTokens();
    }
    return tokens == 0 ? Double.NaN : sum / tokens;
  }

  private Batch batch(List<Demonstration> answers) {
    return gkd.collator().batch(answers.stream().map(answer -> answer.row(gkd.sampling().stopTokens())).toList());
  }

  private ChunkedLoss loss(Teacher known) {
    return new ChunkedLoss(new Distillation(known, gkd.divergence(), gkd.temperature(), 1), options.chunkTokens());
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return spikes;
  }
}
