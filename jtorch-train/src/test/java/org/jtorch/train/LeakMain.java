package org.jtorch.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.data.Document;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.data.TokenShards;
import org.jtorch.decoder.Decoder;
import org.jtorch.distill.Capture;
import org.jtorch.distill.CaptureSettings;
import org.jtorch.distill.CapturedTeacher;
import org.jtorch.distill.Teaching;
import org.jtorch.eval.Continuation;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.ModelScorer;
import org.jtorch.eval.Writing;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.longcontext.Extending;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.loss.SparseDistillation.Target;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.JointOptimizer;
import org.jtorch.prune.HardConcreteMasks;
import org.jtorch.prune.MaskSchedule;
import org.jtorch.prune.PruneTrainer;
import org.jtorch.prune.Slicing;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.text.Tokenizer;

/// Trains, saves, validates, generates, scores and reads text a few rounds, and prints the native objects alive after each.
/// Runs under the Epsilon collector, which never collects: a real one would clean up and hide a leak.
final class LeakMain {
  private static final int ROUNDS = 4;

  private LeakMain() {}

  public static void main(String[] args) {
    Path temp = Path.of(args[0]);
    rounds("text", round -> text(temp.resolve("text" + round)));
    rounds("f32", round -> train(DType.F32, temp.resolve("f32-" + round), false));
    rounds("bf16", round -> train(DType.BF16, temp.resolve("bf16-" + round), true));
    rounds("prune", round -> prune(round % 2 == 0 ? DType.F32 : DType.BF16, temp.resolve("prune-" + round)));
    try (var model = Tiny.model(DType.F32, 1)) {
      rounds("evaluate", _ -> evaluate(model));
      rounds("generate", _ -> generate(model));
      rounds("score", _ -> score(model));
    }
    rounds("extended", round -> Extending.round(temp.resolve("extended" + round), DType.BF16));
    rounds("taught", round -> teach(temp.resolve("taught" + round)));
    print("closed");
  }

  private interface Round {
    void run(int number);
  }

  private static void rounds(String name, Round body) {
    for (int i = 0; i < ROUNDS; i++) {
      body.run(i);
      print(name);
    }
  }

  private static void print(String name) {
    var stats = TensorScope.stats();
    System.out.println(name + " " + stats.live() + " " + stats.nativeObjects());
  }

  private static void text(Path folder) {
    var documents = IntStream.range(0, 40)
        .mapToObj(i -> new Document("The cat " + i + " sat on the mat. ".repeat(i % 5 + 1), "d" + i)).toList();
    BpeTrainer.train(documents.stream().map(Document::text), new BpeTrainer.Options(280, 2, List.of("<|end|>"),
        BpeTrainer.Options.of(280).split())).save(folder.resolve("tokenizer"), Tiny.SEQ);
    try (var tokenizer = Tokenizer.load(folder.resolve("tokenizer"));
        var shards = TokenShards.write(folder.resolve("train"), documents.stream(), tokenizer, "<|end|>")) {
      for (var rows : List.of(RowSource.packed(shards, Tiny.SEQ), RowSource.concatenated(shards, Tiny.SEQ))) {
        var batches = new TokenBatches(1, 4, rows);
        try (var ahead = batches.prefetch(0, 2); var _ = TensorScope.open()) {
          BatchTensors.of(ahead.next(), Device.CPU);
          BatchTensors.of(ahead.next(), Device.CPU);
        }
      }
    }
  }

  /// Two steps of two micro-batches, a checkpoint after each, and the way back.
  private static void train(DType dtype, Path folder, boolean activationCheckpointing) {
    try (var model = Tiny.model(dtype, 1); var optimizer = Tiny.adam(model)) {
      var options = Tiny.options(2).withAccumulate(2).withEvery(1, 1).withActivationCheckpointing(activationCheckpointing);
      var trainer = new Pretrainer(model, optimizer, Tiny.batches(4), options);
      var checkpoint = Tiny.checkpoint(folder, 1, model, optimizer, trainer.spikes());
      var hooks = new Hooks(Tiny::noScore, checkpoint::save, () -> false);
      trainer.fit(Progress.START, new PretrainerTest.Recorder(), hooks);
      checkpoint.restore(checkpoint.newest(System.err::println).orElseThrow());
    }
  }

