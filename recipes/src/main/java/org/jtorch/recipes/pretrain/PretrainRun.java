package org.jtorch.recipes.pretrain;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.JsonFile;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.RunEnd;
import org.jtorch.observe.RunStart;
import org.jtorch.observe.SaveEvent;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.ParameterGroup;
import org.jtorch.optim.ParameterGroups;
import org.jtorch.recipes.config.Bound;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.Evaluator;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Pretrainer.Progress;
import org.jtorch.train.SpikeGuard;
import org.jtorch.train.TrainOptions;

/// One run of a `pretrain` recipe, from text to a Hugging Face folder: data, model, optimizer, resume, loop, report.
final class PretrainRun {
  private final PretrainRecipe recipe;
  private final Bound<PretrainRecipe> bound;
  private final RunFolder run;
  private final AtomicBoolean stop;
  private final Ranks ranks;
  private final long started = System.nanoTime();

  PretrainRun(Bound<PretrainRecipe> bound, RunFolder run, AtomicBoolean stop, Ranks ranks) {
    this.ranks = ranks;
    this.bound = bound;
    this.recipe = bound.value();
    this.run = run;
    this.stop = stop;
  }

  /// True if the run reached its last step; false if it was asked to stop and saved.
  boolean execute(RunLogs logs) {
    Thread.ofPlatform().daemon().name("jtorch-load").start(Device::best);      // libtorch loads while the text is read
    ranks.afterFirst(() -> Corpus.prepare(recipe, run, logs::note));
    try (var corpus = Corpus.open(recipe, run, logs::note)) {
      Device device = device();
      DType dtype = ranks.afterFirst(() -> dtype(device));
      double peak = ranks.afterFirst(() -> ranks.isFirst() ? MachineSpeed.flops(device, dtype) : 0);
      DecoderConfig shape = Shapes.of(recipe, corpus.tokenizer().vocabSize());
      try (var model = Shapes.build(recipe, shape, device, dtype)) {
        model.requiresGrad(true);
        var options = options();
        try (var optimizer = AdamW.over(groups(model), adam())) {
          var batches = new TokenBatches(recipe.seed(), recipe.train().batch(), Corpus.rows(corpus.train(), recipe.data()));
          var trainer = new Pretrainer(model, optimizer, batches, options, ranks);
          var checkpoint = new Checkpoint(run.checkpoints(), run.data().resolve("tokenizer"), recipe.save().keep());
          Progress from = resume(checkpoint, model, optimizer, trainer.spikes(), logs);
          var log = logs.open(from.step());
          var start = new RunStart(recipe.name(), options.steps(), from.step(), model.parameterCount(), flopsPerToken(shape), peak);
          log.onStart(start);
          var hooks = new Pretrainer.Hooks(step -> evaluate(model, corpus, step),
              now -> log.onSave(save(checkpoint, model, optimizer, trainer, now)), stop::get);
          var result = trainer.fit(from, log, hooks);
          if (result.finished() && ranks.isFirst()) {
            publish(model);
          }
          log.onEnd(new RunEnd(result.finished() ? "finished" : "interrupted", (System.nanoTime() - started) / 1e9));
          return result.finished();
        }
      }
    }
  }

  /// The recipe's device; of several ranks on a machine with CUDA devices each has its own.
  private Device device() {
    Device device = Device.parse(recipe.device());
    return device.isCuda() && ranks.size() > 1 ? Device.cuda(ranks.localRank()) : device;
  }

  private TrainOptions options() {
    var t = recipe.train();
    var spikes = new SpikeGuard.Options(t.spikes().window(), t.spikes().sigmas(), t.spikes().patience());
    return new TrainOptions(t.steps(), t.accumulate(), t.learningRate(), t.schedule().over(t.steps()), t.clip(),
        t.activationCheckpointing(), recipe.eval().every(), recipe.save().every(), t.chunkTokens(), spikes);
  }

  private List<ParameterGroup> groups(Decoder model) {
    var o = recipe.optimizer();
    return o.mupBase() == null ? ParameterGroups.byRank(model.parameters(), o.weightDecay())
        : ParameterGroups.muPSimple(model.parameters(), model.projections(), model.config().dim(), o.mupBase(), o.weightDecay());
  }

  private AdamW.Options adam() {
    var o = recipe.optimizer();
    return new AdamW.Options(o.beta1(), o.beta2(), o.eps());
  }

  /// The dtype is chosen once: a resumed run goes on in the type it began with, whatever this machine would choose.
  private DType dtype(Device device) {
    if (Files.exists(run.settings())) {
      return DType.parse(JsonFile.open(run.settings()).requiredString("dtype"));
    }
    DType chosen = MachineSpeed.dtype(recipe.dtype(), device);
    JsonFile.write(run.settings(), JsonNodeFactory.instance.objectNode().put("dtype", chosen.toString()).put("device", device.toString()));
    return chosen;
  }

  private Progress resume(Checkpoint checkpoint, Decoder model, AdamW optimizer, SpikeGuard spikes, RunLogs logs) {
    return checkpoint.newest(logs::note).map(folder -> {
      Progress at = Checkpoint.restore(folder, model, optimizer, spikes, recipe.seed());
      logs.note("resuming from step %,d (%s)".formatted(at.step(), folder.getFileName()));
      return at;
    }).orElse(Progress.START);
  }

  private EvalEvent evaluate(Decoder model, Corpus corpus, long step) {
    var shards = corpus.validation();
    var rows = Corpus.rows(shards, recipe.data());
    var score = new Evaluator(rows, shards.textBytes(), shards.tokens(), Math.max(1, recipe.train().batch() / recipe.train().accumulate()))
        .score(model, ranks);
    List<String> samples = ranks.isFirst() ? new Samples(recipe, corpus).of(model) : List.of();
    return new EvalEvent(step, score.loss(), score.bitsPerByte(), score.perplexity(), samples);
  }

  private SaveEvent save(Checkpoint checkpoint, Decoder model, AdamW optimizer, Pretrainer trainer, Progress now) {
    long before = System.nanoTime();
    Path folder = checkpoint.save(model, optimizer, trainer.spikes(), now, recipe.seed());
    return new SaveEvent(now.step(), folder, (System.nanoTime() - before) / 1e9, Sizes.of(folder));
  }

  /// Publishes the model without the training state, for transformers and `jtorch generate`.
  private void publish(Decoder model) {
    if (Files.exists(run.model())) {
      return;
    }
    AtomicFolder.publish(run.model(), model.parameterCount() * model.dtype().bytes(),
        into -> Pretrained.save(model, into, model.dtype(), run.data().resolve("tokenizer")));
  }

  /// Forward and backward: 6 operations per parameter that is in a matrix product.
  static double flopsPerToken(DecoderConfig shape) {
    double products = shape.parameterCount() - (shape.tied() ? 0 : (double) shape.vocab() * shape.dim());
    return 6 * products;
  }

  /// Refuses a folder in which another recipe has run.
  void claim() {
    run.create();
    if (!Files.exists(run.recipe())) {
      RunFolder.write(run.recipe(), bound.resolved().toYaml());
      return;
    }
    List<String> differing = Resumption.differences(run.recipe(), bound);
    if (!differing.isEmpty()) {
      throw new IllegalArgumentException(run.path() + " holds a run of another recipe; these keys differ: "
          + String.join(", ", differing) + ". Choose another folder with --out, or remove that one");
    }
  }
}
