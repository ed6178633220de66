package org.jtorch.recipes.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.reward.GradeHeads;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
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

/// What a run on chats trains, from the model that it begins with to the folder that it leaves.
///
/// @param <M> the network
final class Learner<M extends Module> implements AutoCloseable {
  private final M model;
  private final Decoder trunk;
  private final Function<Path, ModelFolder> folder;
  private final @Nullable GradeHeads grades;

  private Learner(M model, Decoder trunk, Function<Path, ModelFolder> folder, @Nullable GradeHeads grades) {
    this.model = model;
    this.trunk = trunk;
    this.folder = folder;
    this.grades = grades;
    model.requiresGrad(true);
  }

  /// A language model.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  static Learner<Decoder> ofLanguage(Path from, Device device, DType dtype) {
    var model = Pretrained.load(from, device, dtype);
    return new Learner<>(model, model, home -> ModelFolder.of(model, home), null);
  }

  /// A reward model: a language model whose head gives way to a fresh one of one number.
  ///
  /// @param graded with heads for grades beside it
  /// @param rng what the heads begin with
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  static Learner<DecoderClassifier> ofReward(Path from, Device device, DType dtype, boolean graded, Rng rng) {
    if (!(Classifiers.begin(from, Labels.SCORE, device, dtype, rng) instanceof DecoderClassifier model)) {
      throw new IllegalArgumentException(from + " holds an encoder; a reward model begins with a language model");
    }
    var grades = graded ? GradeHeads.create(model.config().dim(), device, dtype, rng) : null;
    return new Learner<>(model, model.trunk(), home -> RewardFolder.of(model, home), grades);
  }

  M model() {
    return model;
  }

  DecoderConfig shape() {
    return trunk.config();
  }

  /// Heads for grades; null for none.
  @Nullable GradeHeads grades() {
    return grades;
  }

  /// Everything that learns, by its name.
  SequencedMap<String, Weight> weights() {
    var all = new LinkedHashMap<>(model.weights());
    if (grades != null) {
      all.putAll(grades.weights());
    }
    return all;
  }

  /// Numbers that learn.
  long parameterCount() {
    return trained().parameters().stream().mapToLong(Parameter::numel).sum();
  }

  /// What the optimizer changes.
  OptimizerConfig.Trained trained() {
    var parameters = weights().values().stream().map(Weight::parameter).distinct().toList();
    return new OptimizerConfig.Trained(parameters, trunk.projections(), trunk.config().dim());
  }

  /// What checkpoints keep.
  ///
  /// @param home tokenizer, template and stop tokens, which go along
  ModelFolder kept(Path home) {
    var plain = folder.apply(home);
    if (grades == null) {
      return plain;
    }
    var parts = new LinkedHashMap<>(plain.parts());
    parts.put("grades", Saved.of(grades.weights()));
    return new ModelFolder(plain.weights(), plain.file(), plain.writer(), parts);
  }

  /// Leaves what was learned in a run's folder.
  void leave(RunFolder run, Path home) {
    run.publish(folder.apply(home));
  }

  @Override public void close() {
    if (grades != null) {
      grades.close();
    }
    model.close();
  }
}