  /// Two steps of masks and weights, a checkpoint after each, the way back, and the smaller model.
  private static void prune(DType dtype, Path folder) {
    var schedule = new MaskSchedule(2, 32, 12);
    try (var model = Tiny.model(dtype, 1); var masks = HardConcreteMasks.on(model, schedule, HardConcreteMasks.Options.DEFAULT);
        var optimizer = new JointOptimizer(Tiny.adam(model), AdamW.over(List.of(masks.group(0.5, 3e-3)), AdamW.Options.DEFAULT))) {
      var trainer = new PruneTrainer(model, masks, optimizer, Tiny.batches(4), Tiny.options(2).withAccumulate(2).withEvery(1, 1));
      var checkpoint = Checkpoint.of(folder, 1, ModelFolder.of(model, null))
          .with("optimizer", Saved.of(optimizer, masks.weightsWith(model))).with("masks", masks);
      trainer.fit(Progress.START, new PretrainerTest.Recorder(), new Hooks(Tiny::noScore, checkpoint::save, () -> false));
      checkpoint.restore(checkpoint.newest(System.err::println).orElseThrow());
      try (var small = Slicing.apply(model, masks.kept())) {
        var _ = small.weights();
      }
    }
  }

  /// A teacher beside its student, and its captured targets written and read.
  private static void teach(Path folder) {
    BpeTrainer.train(List.of("the cat sat on the mat"), new BpeTrainer.Options(264, 1, List.of("<|end|>"), BpeTrainer.Options.of(264).split()))
        .save(folder.resolve("tokenizer"), Tiny.SEQ);
    var rows = new Tiny.Documents(Tiny.rows(8));
    try (var tokenizer = Tokenizer.load(folder.resolve("tokenizer"));
        var teacher = Decoder.create(Tiny.SHAPE.withVocab(264), Device.CPU, DType.F32, Rng.of(2));
        var student = Decoder.create(Tiny.SHAPE.withVocab(264), Device.CPU, DType.F32, Rng.of(1)); var optimizer = Tiny.adam(student)) {
      student.requiresGrad(true);
      new Capture(teacher, rows, tokenizer, CaptureSettings.top(5, 3), folder.resolve("captured")).run(_ -> { }, () -> false);
      try (var captured = CapturedTeacher.open(folder.resolve("captured"), rows)) {
        fit(student, optimizer, new TokenBatches(5, 4, rows).with(captured.shards()), Teaching.captured(Target.TAIL));
      }
      fit(student, optimizer, new TokenBatches(5, 4, rows), Teaching.beside(teacher, t -> new Distillation(t, new Divergence.ReverseKl())));
    }
  }

  private static void fit(Decoder student, AdamW optimizer, TokenBatches batches, BatchLoss loss) {
    new Pretrainer(student, optimizer, batches, Tiny.options(2), loss, Ranks.ALONE)
        .fit(Progress.START, new PretrainerTest.Recorder(), Tiny.NO_HOOKS);
  }

  private static void evaluate(Decoder model) {
    new Evaluator(new Tiny.Documents(Tiny.rows(5)), 100, 80, 2).score(model);
  }

  private static void generate(Decoder model) {
    var prompts = List.of(new long[] {1, 2, 3}, new long[] {4});
    new Generator(model).generate(prompts, Options.greedy(5));
    new Generator(model).generate(prompts, new Options(5, Sampling.temperature(0.8).withTopK(5), Set.of(1L), 3, 0));
  }

  /// With contexts that are shared and some that are not.
  private static void score(Decoder model) {
    long[] context = LongStream.range(0, 20).toArray();
    var asked = new ArrayList<Continuation>();
    for (long i = 0; i < 6; i++) {
      asked.add(new Continuation(i < 4 ? context : new long[] {i, 5}, new long[] {i, 2, 3}));
    }
    for (boolean share : new boolean[] {true, false}) {
      var scorer = new ModelScorer(model, new ModelScorer.Options(2, 60, share));
      scorer.likelihoods(asked, EvalProgress.NONE);
      scorer.write(List.of(context, new long[] {1, 2}), Writing.of(4), EvalProgress.NONE);
    }
  }
}
