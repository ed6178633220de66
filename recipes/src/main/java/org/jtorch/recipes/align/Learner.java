package org.jtorch.recipes.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.jtorch.adapter.Lora;
import org.jtorch.align.reward.GradeHeads;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.head.Classifiers;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Weight;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Saved;

/// What a run on chats trains, from the model that it begins with to the folder that it leaves: the whole model, or an adapter on it, and of a
/// reward model the heads for grades beside it, of a policy its critic.
///
/// @param <M> the network
final class Learner<M extends Module> implements AutoCloseable {
  /// What learns beside the model and is not part of what the run leaves: heads for grades, a critic.
  ///
  /// @param prefix of its weights' names in checkpoints
  record Beside(String name, String prefix, Module module) {}

  /// Where a run begins.
  ///
  /// @param from the model's folder
  /// @param adapter what learns in the place of the whole model; null for the whole model
  /// @param seed of the adapter: how it begins, and what its dropout draws
  record Start(Path from, Device device, DType dtype, @Nullable AdapterConfig adapter, long seed) {
    Start withoutAdapter() {
      return new Start(from, device, dtype, null, seed);
    }
  }

  private final Start start;
  private final M model;
  private final Decoder trunk;
  private final Function<Path, ModelFolder> folder;
  private final @Nullable Beside beside;
  private final @Nullable Lora adapter;

  @SuppressWarnings("MustBeClosedChecker")                       // closed with this
  private Learner(Start start, M model, Decoder trunk, Function<Path, ModelFolder> folder, @Nullable Beside beside) {
    this.start = start;
    this.model = model;
    this.trunk = trunk;
    this.folder = folder;
    this.beside = beside;
    try {
      if (start.adapter == null) {
        model.requiresGrad(true);
        adapter = null;
      } else {
        start.adapter.quantize(model);
        adapter = Lora.apply(model, start.adapter.config(), Rng.of(start.seed));
      }
    } catch (RuntimeException | Error e) {
      model.close();
      if (beside != null) {
        beside.module.close();
      }
      throw e;
    }
  }

  /// A language model.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  static Learner<Decoder> ofLanguage(Start start) {
    var model = Pretrained.load(start.from, start.device, start.dtype);
    return new Learner<>(start, model, model, home -> ModelFolder.of(model, home), null);
  }

  /// A policy with a critic that learns beside it.
  ///
  /// @param critic made once the policy is there
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  static Learner<Decoder> ofPolicy(Start start, Function<Decoder, Module> critic) {
    var model = Pretrained.load(start.from, start.device, start.dtype);
    return new Learner<>(start, model, model, home -> ModelFolder.of(model, home), new Beside("critic", "critic.", critic.apply(model)));
  }

  /// A reward model: a language model whose head gives way to a fresh one of one number.
  ///
  /// @param graded with heads for grades beside it
  /// @param seed what the heads begin with
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  static Learner<DecoderClassifier> ofReward(Start start, boolean graded, long seed) {
    var rng = Rng.of(seed);
    if (!(Classifiers.begin(start.from, Labels.SCORE, start.device, start.dtype, rng) instanceof DecoderClassifier model)) {
      throw new IllegalArgumentException(start.from + " holds an encoder; a reward model begins with a language model");
    }
    var grades = graded ? GradeHeads.create(model.config().dim(), start.device, start.dtype, rng) : null;
    return new Learner<>(start, model, model.trunk(), home -> RewardFolder.of(model, home), grades == null ? null : new Beside("grades", "", grades));
  }

  Start start() {
    return start;
  }

  M model() {
    return model;
  }

  /// Heads for grades; null for none.
  @Nullable GradeHeads grades() {
    return beside != null && beside.module instanceof GradeHeads grades ? grades : null;
  }

  /// What learns beside the model; null for nothing.
  @Nullable Module beside() {
    return beside == null ? null : beside.module;
  }

  boolean hasAdapter() {
    return adapter != null;
  }

  /// Everything that learns, by its name.
  SequencedMap<String, Weight> weights() {
    var all = new LinkedHashMap<>(adapter == null ? model.weights() : adapter.savedWeights());
    if (beside != null) {
      beside.module.weights().forEach((name, weight) -> all.put(beside.prefix + name, weight));
    }
    return all;
  }

  /// Numbers that learn.
  long parameterCount() {
    return trained().parameters().stream().mapToLong(Parameter::numel).sum();
  }

  /// Operations of a step for each token: 2 forward, 2 back through the layers, 2 for the gradients of weights that learn.
  double flopsPerToken() {
    return (adapter == null ? 6.0 : 4.0) * trunk.config().parameterCount();
  }

  /// What the optimizer changes.
  OptimizerConfig.Trained trained() {
    var parameters = weights().values().stream().map(Weight::parameter).distinct().toList();
    var matrices = adapter == null ? trunk.projections() : adapter.parameters().stream().filter(p -> p.shape().length == 2).toList();
    return new OptimizerConfig.Trained(trunk, parameters, matrices);
  }

  /// What checkpoints keep.
  ///
  /// @param home tokenizer, template and stop tokens, which go along
  ModelFolder kept(Path home) {
    var plain = adapter == null ? folder.apply(home) : AdapterFolder.of(adapter, start.from, home);
    if (beside == null) {
      return plain;
    }
    var parts = new LinkedHashMap<>(plain.parts());
    parts.put(beside.name, Saved.of(beside.module.weights()));
    return new ModelFolder(plain.weights(), plain.file(), plain.writer(), parts);
  }

  /// Leaves what was learned in a run's folder: an adapter first, so that it is there when the whole model is.
  ///
  /// @param whole the model as it was before, where it is needed to take an adapter
  void leave(RunFolder run, Path home, Supplier<Learner<M>> whole) {
    var learned = adapter;
    if (learned == null || start.adapter == null) {
      run.publish(folder.apply(home));
      return;
    }
    run.publishAdapter(AdapterFolder.of(learned, start.from, home));
    if (start.adapter.leavesAdapter()) {
      return;
    }
    if (start.adapter.isQuantized()) {                           // its weights are gone: the adapter is for the model as it was
      try (var before = whole.get(); var lora = Lora.load(before.model, run.adapter())) {
        lora.merge();
        run.publish(before.folder.apply(home));
      }
    } else {
      learned.merge();
      run.publish(folder.apply(home));
    }
  }

  @Override public void close() {
    if (adapter != null) {
      adapter.close();
    }
    if (beside != null) {
      beside.module.close();
    }
    model.close();
  }
}
