package org.jtorch.recipes.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.jtorch.data.BatchSource;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Module;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.RunStart;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.recipes.pretrain.TrainedType;
import org.jtorch.recipes.report.ShownRows;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.recipes.run.SaveTimer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.Hooks;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;
import org.jtorch.train.SpikeGuard;
import org.jtorch.train.StepLoop;
import org.jtorch.train.TrainOptions;

/// A run on chats from its data to a Hugging Face folder: what supervised fine-tuning, preferences and reward models have in common.
record ChatLoop(ChatRecipe recipe, Artifacts known, RunFolder run, RunLogs logs, Interruption interruption, Ranks ranks) {
  /// Rows in the report.
  private static final int SHOWN = 5;

  /// What is trained on.
  ///
  /// @param <M> what is trained
  interface Job<M extends Module> extends AutoCloseable {
    /// Rows of an epoch.
    double rows();

    /// What is trained, at its beginning.
    ///
    /// @param start with the recipe's adapter, or without
    @MustBeClosed
    Learner<M> begin(Learner.Start start);

    /// Its trainer.
    Trained trainer(Learner<M> learner, Optimizer optimizer, TrainOptions options);

    @Override void close();
  }

  /// What a model answers to the recipe's prompts. One that it cannot answer costs the answers, not the run; of several ranks the first asks.
  List<String> answers(ChatModel chats, Decoder model) {
    if (!ranks.isFirst()) {
      return List.of();
    }
    try {
      return chats.answers(model, recipe.eval(), recipe.seed());
    } catch (RuntimeException e) {
      logs.note("no answers: " + e.getMessage());
      return List.of();
    }
  }

  /// A trainer, as this loop sees it.
  ///
  /// @param more what else a checkpoint keeps, by name
  record Trained(BatchSource<?> batches, SpikeGuard spikes, Fit fit, LongFunction<EvalEvent> evaluate, Map<String, Saved> more) {
    Trained(BatchSource<?> batches, SpikeGuard spikes, Fit fit, LongFunction<EvalEvent> evaluate) {
      this(batches, spikes, fit, evaluate, Map.of());
    }
  }

  /// Trains to the end, or until asked to stop.
  interface Fit {
    StepLoop.Result run(Progress from, StepListener log, Hooks hooks);
  }

  /// Reads the data.
  interface Reader<M extends Module> {
    Job<M> read(ChatModel chats);
  }

  /// True if the run reached its last step; false if it was asked to stop and saved.
  <M extends Module> boolean execute(Reader<M> reader) {
    Path from = known.model(recipe.from()).folder();
    Path home = run.path().resolve("tokenizer");
    ranks.afterFirst(() -> {
      if (ranks.isFirst()) {
        ChatModel.write(from, recipe.chats().template(), home);
      }
    });
    Device device = device();
    DType dtype = ranks.afterFirst(() -> run.dtype(device, () -> TrainedType.of(recipe.dtype(), from, device, logs::note)));
    double peak = ranks.afterFirst(() -> ranks.isFirst() ? MachineSpeed.flops(device, dtype) : 0);
    var start = new Learner.Start(from, device, dtype, recipe.adapter(), recipe.seed());
    try (var chats = ChatModel.open(home, null); var job = reader.read(chats); var learner = job.begin(start)) {
      show(chats);
      return train(learner, job, home, peak);
    }
  }

  /// Puts the first rows into the run's folder, for its report.
  private void show(ChatModel chats) {
    if (ranks.isFirst() && !Files.exists(run.rows())) {
      RunFolder.write(run.rows(), ShownRows.html(ChatRows.of(recipe, chats, known, SHOWN)));
    }
  }

  private <M extends Module> boolean train(Learner<M> learner, Job<M> job, Path home, double peak) {
    long steps = recipe.train().steps(job.rows());
    var options = recipe.train().options(steps, recipe.eval(), recipe.save());
    try (var optimizer = recipe.optimizer().over(learner.trained(), recipe.train().learningRate(), recipe.seed(), known)) {
      var trained = job.trainer(learner, optimizer, options);
      var checkpoint = Checkpoint.of(run.checkpoints(), recipe.save().retention(), learner.kept(home))
          .with("optimizer", Saved.of(optimizer, learner.weights())).with("spike_guard", trained.spikes).with("data", Saved.of(trained.batches));
      for (var part : trained.more.entrySet()) {
        checkpoint = checkpoint.with(part.getKey(), part.getValue());
      }
      Progress from = checkpoint.resume(logs::note);
      interruption.loopBegins();
      var log = logs.open(from.step());
      log.onStart(new RunStart(recipe.name(), steps, from.step(), learner.parameterCount(), learner.flopsPerToken(), peak));
      var result = trained.fit.run(from, log, hooks(trained, checkpoint, log));
      if (result.finished() && ranks.isFirst()) {
        learner.leave(run, home, () -> job.begin(learner.start().withoutAdapter()));
      }
      return result.finished();
    }
  }

  private Hooks hooks(Trained trained, Checkpoint checkpoint, StepListener log) {
    var timer = new SaveTimer(recipe.save().minutes(), System::nanoTime);
    return new Hooks(step -> {
      var event = trained.evaluate.apply(step);
      if (ranks.isFirst()) {
        checkpoint.evaluated(step, event.loss());
      }
      return event;
    }, now -> {
      log.onSave(checkpoint.timedSave(now));
      timer.saved();
    }, () -> request(timer));
  }

  private Hooks.Request request(SaveTimer timer) {
    if (interruption.isAsked()) {
      return Hooks.Request.STOP;
    }
    return ranks.isFirst() && timer.isDue() ? Hooks.Request.SAVE : Hooks.Request.GO_ON;
  }

  /// The recipe's device; of several ranks on a machine with CUDA devices each has its own.
  private Device device() {
    Device device = Device.parse(recipe.device());
    return device.isCuda() && ranks.size() > 1 ? Device.cuda(ranks.localRank()) : device;
  }
}
