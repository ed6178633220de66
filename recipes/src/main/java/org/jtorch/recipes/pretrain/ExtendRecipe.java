package org.jtorch.recipes.pretrain;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.eval.needle.Haystacks;
import org.jtorch.eval.needle.NeedleGrid;
import org.jtorch.eval.needle.NeedleText;
import org.jtorch.longcontext.ContextExtension;
import org.jtorch.longcontext.Gate;
import org.jtorch.longcontext.Rung;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// A model trained on for longer and longer contexts, each of which must pass a gate before the next begins (arXiv:2407.21783, section
/// 3.4.2). It leaves a model of the last length that passed.
@Named("extend")
public record ExtendRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model that is extended: an earlier stage, or a Hugging Face folder; its tokenizer comes along") Reference from,
    @Doc("one number that data order and needles follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (bf16 where this machine has instructions for its products, else f32; f32 for a model that is f32), bf16 or f32")
    @Default("auto") String dtype,
    @Doc("text to train on; seq_len is the length that the model has so far, in whose rows short contexts are measured on what is held out")
    PretrainRecipe.Data data,
    @Doc("the lengths, each longer than the one before it") List<Length> ladder,
    Train train, GateConfig gate, @Default("{}") Needle needle, @Default("{}") OptimizerConfig optimizer,
    @Doc("what the optimizer remembers of the stage that `from` names; unless given it is kept if both have the same optimizer")
    PretrainRecipe.@Nullable OptimizerState optimizerState,
    @Default("{}") Save save, @Default("{}") Metrics metrics) implements Stage {

  public ExtendRecipe {
    OptimizerConfig.forPretraining(optimizer);
    var rungs = new ArrayList<>(List.of(new Rung(data.seqLen(), null, null)));
    ladder.forEach(length -> rungs.add(length.rung(data.seqLen())));
    ContextExtension.requireRising(rungs.subList(1, rungs.size()));
    if (rungs.get(1).length() <= data.seqLen()) {
      throw new IllegalArgumentException("`ladder` begins with " + rungs.get(1).length() + ", but the model has " + data.seqLen()
          + " already (data.seq_len); begin with a longer one, e.g. " + 2 * data.seqLen());
    }
    for (Length length : ladder) {
      if (train.batchTokens % ((long) train.accumulate * length.length) != 0) {
        throw new IllegalArgumentException("`train.batch_tokens` (" + train.batchTokens + ") must be a whole number of rows of " + length.length
            + " tokens in each of " + train.accumulate + " micro-batches; e.g. "
            + Math.ceilDiv(train.batchTokens, train.accumulate * length.length) * train.accumulate * length.length);
      }
    }
    if (gate.chunk % train.batchTokens != 0) {
      throw new IllegalArgumentException("`gate.chunk` (" + gate.chunk + " tokens) must be a multiple of train.batch_tokens ("
          + train.batchTokens + "); e.g. " + Math.ceilDiv(gate.chunk, (long) train.batchTokens) * train.batchTokens);
    }
    if (save.keepBest()) {
      throw new IllegalArgumentException("`save.keep_best` has no use here: the gate says which checkpoint stays; remove it");
    }
  }

  /// A length and its rotary positions.
  public record Length(@Doc("tokens per row") int length,
      @Doc("base of the rotary frequencies; unless given as the model has it") @Nullable Double ropeTheta,
      @Doc("how rotary frequencies are stretched; unless given as the model has it") Positions.@Nullable ScalingConfig scaling) {
    public Length {
      var _ = new Rung(length, ropeTheta, null);
    }

    /// @param trained the length that the model has so far
    Rung rung(int trained) {
      return new Rung(length, ropeTheta, scaling == null ? null : scaling.over(trained));
    }
  }

  /// The loop.
  public record Train(
      @Doc("tokens of a step, at every length") int batchTokens,
      @Doc("micro-batches per step") @Default("1") int accumulate,
      @Doc("the schedule's peak") @Default("1e-4") double learningRate,
      @Doc("over the most steps that there may be: the budgets of all lengths") @Default("{type: constant}") ScheduleConfig schedule,
      @Doc("global gradient norm above which gradients are scaled down") @Default("1.0") double clip,
      @Doc("recompute blocks during backward: less memory, a third more time") @Default("false") boolean activationCheckpointing,
      @Doc("tokens per chunk of the loss; 0 chooses by vocabulary") @Default("0") int chunkTokens,
      @Default("{}") PretrainRecipe.Spikes spikes) {
    public Train {
      if (batchTokens < 2) {
        throw new IllegalArgumentException("`batch_tokens` must be >= 2 but was " + batchTokens + "; e.g. 16384");
      }
      var _ = new PretrainRecipe.Train(1L, null, null, accumulate, List.of(), accumulate, learningRate, schedule, clip, activationCheckpointing,
          chunkTokens, new LossConfig.NextToken(0, 0), spikes);                      // which has the same checks
    }

    /// As a loop of another recipe.
    private PretrainRecipe.Train of(long steps, int rows, int micro) {
      return new PretrainRecipe.Train(steps, null, null, Math.max(rows, micro), List.of(), micro, learningRate, schedule, clip,
          activationCheckpointing, chunkTokens, new LossConfig.NextToken(0, 0), spikes);
    }
  }

  /// When a length is learnt, and what becomes of one that is not.
  public record GateConfig(
      @Doc("tokens of training before each judgement") long chunk,
      @Doc("tokens of training at a length, at most; one chunk for no second try") long budget,
      @Doc("by how many bits per byte short contexts may be worse than before; unless given one standard error") @Nullable Double tolerance,
      @Doc("roll_back: to the last length that passed, which is then what is left; stop: the run ends with exit code 1") @Default("roll_back")
      Gate.Failed failed) {
    public GateConfig {
      var _ = new Gate(chunk, budget, tolerance, failed);
    }

    Gate gate() {
      return new Gate(chunk, budget, tolerance, failed);
    }
  }

  /// What must be found in long contexts.
  public record Needle(
      @Doc("lengths of haystacks; unless given data.seq_len and those of the ladder") @Default("[]") List<Integer> lengths,
      @Doc("where the needle lies, in percent") @Default("[0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]") List<Integer> depths,
      @Doc("of each length and depth") @Default("2") int instances,
      @Doc("written: the model writes the answer; likeliest: it finds it the most probable one") @Default("written") Haystacks.How how,
      @Doc("a text to hide needles in; unless given the held-out text") @Nullable Path haystack,
      @Doc("holds {answer}") @Default("\"" + NeedleText.NEEDLE + "\"") String needle,
      @Doc("what the prompt ends with") @Default("\"" + NeedleText.QUESTION + "\"") String question,
      @Default("[river, stone, garden, window, horse, silver, bread, music, winter, paper]") List<String> answers) {
    public Needle {
      var _ = new NeedleGrid(lengths.isEmpty() ? List.of(2) : lengths, depths, instances, 0);
    }
  }

  List<Rung> rungs() {
    return ladder.stream().map(length -> length.rung(data.seqLen())).toList();
  }

  /// Which haystacks are asked about.
  NeedleGrid grid() {
    var lengths = new ArrayList<>(needle.lengths());
    if (lengths.isEmpty()) {
      lengths.add(data.seqLen());
      ladder.forEach(length -> lengths.add(length.length));
    }
    return new NeedleGrid(lengths, needle.depths(), needle.instances(), seed);
  }

  /// Steps of a length, at most.
  long mostSteps() {
    return gate.budget / train.batchTokens;
  }

  /// The same as training on text at one length, whose data, plan and checks it shares.
  PretrainRecipe at(Length length, long steps) {
    var positions = new Positions(length.ropeTheta, length.scaling, length.length);
    return onText(name + "-" + length.length, length.length, positions, train.of(steps, train.batchTokens / length.length, train.accumulate));
  }

  /// The same at the length that the model has so far.
  PretrainRecipe before() {
    return onText(name, data.seqLen(), null, train.of(ladder.size() * mostSteps(), Math.max(1, train.batchTokens / data.seqLen()), 1));
  }

  private PretrainRecipe onText(String run, int seqLen, @Nullable Positions positions, PretrainRecipe.Train loop) {
    var rows = new PretrainRecipe.Data(data.source(), seqLen, data.packing(), data.documentMask(), data.heldOut(), data.heldOutBytes(),
        data.validation(), data.cache());
    return new PretrainRecipe(run, from, seed, device, dtype, rows, null, null, positions, loop, optimizer, optimizerState,
        new AverageConfig.None(), new Eval(0, List.of(), 1, 0), save, metrics);
  }
}
